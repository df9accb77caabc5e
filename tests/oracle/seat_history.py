"""What the members lists tell of every day: who held which seat, and what each day of a paid seat costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from tests.oracle import seats
from tests.oracle.cycles import Cycle, cycles, open_cycle
from tests.oracle.expected import Expected
from tests.oracle.money import cents_shared_out
from tests.oracle.seats import newest_day
from tests.oracle.usage import (
    as_of,
    closed_events,
    days_between,
    normal_email,
    present,
    requests,
    service_account_addresses,
    start_of,
)

if TYPE_CHECKING:
    from decimal import Decimal

    from tests.oracle.seats import Person, Seat
    from tests.oracle.team import Record, SeatPrice, Team

Row = dict[str, Any]


@dataclass(frozen=True)
class SeatDay:
    """What is known of a person's seat on one day."""

    day: date
    person: Person
    email: str | None
    name: str | None
    role: str | None
    seat_type: str
    is_removed: bool
    is_paid: bool
    price: SeatPrice | None  # None where the seat is not paid, too

    @property
    def state(self) -> tuple[Any, ...]:
        price = None if self.price is None else (self.price.monthly_price_usd, self.price.price_source)
        return (self.role, self.seat_type, self.is_paid, self.is_removed, price)


# --- one day ----------------------------------------------------------------------------------------------------------


def lists_known_of(team: Team, day: date) -> list[tuple[datetime, dict[Person, Record]]]:
    """The members lists up to the one that speaks of the day: what the next morning knew, of today all."""
    if day == newest_day(team):
        return seats.snapshots(team)
    return [(at, members) for at, members in seats.snapshots(team) if at < start_of(day + timedelta(days=2))]


@cache
def days_spoken_of(team: Team) -> list[date]:
    today = newest_day(team)
    if today is None or not team.members_snapshots:
        return []
    eve_of_first_list = seats.snapshots(team)[0][0].date() - timedelta(days=1)
    return days_between(min(eve_of_first_list, today), today)


def cycle_of_day(team: Team, day: date) -> Cycle | None:
    """The cycle in which the day ends; today's is the open one, which may have begun since."""
    if day == newest_day(team):
        return open_cycle(team)
    last_instant = start_of(day + timedelta(days=1)) - timedelta(microseconds=1)
    return next((cycle for cycle in cycles(team) if cycle.holds(last_instant)), None)


@cache
def first_request_days(team: Team, cycle: Cycle | None) -> dict[str, date]:
    """On which day of the cycle each developer sent the first request."""
    first: dict[str, date] = {}
    for one in requests(closed_events(team)):
        if one.email is not None and cycle is not None and cycle.holds(one.at):
            first[one.email] = min(one.day, first.get(one.email, one.day))
    return first


@cache
def seat_days(team: Team) -> list[SeatDay]:
    """Everybody ever listed, on every day from the first that a list speaks of; in order of person and day."""
    found = [seat_day for day in days_spoken_of(team) for seat_day in seats_on(team, day)]
    return sorted(found, key=lambda seat_day: (seat_day.person, seat_day.day))


@cache
def seats_on(team: Team, day: date) -> list[SeatDay]:
    told = lists_known_of(team, day)
    newest = told[-1][1]
    used_since = first_request_days(team, cycle_of_day(team, day))
    people = {person for _, members in told for person in members} - service_account_addresses(team)
    return [
        seat_day_of(
            team,
            day,
            person,
            [(at, members[person]) for at, members in told if person in members],
            is_absent=person not in newest,
            has_used=used_since.get(person, date.max) <= day,
        )
        for person in people
    ]


