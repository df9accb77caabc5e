"""What a team and its cost centres paid in each billing cycle, and how much of the allowance was used."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.oracle import marts, seats
from tests.oracle.compare import ANYTHING, SOME_TEXT
from tests.oracle.cycles import Cycle, cycles, is_fully_covered
from tests.oracle.expected import Expected
from tests.oracle.money import in_cents
from tests.oracle.seat_history import fee_days
from tests.oracle.tables import INCLUDED, LIST_ALLOWANCES, ON_DEMAND
from tests.oracle.usage import ZERO, Event, amount_in, closed_events, normal_email, requests, total

if TYPE_CHECKING:
    from datetime import date

    from tests.oracle.seats import Person, Seat
    from tests.oracle.team import SeatAllowance, Team

Row = dict[str, Any]
UNASSIGNED = "unassigned"


def used_in(team: Team, cycle: Cycle) -> list[Event]:
    return [one for one in requests(closed_events(team)) if cycle.holds(one.at)]


def known_seats(team: Team, cycle: Cycle) -> list[Seat] | None:
    """None where nobody knows who held a seat."""
    return None if seats.ended_before_first_snapshot(team, cycle) else seats.paid_seats(team, cycle)


def told_cycles(team: Team) -> list[Cycle]:
    """The cycles in which anybody held a paid seat or used anything."""
    return [cycle for cycle in cycles(team) if known_seats(team, cycle) or used_in(team, cycle)]


def developers(events: list[Event]) -> int:
    return len({one.email for one in events if one.email is not None})


def sum_if_known(amounts: list[Decimal | None]) -> Decimal | None:
    return None if None in amounts else total(amounts)


def usage_measures(events: list[Event], fee: Decimal | None) -> Row:
    on_demand = amount_in(events, ON_DEMAND)
    return {
        "seat_fee_usd": fee,
        "included_usage_usd": amount_in(events, INCLUDED),
        "on_demand_usd": on_demand,
        "cash_cost_usd": None if fee is None else fee + on_demand,
        "usage_value_usd": marts.usage_value(events),
        "other_usage_usd": amount_in(events, *marts.OTHER),
        "requests": len(events),
    }


# --- the team ---------------------------------------------------------------------------------------------------------


def expected_team_costs(team: Team) -> list[Row]:
    return [team_row(team, cycle) for cycle in told_cycles(team)]


def team_row(team: Team, cycle: Cycle) -> Row:
    events, held = used_in(team, cycle), known_seats(team, cycle)
    fee = None if held is None else sum_if_known([seats.cycle_fee(seat, cycle) for seat in held])
    measures = usage_measures(events, fee)
    cash = measures["cash_cost_usd"]
    return {
        "team_id": team.team_id,
        "cycle_start_at": cycle.start_at,
        "cycle_end_at": cycle.end_at,
        "is_open_cycle": cycle.is_open,
        "is_fully_covered": is_fully_covered(team, cycle),
        "paid_seats": None if held is None else len(held),
        "seat_price_source": price_source(held or []),
        **measures,
        "active_developers": developers(events),
        "cash_cost_per_active_developer_usd": for_each(cash, developers(events)),
        "cash_cost_per_paid_seat_usd": for_each(cash, len(held or [])),
        "on_demand_share": marts.share(measures["on_demand_usd"], measures["usage_value_usd"]),
        **allowance_measures(team, cycle, events, held),
    }


def for_each(amount: Decimal | None, count: int) -> Decimal | None:
    return None if amount is None or count == 0 else in_cents(amount, 1, count)


def price_source(held: list[Seat]) -> str | None:
    """Assumed as soon as one price is."""
    sources = {seat.price.price_source for seat in held if seat.price is not None}
    return "assumed_list" if "assumed_list" in sources else max(sources, default=None)


# --- the allowance ----------------------------------------------------------------------------------------------------


def allowance(team: Team, kind: str, on: date) -> SeatAllowance | None:
    """What a seat's fee covers; None where nobody says."""
    told = allowance_in_force(team, kind, on)
    return None if told is None or told.monthly_allowance_usd is None else told


