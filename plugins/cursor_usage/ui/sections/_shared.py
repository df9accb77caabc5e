"""What several sections need: sums by day, and words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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


# Which days are loaded is for the events to say: usage_costs_daily also has days of which only the daily usage is, and
# no row of a loaded day on which nobody did anything.
_LOADED_DAYS = "select usage_date from restatements where team_id = $1 and usage_date between $2 and $3"


def loaded_days(marts: PublishedFile, choice: Choice) -> set[date]:
    """The days of the window whose events are loaded."""
    return {row["usage_date"] for row in marts.rows(_LOADED_DAYS, choice.team_and_window)}


def usage_by_day(marts: PublishedFile, team_and_days: Sequence[object]) -> dict[date, Row]:
    """The team's sums of each loaded day; a day that is not loaded has no row.

    Without a request a day's sums are 0; they are None where no request of the day has a price.

    Args:
        marts: the published file.
        team_and_days: team_id, first day, last day.
    """
    sums = ", ".join(
        f"case when count(costs.requests) = 0 then 0 else sum(costs.{measure}) end as {measure}"
        for measure in USAGE_SUMS
    )
    rows = marts.rows(
        f"with loaded as ({_LOADED_DAYS}) select loaded.usage_date, {sums} from loaded "
        "left join usage_costs_daily as costs on costs.team_id = $1 and costs.usage_date = loaded.usage_date "
        "group by loaded.usage_date",
        team_and_days,
    )
    return {row["usage_date"]: row for row in rows}


def over_days(choice: Choice, rows: dict[date, Row], measure: str) -> tuple[Any, ...]:
    """One value a day of the window; None where the day has none."""
    return tuple(rows.get(day, {}).get(measure) for day in choice.days)


def total_of(rows: dict[date, Row], measure: str) -> Decimal | None:
    """The sum over the days; None where no day has a value, as nothing is known then."""
    values = [row[measure] for row in rows.values() if row[measure] is not None]
    return total(values) if values else None


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


def not_all_loaded(choice: Choice, rows: Collection[object]) -> tuple[str, ...]:
    """A note where only some days of the window are loaded."""
    if not rows or len(rows) == len(choice.days):
        return ()
    return (f"{len(rows):,} of the window's {len(choice.days):,} days are loaded: its sums are a lower bound.",)
