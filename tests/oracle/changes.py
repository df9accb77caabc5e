"""What changed from one week to the next: more work, other models, or other prices."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.oracle.compare import SOME_TEXT, TextWith
from tests.oracle.expected import Expected
from tests.oracle.marts import usage_value
from tests.oracle.money import in_eighth_decimals
from tests.oracle.tables import ON_DEMAND
from tests.oracle.usage import ZERO, Event, amount_in, closed_events, days_between

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.oracle.team import Team

Row = dict[str, Any]


class Week(NamedTuple):
    requests: int
    value: Decimal


NOTHING = Week(0, ZERO)


class Effects(NamedTuple):
    volume: Decimal
    mix: Decimal
    price: Decimal


def effects(before: dict[str | None, Week], now: dict[str | None, Week]) -> Effects:
    """Splits a week's change by model into parts that sum to it.

    Volume: what the change in requests alone would have cost, at the week before's cost of a request. Price: of the
    models of both weeks, what a request costs more now. Mix: the rest, which is other models.
    """
    requests_before, value_before = sum_of(before)
    requests_now, value_now = sum_of(now)
    change = value_now - value_before
    if requests_before == 0:
        return Effects(change, ZERO, ZERO)
    if requests_now == 0:
        return Effects(-value_before, ZERO, ZERO)
    volume = in_eighth_decimals(value_before, requests_now, requests_before) - value_before
    price = ZERO
    for model in before.keys() & now.keys():
        at_old_price = in_eighth_decimals(before[model].value, now[model].requests, before[model].requests)
        price += now[model].value - at_old_price
    return Effects(volume, change - volume - price, price)


def sum_of(weeks: dict[str | None, Week]) -> Week:
    return Week(sum(week.requests for week in weeks.values()), sum((week.value for week in weeks.values()), ZERO))


def by(key: Callable[[Event], str | None], events: list[Event]) -> dict[str | None, Week]:
    groups: dict[str | None, list[Event]] = defaultdict(list)
    for one in events:
        groups[key(one)].append(one)
    return {name: Week(len(group), usage_value(group)) for name, group in groups.items()}


def model_of(one: Event) -> str | None:
    return one.model


def developer_of(one: Event) -> str | None:
    return one.email


# --- the mart ---------------------------------------------------------------------------------------------------------


def expected_cost_changes(team: Team) -> list[Row]:
    priced = [one for one in closed_events(team) if one.is_usage]
    rows = []
    for monday in comparable_weeks(team):
        before = [one for one in priced if monday - timedelta(days=7) <= one.day < monday]
        now = [one for one in priced if monday <= one.day < monday + timedelta(days=7)]
        week: Row = {"team_id": team.team_id, "week_start_date": monday}
        if before or now:
            rows.append({**week, "scope": "team", "email": None, **change_from(before, now, developer_of)})
        for email in {one.email for one in [*before, *now]}:
            ours = change_from(sent_by(email, before), sent_by(email, now), model_of)
            rows.append({**week, "scope": "developer", "email": email, **ours})
    return rows


def sent_by(email: str | None, events: list[Event]) -> list[Event]:
    return [one for one in events if one.email == email]


def comparable_weeks(team: Team) -> list[date]:
    """Mondays of the weeks that were loaded whole, and the week before, too."""
    mondays = {day - timedelta(days=day.weekday()) for day in team.events_by_day}
    return [
        monday
        for monday in sorted(mondays)
        if all(
            day in team.events_by_day for day in days_between(monday - timedelta(days=7), monday + timedelta(days=6))
        )
    ]


def change_from(before: list[Event], now: list[Event], contributor_of: Callable[[Event], str | None]) -> Row:
    parts = effects(by(model_of, before), by(model_of, now))
    on_demand_before, on_demand = amount_in(before, ON_DEMAND), amount_in(now, ON_DEMAND)
    return {
        "previous_usage_value_usd": usage_value(before),
        "usage_value_usd": usage_value(now),
        "change_usd": usage_value(now) - usage_value(before),
        "volume_effect_usd": parts.volume,
        "mix_effect_usd": parts.mix,
        "price_effect_usd": parts.price,
        "previous_requests": len(before),
        "requests": len(now),
        "previous_on_demand_usd": on_demand_before,
        "on_demand_usd": on_demand,
        "change_in_on_demand_usd": on_demand - on_demand_before,
        "biggest_contributor": named(by(contributor_of, before), by(contributor_of, now)),
    }


def named(before: dict[str | None, Week], now: dict[str | None, Week]) -> Any:
    """A sentence that names whoever changed most: of equals the first by name, and only then those without a name."""
    change_of = {
        name: now.get(name, NOTHING).value - before.get(name, NOTHING).value for name in before.keys() | now.keys()
    }
    name = min(change_of, key=lambda name: (-abs(change_of[name]), name is None, name or ""))
    return SOME_TEXT if name is None or change_of[name] == 0 else TextWith(name)


MARTS = {"cost_changes": Expected(expected_cost_changes, ("team_id", "week_start_date", "scope", "email"))}
