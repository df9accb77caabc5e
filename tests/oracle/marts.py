"""What each mart must hold, row by row, computed as design.md section 5 says it."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.oracle import adoption, seats, tables
from tests.oracle.compare import ANYTHING, SOME_TEXT, TextWith
from tests.oracle.cycles import Cycle, cycles, is_fully_covered, open_cycle
from tests.oracle.money import in_cents
from tests.oracle.usage import (
    ZERO,
    Event,
    active_days,
    active_rows,
    amount_in,
    closed_events,
    days_between,
    is_settled,
    is_simple,
    normal_email,
    requests,
    tokens_in,
    window,
)
from tests.oracle.verification import expected_verdict, expected_verification_totals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from decimal import Decimal

    from tests.oracle.seats import Seat
    from tests.oracle.team import Exclusion, Team

__all__ = [
    "KEYS",
    "expected_adoption_gaps",
    "expected_model_mix",
    "expected_model_mix_daily",
    "expected_usage_costs",
    "expected_usage_costs_daily",
    "expected_verdict",
    "expected_verification_totals",
]

Row = dict[str, Any]
TOKENS = ("input_tokens", "output_tokens", "cache_write_tokens", "cache_read_tokens")
OTHER = (tables.CREDIT, tables.OWN_KEY, tables.UNKNOWN)

KEYS = {
    "verification_totals": ("team_id", "measure", "reference_source", "window_start_date"),
    "verification_verdicts": ("team_id",),
    "adoption_gaps": ("team_id", "email"),
    "model_mix": ("team_id", "email", "model"),
    "model_mix_daily": ("team_id", "usage_date", "email", "model"),
    "usage_costs": ("team_id", "cycle_start_at", "email"),
    "usage_costs_daily": ("team_id", "usage_date", "email"),
}


def grouped(events: Iterable[Event], key: Callable[[Event], Any]) -> dict[Any, list[Event]]:
    groups: dict[Any, list[Event]] = defaultdict(list)
    for one in events:
        groups[key(one)].append(one)
    return dict(groups)


def share(part: Decimal | int, whole: Decimal | int) -> float | None:
    return float(part) / float(whole) if whole > 0 else None


def usage_value(events: Iterable[Event]) -> Decimal:
    return amount_in(events, tables.INCLUDED, tables.ON_DEMAND)


def token_counts(events: Iterable[Event]) -> Row:
    events = list(events)
    return {name: tokens_in(events, name) for name in TOKENS}


def expected_model_mix(team: Team) -> list[Row]:
    days = window(team)
    if days is None:
        return []
    first, last = days
    used = [one for one in requests(closed_events(team)) if first <= one.day <= last]
    of_developer = grouped(used, lambda one: one.email)
    return [
        {
            "team_id": team.team_id,
            "window_start_date": first,
            "window_end_date": last,
            "email": email,
            "model": model,
            **mix_measures(team, model, events),
            "request_share": share(len(events), len(of_developer[email])),
            "usage_value_share": share(usage_value(events), usage_value(of_developer[email])),
        }
        for (email, model), events in grouped(used, lambda one: (one.email, one.model)).items()
    ]


def expected_model_mix_daily(team: Team) -> list[Row]:
    used = grouped(requests(closed_events(team)), lambda one: (one.day, one.email, one.model))
    return [
        {
            "team_id": team.team_id,
            "usage_date": day,
            "email": email,
            "model": model,
            **mix_measures(team, model, events),
        }
        for (day, email, model), events in used.items()
    ]


def mix_measures(team: Team, model: str | None, events: list[Event]) -> Row:
    return {
        "model_tier": tables.model_tier(model),
        "requests": len(events),
        **token_counts(events),
        "usage_value_usd": usage_value(events),
        "other_usage_usd": amount_in(events, *OTHER),
        "max_mode_requests": sum(one.is_max_mode for one in events),
        "simple_premium_model_requests": sum(is_simple(one, team.configured) for one in events),
    }


def expected_usage_costs(team: Team) -> list[Row]:
    used = requests(closed_events(team))
    rows = []
    for cycle in cycles(team):
        of_developer = grouped((one for one in used if cycle.holds(one.at)), lambda one: one.email)
        seat_of: dict[str | None, Seat] = {}
        if not seats.ended_before_first_snapshot(team, cycle):
            seat_of = {seat.email or seat.person: seat for seat in seats.paid_seats(team, cycle)}
        rows += [
            cost_row(team, cycle, email, seat_of.get(email), of_developer.get(email, []))
            for email in of_developer.keys() | seat_of.keys()
        ]
    return rows


def cost_row(team: Team, cycle: Cycle, email: str | None, seat: Seat | None, events: list[Event]) -> Row:
    fee: Decimal | None = ZERO
    if seats.ended_before_first_snapshot(team, cycle):
        fee = None
    elif seat is not None:
        fee = seats.cycle_fee(seat, cycle)
    on_demand = amount_in(events, tables.ON_DEMAND)
    return {
        "team_id": team.team_id,
        "cycle_start_at": cycle.start_at,
        "cycle_end_at": cycle.end_at,
        "is_open_cycle": cycle.is_open,
        "is_fully_covered": is_fully_covered(team, cycle),
        "email": seat.email if seat is not None else email,
        "seat_type": seat.seat_type if seat is not None else seat_type_without_paid_seat(team, cycle, email),
        "seat_fee_usd": fee,
        "seat_price_source": None if fee is None or seat is None else seats.price_source(seat),
        "included_usage_usd": amount_in(events, tables.INCLUDED),
        "on_demand_usd": on_demand,
        "cash_cost_usd": None if fee is None else fee + on_demand,
        "usage_value_usd": usage_value(events),
        "other_usage_usd": amount_in(events, *OTHER),
        "on_demand_share": share(on_demand, usage_value(events)),
        "requests": len(events),
        **token_counts(events),
    }


def seat_type_without_paid_seat(team: Team, cycle: Cycle, email: str | None) -> Any:
    """Nobody promised what stands there, beyond that the unattributed hold no seat."""
    return None if email is None else ANYTHING


def expected_usage_costs_daily(team: Team) -> list[Row]:
    of_day = grouped(closed_events(team), lambda one: (one.day, one.email))
    active = {(day, email) for email, day in active_rows(team)}
    return [
        {
            "team_id": team.team_id,
            "usage_date": day,
            "email": email,
            **(day_measures(of_day[day, email]) if (day, email) in of_day else NO_EVENTS),
            "is_settled": is_settled(team, day),
        }
        for day, email in of_day.keys() | active
    ]


MONEY_OF_DAY = ("included_usage_usd", "on_demand_usd", "usage_value_usd", "other_usage_usd")
NO_EVENTS: Row = dict.fromkeys((*MONEY_OF_DAY, "requests", *TOKENS))


def day_measures(events: list[Event]) -> Row:
    used = requests(events)
    amounts: Row = {
        "included_usage_usd": amount_in(used, tables.INCLUDED),
        "on_demand_usd": amount_in(used, tables.ON_DEMAND),
        "usage_value_usd": usage_value(used),
        "other_usage_usd": amount_in(used, *OTHER),
    }
    if used and all(one.amount is None for one in used):
        amounts = dict.fromkeys(MONEY_OF_DAY)  # not a single request has a price: the cost is unknown, not nothing
    return {**amounts, "requests": len(used), **token_counts(events)}


def expected_adoption_gaps(team: Team) -> list[Row]:
    today = seats.newest_day(team)
    if today is None:
        return []
    return [gap_row(team, seat, today) for seat in seats.open_paid_seats(team)]


def gap_row(team: Team, seat: Seat, today: date) -> Row:
    # Daily usage can be newer than the events that say which day it is: who was active then is active.
    last_active = max(active_days(team).get(seat.person, set()), default=None)
    silent_days = None if last_active is None else max((today - last_active).days, 0)
    observed = observable_days(team, seat, today)
    status = activity_status(team, seat, silent_days, today)
    is_gap = status in ("never_active", "idle")
    exclusion = exclusion_of(team, seat, today)
    silent = {day for day in observed if last_active is None or day > last_active}
    tier = reclaim_tier(team, seat, status, silent, exclusion) if is_gap else None
    fee = seats.monthly_fee(seat)
    holes = adoption.holes(observed, last_active, today)
    has_holes = holes["unobserved_days_since_activity"] > 0
    return {
        "team_id": team.team_id,
        "email": seat.email,
        "name": seat.name,
        "role": seat.role,
        "seat_type": seat.seat_type,
        "monthly_seat_fee_usd": fee,
        "seat_price_source": seats.price_source(seat),
        "seat_key": seat.person,
        "as_of_date": today,
        "first_seen_date": seats.first_seen_date(team, seat),
        "is_tenure_known": seats.is_tenure_known(seat),
        "last_active_date": last_active,
        "days_since_last_activity": silent_days,
        "observed_days": len(observed),
        "activity_status": status,
        "is_adoption_gap": is_gap,
        "reclaim_tier": tier,
        "reason": (TextWith("not observed") if has_holes else SOME_TEXT) if is_gap else ANYTHING,
        "earliest_saving_date": earliest_saving_date(team, seat, today) if is_gap else None,
        "monthly_saving_usd": fee if is_gap and tier != "excluded" else ZERO,
        **adoption.last_dates_of_work(team, seat.person),
        **holes,
        **usage_in_open_cycle(team, seat),
        "tenure_days": tenure_days(team, seat, today),
        "fee_exposed_usd": fee if is_gap else ZERO,
        "reassignable_now_usd": rest_of_fee(team, fee, today) if is_gap and tier != "excluded" else ZERO,
        "saved_at_next_renewal_usd": fee if is_gap and tier != "excluded" else ZERO,
    }


def usage_in_open_cycle(team: Team, seat: Seat) -> Row:
    cycle = open_cycle(team)
    used = [one for one in requests(closed_events(team)) if one.email == seat.person and cycle and cycle.holds(one.at)]
    return {
        "open_cycle_usage_value_usd": usage_value(used),
        "open_cycle_on_demand_usd": amount_in(used, tables.ON_DEMAND),
    }


def tenure_days(team: Team, seat: Seat, today: date) -> int | None:
    return max((today - tenure_start(team, seat)).days, 0) if seats.is_tenure_known(seat) else None


def rest_of_fee(team: Team, fee: Decimal | None, today: date) -> Decimal | None:
    """The fee of the open cycle's days after today, which somebody else could use."""
    cycle = open_cycle(team)
    if fee is None or cycle is None:
        return None
    days_left = cycle.days_from(today + timedelta(days=1))
    return in_cents(fee, min(max(days_left, 0), cycle.days), cycle.days)