def allowance_in_force(team: Team, kind: str, on: date) -> SeatAllowance | None:
    """The team's own row in force on a day, else the list's; a row may say that nobody knows."""
    for known in (team.configured.seat_allowances, LIST_ALLOWANCES):
        told = [row for row in known if row.seat_type == kind and row.valid_from <= on]
        if told:
            return max(told, key=lambda row: row.valid_from)
    return None


def allowance_measures(team: Team, cycle: Cycle, events: list[Event], held: list[Seat] | None) -> Row:
    start = cycle.start_at.date()
    allowances = [(seat, allowance(team, seat.seat_type, start)) for seat in held or []]
    if held is None or any(one is None for _, one in allowances):
        names = ("allowance_usd", "allowance_used_usd", "allowance_used_share", "allowance_forfeited_usd")
        return {**dict.fromkeys(names), "allowance_note": SOME_TEXT}
    is_over = not cycle.is_open and is_fully_covered(team, cycle)  # until then nothing is forfeited, or nobody knows
    included = included_by_person(events)
    whole, used, pool, used_alone = ZERO, ZERO, ZERO, ZERO
    for seat, one in allowances:
        assert one is not None
        assert one.monthly_allowance_usd is not None
        amount = seats.eight_places(one.monthly_allowance_usd)
        whole += amount
        if one.is_pooled:
            pool += amount
        else:
            used_alone += included[seat.person]
            used += min(included[seat.person], amount)
    if any(one is not None and one.is_pooled for _, one in allowances):
        used += min(total(included.values()) - used_alone, pool)
    return {
        "allowance_usd": whole,
        "allowance_used_usd": used,
        "allowance_used_share": marts.share(used, whole),
        "allowance_forfeited_usd": whole - used if is_over else None,
        "allowance_note": ANYTHING if is_over and not pool else SOME_TEXT,
    }


def included_by_person(events: list[Event]) -> dict[Person | None, Decimal]:
    included: dict[Person | None, Decimal] = defaultdict(lambda: ZERO)
    for one in events:
        included[one.email] += amount_in([one], INCLUDED)
    return included


# --- cost centres -----------------------------------------------------------------------------------------------------


def cost_centre(team: Team, person: Person | None, day: date) -> str:
    told = [row for row in team.configured.cost_centres if normal_email(row.email) == person and row.valid_from <= day]
    centre = max(told, key=lambda row: row.valid_from).cost_centre if told else ""
    return centre.strip() or UNASSIGNED


def expected_cost_centre_costs(team: Team) -> list[Row]:
    return [row for cycle in told_cycles(team) for row in centre_rows(team, cycle)]


def centre_rows(team: Team, cycle: Cycle) -> list[Row]:
    """Usage and fee stay with the centre of their day, wherever the person went afterwards."""
    events: dict[str, list[Event]] = defaultdict(list)
    for one in used_in(team, cycle):
        events[cost_centre(team, one.email, one.day)].append(one)
    fees: dict[str, list[Decimal | None]] = defaultdict(list)
    for fee_day in fee_days(team):
        if fee_day.cycle == cycle:
            fees[cost_centre(team, fee_day.seat.person, fee_day.day)].append(fee_day.fee)
    is_known = known_seats(team, cycle) is not None
    return [
        {
            "team_id": team.team_id,
            "cycle_start_at": cycle.start_at,
            "cost_centre": centre,
            "developers": developers(events[centre]),
            **usage_measures(events[centre], sum_if_known(fees[centre]) if is_known else None),
        }
        for centre in sorted({*events, *fees, UNASSIGNED})
    ]


MARTS = {
    "team_costs": Expected(expected_team_costs, ("team_id", "cycle_start_at")),
    "cost_centre_costs": Expected(expected_cost_centre_costs, ("team_id", "cycle_start_at", "cost_centre")),
}
