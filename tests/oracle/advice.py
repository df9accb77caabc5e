"""Which type of seat is the cheapest for each holder, as far as the cycles that are over tell."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.oracle import seats, tables
from tests.oracle.compare import SOME_TEXT
from tests.oracle.cycles import is_fully_covered, open_cycle
from tests.oracle.expected import Expected
from tests.oracle.marts import expected_adoption_gaps, usage_value
from tests.oracle.money import in_cents
from tests.oracle.team_costs import allowance_in_force
from tests.oracle.usage import ZERO, amount_in, as_of, closed_events, requests, total
from tests.oracle.verification import closed_cycles

if TYPE_CHECKING:
    from datetime import date

    from tests.oracle.cycles import Cycle
    from tests.oracle.seats import Seat
    from tests.oracle.team import SeatAllowance, Team

Row = dict[str, Any]
CYCLES_LOOKED_AT = 3
CYCLES_NEEDED = 2


class Used(NamedTuple):
    """What a person used in a cycle, with a seat all the time."""

    seat_type: str
    on_demand_usd: Decimal
    included_usd: Decimal
    usage_value_usd: Decimal


class Advice(NamedTuple):
    seat_type: str | None
    saving_usd: Decimal | None


UNDECIDED = Advice(None, None)


def advice_rows(team: Team) -> list[Row]:
    if as_of(team) is None:
        return []
    holders = seats.open_paid_seats(team)
    return [advice_row(team, seat, gap) for seat, gap in zip(holders, expected_adoption_gaps(team), strict=True)]


def advice_row(team: Team, seat: Seat, gap: Row) -> Row:
    cycles = cycles_used(team, seat)
    allowance, source = standard_allowance(team, seat)
    advice = advised(team, seat, gap, cycles)
    difference = price_difference(team)
    return {
        "team_id": team.team_id,
        "seat_key": seat.person,
        "email": seat.email,
        "seat_type": seat.seat_type,
        "monthly_seat_fee_usd": seats.monthly_fee(seat),
        "advised_seat_type": advice.seat_type,
        "monthly_saving_usd": advice.saving_usd,
        "cycles_used": len(cycles),
        "average_on_demand_usd": average([one.on_demand_usd for one in cycles]),
        "average_included_usage_usd": average([one.included_usd for one in cycles]),
        "allowance_usd": None if allowance is None else seats.eight_places(allowance),
        "allowance_source": source,
        "break_even_on_demand_usd": difference,
        "reason": SOME_TEXT,
    }


def average(amounts: list[Decimal]) -> Decimal | None:
    return in_cents(total(amounts), 1, len(amounts)) if amounts else None


def advised(team: Team, seat: Seat, gap: Row, cycles: list[Used]) -> Advice:
    if gap["reclaim_tier"] in ("certain", "probable"):
        return Advice("none", seats.monthly_fee(seat))
    difference = price_difference(team)
    allowance, _ = standard_allowance(team, seat)
    if seat.is_removed or difference is None or allowance is None or len(cycles) < CYCLES_NEEDED:
        return UNDECIDED
    if seat.seat_type == "premium":
        return a_smaller_seat(cycles, difference, allowance)
    if seat.seat_type == "standard":
        return a_larger_seat(cycles, difference, premium_allowance(team, allowance))
    return UNDECIDED


def a_smaller_seat(cycles: list[Used], difference: Decimal, allowance: Decimal) -> Advice:
    """A standard seat where, in each cycle, what was included but would then be on-demand is less than it saves."""
    overages = [max(ZERO, one.included_usd - allowance) for one in cycles]
    if all(overage < difference for overage in overages):
        return Advice("standard", in_cents(difference * len(cycles) - total(overages), 1, len(cycles)))
    return Advice("premium", ZERO)


def a_larger_seat(cycles: list[Used], difference: Decimal, allowance: Decimal) -> Advice:
    """A premium seat where, in each cycle, it would have spared more on-demand usage than it is dearer."""
    spared = [one.on_demand_usd - max(ZERO, one.usage_value_usd - allowance) for one in cycles]
    if all(amount > difference for amount in spared):
        return Advice("premium", in_cents(total(spared) - difference * len(cycles), 1, len(cycles)))
    return Advice("standard", ZERO)


def price_difference(team: Team) -> Decimal | None:
    """How much more a premium seat costs than a standard one, by the prices at the open cycle's start."""
    start = start_of_open_cycle(team)
    if start is None:
        return None
    standard, premium = seats.price(team, "standard", start), seats.price(team, "premium", start)
    if standard is None or premium is None:
        return None
    return seats.eight_places(premium.monthly_price_usd - standard.monthly_price_usd)


def start_of_open_cycle(team: Team) -> date | None:
    cycle = open_cycle(team)
    return cycle.start_at.date() if cycle is not None else None


# --- the cycles of a person ------------------------------------------------------------------------------------------


def cycles_used(team: Team, seat: Seat) -> list[Used]:
    """Those of the person's newest cycles in which the seat was what it is now."""
    return [one for one in newest_cycles(team, seat.person) if one.seat_type == seat.seat_type]


@cache
def newest_cycles(team: Team, person: str) -> list[Used]:
    """The newest closed cycles that are known whole and in which the person held a paid seat from the first day on."""
    found = []
    for cycle in reversed(closed_cycles(team)):
        if seats.ended_before_first_snapshot(team, cycle) or not is_fully_covered(team, cycle):
            continue
        seat = next((one for one in seats.paid_seats(team, cycle) if one.person == person), None)
        if seat is not None and seat.email is not None and held_all_days(seat, cycle):
            found.append(used_in(team, cycle, seat))
    return found[:CYCLES_LOOKED_AT]


def held_all_days(seat: Seat, cycle: Cycle) -> bool:
    return seat.joined_date is None or seat.joined_date <= cycle.start_at.date()


def used_in(team: Team, cycle: Cycle, seat: Seat) -> Used:
    events = [one for one in requests(closed_events(team)) if cycle.holds(one.at) and one.email == seat.person]
    return Used(
        seat.seat_type,
        amount_in(events, tables.ON_DEMAND),
        amount_in(events, tables.INCLUDED),
        usage_value(events),
    )


# --- the allowance of a standard seat --------------------------------------------------------------------------------


def standard_allowance(team: Team, seat: Seat) -> tuple[Decimal | None, str | None]:
    """What somebody wrote down, else the most that was included for the holder who then paid on top."""
    told = configured_allowance(team, "standard")
    if told is not None and told.is_pooled:
        return None, None  # no seat's own
    if told is not None and told.monthly_allowance_usd is not None:
        return told.monthly_allowance_usd, "configured"
    observed = [
        one.included_usd
        for one in newest_cycles(team, seat.person)
        if seat.seat_type == one.seat_type == "standard" and one.on_demand_usd > 0
    ]
    return (max(observed), "observed") if observed else (None, None)


def premium_allowance(team: Team, standard: Decimal) -> Decimal:
    """What somebody wrote down, else a multiple of the standard seat's."""
    told = configured_allowance(team, "premium")
    if told is not None and told.monthly_allowance_usd is not None:
        return told.monthly_allowance_usd
    return team.configured.premium_allowance_multiple * standard


def configured_allowance(team: Team, seat_type: str) -> SeatAllowance | None:
    start = start_of_open_cycle(team)
    return None if start is None else allowance_in_force(team, seat_type, start)


MARTS = {"seat_type_advice": Expected(advice_rows, ("team_id", "seat_key"))}