def observable_days(team: Team, seat: Seat, today: date) -> set[date]:
    """Loaded days on which activity could have been seen; of a known joiner, those since the person is there."""
    days = {day for day in observed_by_anybody(team) if day <= today}
    if seats.is_tenure_known(seat):
        days = {day for day in days if day >= tenure_start(team, seat)}
    return days


def observed_by_anybody(team: Team) -> set[date]:
    return team.events_by_day.keys() | team.daily_usage_rows.keys()


def tenure_start(team: Team, seat: Seat) -> date:
    return team.configured.join_dates.get(seat.person) or seats.first_seen_date(team, seat)


def activity_status(team: Team, seat: Seat, silent_days: int | None, today: date) -> str:
    if seat.is_removed:
        return "removed"
    if silent_days is not None and silent_days < team.configured.idle_after_days:
        return "active"
    is_new = (today - tenure_start(team, seat)).days < team.configured.grace_days
    if seats.is_tenure_known(seat) and is_new:
        return "new"
    return "never_active" if silent_days is None else "idle"


def exclusion_of(team: Team, seat: Seat, today: date) -> Exclusion | None:
    return next(
        (
            row
            for row in team.configured.exclusions
            if normal_email(row.email) == seat.person and (row.expires_on is None or row.expires_on >= today)
        ),
        None,
    )