def seat_day_of(
    team: Team,
    day: date,
    person: Person,
    records: list[tuple[datetime, Record]],
    *,
    is_absent: bool,
    has_used: bool,
) -> SeatDay:
    member = records[-1][1]
    is_free = seats.is_unpaid(seats.last_known(records))
    kind = "unpaid_admin" if is_free else seat_type_on(team, day, person, records[0][0])
    is_removed = is_absent or seats.is_removed(member)
    is_paid = kind != "unpaid_admin" and (not is_removed or has_used)
    return SeatDay(
        day=day,
        person=person,
        email=normal_email(member.get("email")),
        name=present(member.get("name")),
        role=present(member.get("role")),
        seat_type=kind,
        is_removed=is_removed,
        is_paid=is_paid,
        price=seats.price(team, kind, day) if is_paid else None,
    )


def seat_type_on(team: Team, day: date, person: Person, first_listed_at: datetime) -> str:
    """The type of the day; only between paid and unpaid the cycle's start decides, as nobody is paid for in part."""
    kind, cycle = seats.seat_type(team, person, day), cycle_of_day(team, day)
    if cycle is None:
        return kind
    was_there = seats.snapshots(team)[0][0] == first_listed_at
    joined = seats.joined_date(team, person, None if was_there else first_listed_at)
    start = cycle.start_at.date()
    kind_of_cycle = seats.seat_type(team, person, max(start, joined or start))
    return kind_of_cycle if "unpaid_admin" in (kind, kind_of_cycle) else kind


# --- the marts --------------------------------------------------------------------------------------------------------


def expected_seats(team: Team) -> list[Row]:
    today = newest_day(team)
    rows = []
    for _, period in groupby(seat_days(team), key=lambda seat_day: (seat_day.person, seat_day.state)):
        days = list(period)
        first, last = days[0], days[-1]
        is_current = last.day == today
        rows.append(
            {
                "team_id": team.team_id,
                "seat_key": last.person,
                "email": last.email,
                "name": last.name,
                "role": last.role,
                "seat_type": last.seat_type,
                "is_paid": last.is_paid,
                "is_removed": last.is_removed,
                "monthly_price_usd": (None if last.price is None else seats.eight_places(last.price.monthly_price_usd)),
                "seat_price_source": None if last.price is None else last.price.price_source,
                "valid_from_date": first.day,
                "valid_until_date": None if is_current else last.day + timedelta(days=1),
                "is_current": is_current,
                "days": len(days),
            }
        )
    return rows


@dataclass(frozen=True)
class FeeDay:
    """One day of a paid seat, and the part of the cycle's fee that falls on it."""

    cycle: Cycle
    seat: Seat
    day: date
    fee: Decimal | None


@cache
def fee_days(team: Team) -> list[FeeDay]:
    return [
        fee_day
        for cycle in cycles(team)
        if not seats.ended_before_first_snapshot(team, cycle)
        for seat in seats.paid_seats(team, cycle)
        for fee_day in fee_days_of(seat, cycle)
    ]


def fee_days_of(seat: Seat, cycle: Cycle) -> list[FeeDay]:
    first = max(cycle.start_at.date(), seat.joined_date or cycle.start_at.date())
    days = days_between(first, cycle.end_at.date() - timedelta(days=1))
    fee = seats.cycle_fee(seat, cycle)
    fees = [None] * len(days) if fee is None else cents_shared_out(fee, len(days))
    return [FeeDay(cycle, seat, day, fee_of_day) for day, fee_of_day in zip(days, fees, strict=True)]


def expected_seat_fees_daily(team: Team) -> list[Row]:
    today = as_of(team)
    return [
        {
            "team_id": team.team_id,
            "fee_date": one.day,
            "cycle_start_at": one.cycle.start_at,
            "seat_key": one.seat.person,
            "email": one.seat.email,
            "seat_type": one.seat.seat_type,
            "seat_fee_usd": one.fee,
            "seat_price_source": None if one.seat.price is None else one.seat.price.price_source,
            "is_accrued": today is not None and one.day <= today,
        }
        for one in fee_days(team)
    ]


MARTS = {
    "seats": Expected(expected_seats, ("team_id", "seat_key", "valid_from_date")),
    "seat_fees_daily": Expected(expected_seat_fees_daily, ("team_id", "cycle_start_at", "seat_key", "fee_date")),
}
