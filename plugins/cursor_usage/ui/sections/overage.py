"""Where on-demand usage of the open cycle ends, and what that says of limits."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from cursor_usage.ui.choice import Choice
from cursor_usage.ui.published import PublishedFile, Row
from cursor_usage.ui.sections._shared import usage_by_day
from cursor_usage.ui.view import Chart, Figure, Section, Series
from cursor_usage.wording import money, plural

_TEAM = """
select *, cycle_start_at::date as first_day, cycle_end_at::date as end_day
from overage_forecasts
where team_id = ? and scope = 'team'
"""
_LIMITS = """
select count(*) as reached, min(limit_hit_date) as first_date
from overage_forecasts
where team_id = ? and scope = 'developer' and limit_hit_date is not null
"""


def make(marts: PublishedFile, choice: Choice) -> Section:
    """The forecast of the team's open cycle, whatever window is chosen."""
    title = "Overage ahead"
    forecast = marts.row(_TEAM, [choice.team_id])
    if forecast is None:
        return Section("overage", title, "There is no forecast: no billing cycle is open, or no day of it is loaded.")
    limits = marts.row(_LIMITS, [choice.team_id]) or {}
    by_day = usage_by_day(marts, [choice.team_id, forecast["first_day"], forecast["as_of_date"]])
    usage = {day: row["on_demand_usd"] for day, row in by_day.items()}
    reached = limits["reached"]
    return Section(
        key="overage",
        title=title,
        lead=_lead(forecast),
        tone="warning" if forecast["limit_hit_date"] or reached else "neutral",
        figures=(
            Figure("On-demand to date", forecast["on_demand_to_date_usd"], "usd", f"to {forecast['as_of_date']}"),
            Figure("Expected at the end", forecast["forecast_mid_usd"], "usd", f"cycle ends on {forecast['end_day']}"),
            Figure("At least", forecast["forecast_low_usd"], "usd", "eight of ten cycles end between the two"),
            Figure("At most", forecast["forecast_high_usd"], "usd", "eight of ten cycles end between the two"),
            Figure("Days left", forecast["days_left"], "count"),
            Figure("Spend limit", forecast["spend_limit_usd"], "usd", "of the team"),
            Figure("Limit reached on", forecast["limit_hit_date"], "date", "expected"),
            Figure("Developers who reach theirs", reached, "count", _first(limits)),
        ),
        charts=(_to_the_end(forecast, usage),),
        notes=(forecast["method"],) if forecast["method"] else (),
    )


def _first(limits: Row) -> str | None:
    return f"the first on {limits['first_date']}" if limits["reached"] else None


def _lead(forecast: Row) -> str:
    early = "" if forecast["has_enough_days"] else " It is too early in the cycle to be sure."
    if forecast["forecast_mid_usd"] is None:
        return f"{money(forecast['on_demand_to_date_usd'])} of on-demand usage to date; no forecast can be made yet."
    return (
        f"{money(forecast['on_demand_to_date_usd'])} to date, about {money(forecast['forecast_mid_usd'])} "
        f"({money(forecast['forecast_low_usd'])} to {money(forecast['forecast_high_usd'])}) expected by "
        f"{forecast['end_day']}, with {plural(forecast['days_left'], 'day')} left.{early}"
    )


def _to_the_end(forecast: Row, usage: dict[date, Decimal | None]) -> Chart:
    as_of: date = forecast["as_of_date"]
    last: date = max(forecast["end_day"] - timedelta(days=1), as_of)
    days = tuple(forecast["first_day"] + timedelta(days=n) for n in range((last - forecast["first_day"]).days + 1))
    to_date = forecast["on_demand_to_date_usd"]

    def end_at(measure: str) -> tuple[Decimal | None, ...]:
        return tuple(_on_the_way(day, as_of, last, to_date, forecast[measure]) for day in days)

    return Chart(
        key="on_demand_to_cycle_end",
        title="On-demand usage of the open cycle",
        kind="time",
        unit="usd",
        x=days,
        series=(
            Series("Usage to date", "on_demand", _so_far(days, as_of, to_date, usage), shape="line"),
            Series("Expected", "forecast", end_at("forecast_mid_usd"), shape="dashed_line"),
            Series("At least", "forecast", end_at("forecast_low_usd"), shape="band_low"),
            Series("At most", "forecast", end_at("forecast_high_usd"), shape="band_high"),
        ),
        x_label="UTC day of the cycle",
        summary=_lead(forecast),
        note="The forecast is of the cycle's end; the way there is drawn straight.",
        marks=((as_of, "newest loaded day"),),
    )


def _so_far(
    days: tuple[date, ...], as_of: date, to_date: Decimal, usage: dict[date, Decimal | None]
) -> tuple[Decimal | None, ...]:
    """The sum to each day's end, counted back from the mart's.

    The other way round, a cycle's first day would count whole: the cycle has only what came after it began.
    """
    values: dict[date, Decimal | None] = {}
    left = to_date
    for day in reversed([day for day in days if day <= as_of]):
        values[day] = left
        left -= usage.get(day) or Decimal(0)
    return tuple(values.get(day) for day in days)


def _on_the_way(day: date, as_of: date, last: date, to_date: Decimal, end: Decimal | None) -> Decimal | None:
    if day < as_of or end is None:
        return None
    if last == as_of:
        return end
    way = Decimal((day - as_of).days) / Decimal((last - as_of).days)
    return (to_date + (end - to_date) * way).quantize(Decimal("0.01"))