def reclaim_tier(team: Team, seat: Seat, status: str, silent: set[date], exclusion: Exclusion | None) -> str:
    """How sure it is that nobody misses the seat, by the loaded days on which it could have been used and was not.

    Completions are in daily usage only, so who was never active is certain after enough days of that; and use is told
    by e-mail, so of whoever has none nothing is sure.
    """
    if exclusion is not None:
        return "excluded"
    if seat.email is None:
        return "review"
    days_of_daily_usage = silent & team.daily_usage_rows.keys()
    if status == "never_active" and len(days_of_daily_usage) >= team.configured.certain_observed_days:
        return "certain"
    return "probable" if len(silent) >= team.configured.probable_inactive_days else "review"


def earliest_saving_date(team: Team, seat: Seat, today: date) -> date:
    """The day after the window where nothing was used in the open cycle, else the cycle's end; not before a renewal."""
    cycle = open_cycle(team)
    date_of_saving = today + timedelta(days=1)
    if cycle is not None and (
        was_used_in(team, seat, cycle) or not is_observed_from(team, cycle.start_at.date(), today)
    ):
        date_of_saving = cycle.end_at.date()
    renewal = team.configured.renewal_date
    return max(date_of_saving, renewal) if renewal is not None else date_of_saving


def was_used_in(team: Team, seat: Seat, cycle: Cycle) -> bool:
    """A request in the cycle, or an active row on one of its days: tab completions have no event and are use too."""
    if seat.person in seats.people_with_requests(team, cycle):
        return True
    days = {day for email, day in active_rows(team) if email == seat.person}
    return any(cycle.start_at.date() <= day < cycle.end_at.date() for day in days)


def is_observed_from(team: Team, first: date, today: date) -> bool:
    """Whether it can be known that nothing was used: of what was not loaded, nobody can say so."""
    return all(day in observed_by_anybody(team) for day in days_between(first, today))
