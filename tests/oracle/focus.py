"""FOCUS 1.2: each seat's purchase and what of it falls on each day, and each day's usage by developer and model.

A purchase is billed and has no effective cost: that stands on the days over which it is spread, which are not billed.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.oracle import seats, tables
from tests.oracle.cycles import Cycle, cycles
from tests.oracle.expected import Expected
from tests.oracle.marts import OTHER, grouped, token_counts
from tests.oracle.seat_history import fee_days
from tests.oracle.team_costs import known_seats, used_in
from tests.oracle.usage import ZERO, Event, amount_in, as_of, start_of

if TYPE_CHECKING:
    from datetime import date, datetime

    from tests.oracle.seat_history import FeeDay
    from tests.oracle.seats import Seat
    from tests.oracle.team import Team

Row = dict[str, Any]
KEY = (
    "team_id",
    "BillingPeriodStart",
    "ChargePeriodStart",
    "ChargeCategory",
    "x_UsageCategory",
    "x_SeatKey",
    "x_Email",
    "x_Model",
)
COLUMN_OF_TOKENS = {
    "input_tokens": "x_InputTokens",
    "output_tokens": "x_OutputTokens",
    "cache_write_tokens": "x_CacheWriteTokens",
    "cache_read_tokens": "x_CacheReadTokens",
}
MEASURES_OF_USAGE = ("x_IncludedUsageValue", "x_OtherUsageValue", "x_Requests", *COLUMN_OF_TOKENS.values())
BILLED = ("BilledCost", "ListCost", "ContractedCost")  # alike, as no unit has a price


def expected_focus_costs(team: Team) -> list[Row]:
    rows = [seat_day_row(team, one) for one in fee_days(team) if one.fee is not None]
    for cycle in cycles(team):
        rows += [
            purchase_row(team, cycle, seat)
            for seat in known_seats(team, cycle) or []
            if seats.cycle_fee(seat, cycle) is not None and cycle.days > 0
        ]
        charges = grouped(used_in(team, cycle), lambda one: (one.day, one.email, one.model, one.category))
        rows += [usage_row(team, cycle, events) for events in charges.values()]
    return rows


def period(team: Team, cycle: Cycle, start: datetime, end: datetime) -> Row:
    return {
        "team_id": team.team_id,
        "BillingAccountId": team.team_id,
        "BillingPeriodStart": cycle.start_at,
        "BillingPeriodEnd": cycle.end_at,
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
    }


def of_day(team: Team, cycle: Cycle, day: date) -> Row:
    return period(team, cycle, start_of(day), start_of(day + timedelta(days=1)))


def of_seat(seat: Seat) -> Row:
    return {
        "ChargeFrequency": "Recurring",
        "x_SeatKey": seat.person,
        "x_SeatType": seat.seat_type,
        "x_SeatPriceSource": seats.price_source(seat),
        "x_Email": seat.email,
        "x_Model": None,
        **dict.fromkeys(MEASURES_OF_USAGE),
    }


def purchase_row(team: Team, cycle: Cycle, seat: Seat) -> Row:
    return {
        **period(team, cycle, cycle.start_at, cycle.end_at),
        **of_seat(seat),
        "ChargeCategory": "Purchase",
        **dict.fromkeys(BILLED, seats.cycle_fee(seat, cycle)),
        "EffectiveCost": ZERO,
        "ConsumedQuantity": None,
        "x_UsageCategory": None,
        "x_IsAccrued": True,
    }


def seat_day_row(team: Team, one: FeeDay) -> Row:
    """Days that are still to come have a part of the fee, too."""
    today = as_of(team)
    return {
        **of_day(team, one.cycle, one.day),
        **of_seat(one.seat),
        "ChargeCategory": "Usage",
        **dict.fromkeys(BILLED, ZERO),
        "EffectiveCost": one.fee,
        "ConsumedQuantity": Decimal(1),
        "x_UsageCategory": "seat",
        "x_IsAccrued": today is not None and one.day <= today,
    }


def usage_row(team: Team, cycle: Cycle, events: list[Event]) -> Row:
    """One day, developer, model and category. Only on-demand usage costs: what is included was paid with the seat."""
    day, category = events[0].day, events[0].category
    cost = amount_in(events, category) if category == tables.ON_DEMAND else ZERO
    tokens = token_counts(events)
    return {
        **of_day(team, cycle, day),
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        **dict.fromkeys((*BILLED, "EffectiveCost"), cost),
        # Cursor's older plans count requests and name no tokens.
        "ConsumedQuantity": Decimal(sum(tokens.values()) or len(events)),
        "x_SeatKey": None,
        "x_SeatType": None,
        "x_SeatPriceSource": None,
        "x_Email": events[0].email,
        "x_Model": events[0].model,
        "x_UsageCategory": category,
        "x_IsAccrued": True,
        "x_IncludedUsageValue": amount_in(events, tables.INCLUDED),
        "x_OtherUsageValue": amount_in(events, *OTHER),
        "x_Requests": len(events),
        **{COLUMN_OF_TOKENS[name]: count for name, count in tokens.items()},
    }


MARTS = {"focus_costs": Expected(expected_focus_costs, KEY)}
