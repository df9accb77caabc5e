"""What several sections need: sums by day, and words."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

from cursor_usage.ui.choice import Choice
from cursor_usage.ui.published import PublishedFile, Row
from cursor_usage.wording import count, money, total

USAGE_SUMS = (
    "included_usage_usd",
    "on_demand_usd",
    "usage_value_usd",
    "other_usage_usd",
    "requests",
    "input_tokens",
    "output_tokens",
    "cache_write_tokens",
    "cache_read_tokens",
)


def usage_by_day(marts: PublishedFile, choice: Choice) -> dict[date, Row]:
    """The team's sums of each loaded day of the window; a day that is not loaded has no row."""
    sums = ", ".join(f"sum({measure}) as {measure}" for measure in USAGE_SUMS)
    rows = marts.rows(
        f"select usage_date, {sums} from usage_costs_daily where team_id = ? and usage_date between ? and ? "
        "group by usage_date",
        choice.team_and_window,
    )
    return {row["usage_date"]: row for row in rows}


def over_days(choice: Choice, rows: dict[date, Row], measure: str) -> tuple[Any, ...]:
    """One value a day of the window; None where the day has none."""
    return tuple(rows.get(day, {}).get(measure) for day in choice.days)


def total_of(rows: dict[date, Row], measure: str) -> Decimal | None:
    """The sum over the days; None where no day is loaded, as nothing is known then."""
    return total(row[measure] for row in rows.values()) if rows else None


def in_unit(value: Decimal | None, unit: str) -> str | None:
    """A figure of a column whose rows have different units: ``$12.34``, ``1,234``."""
    if value is None:
        return None
    return money(value) if unit == "usd" else count(value)


def window_words(choice: Choice) -> str:
    return f"{choice.window.start_date} to {choice.window.end_date}"


def nothing_loaded(choice: Choice, rows: Collection[object]) -> str | None:
    """A sentence where no day of the window is loaded (``rows`` are empty), else None."""
    if choice.newest_loaded_date is None:
        return "No day of usage is loaded for this team."
    return None if rows else f"No day of {window_words(choice)} is loaded."


def not_all_loaded(choice: Choice, rows: dict[date, Row]) -> tuple[str, ...]:
    """A note where only some days of the window are loaded."""
    if not rows or len(rows) == len(choice.days):
        return ()
    return (f"{len(rows):,} of the window's {len(choice.days):,} days are loaded: its sums are a lower bound.",)
