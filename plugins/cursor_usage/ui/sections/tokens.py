"""Input, output and cache tokens by day."""

from __future__ import annotations

from cursor_usage.ui.choice import Choice
from cursor_usage.ui.published import PublishedFile
from cursor_usage.ui.sections._shared import nothing_loaded, over_days, total_of, usage_by_day, window_words
from cursor_usage.ui.view import Chart, Figure, Role, Section, Series

_KINDS: tuple[tuple[str, str, Role], ...] = (
    ("input_tokens", "Input", "input_tokens"),
    ("output_tokens", "Output", "output_tokens"),
    ("cache_write_tokens", "Cache write", "cache_write_tokens"),
    ("cache_read_tokens", "Cache read", "cache_read_tokens"),
)


def make(marts: PublishedFile, choice: Choice) -> Section:
    """Tokens of requests in the window."""
    usage = usage_by_day(marts, choice.team_and_window)
    totals = {measure: int(total_of(usage, measure) or 0) for measure, _, _ in _KINDS}
    whole = sum(totals.values())
    read = totals["cache_read_tokens"]
    asked = whole - totals["output_tokens"]
    share = read / asked if asked else None
    lead = (
        f"{whole:,} tokens in these days, {read / whole:.0%} of them read from the cache."
        if whole
        else "No request of these days has tokens."
    )
    return Section(
        key="tokens",
        title="Tokens",
        lead=nothing_loaded(choice, usage) or lead,
        figures=(
            *(Figure(name, totals[measure], "tokens") for measure, name, _ in _KINDS),
            Figure("Cache share of what was read", share, "share", "cache read of input, cache write and cache read"),
        ),
        charts=(
            Chart(
                key="tokens_by_day",
                title="Tokens by day",
                kind="time",
                unit="tokens",
                x=choice.days,
                series=tuple(
                    Series(name, role, over_days(choice, usage, measure), stack="tokens")
                    for measure, name, role in _KINDS
                ),
                x_label="UTC day",
                summary=f"In {window_words(choice)}: "
                + ", ".join(f"{name.lower()} {totals[measure]:,}" for measure, name, _ in _KINDS)
                + ".",
            ),
        ),
    )
