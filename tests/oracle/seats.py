"""Who holds a paid seat, in which cycle, at which fee, and since when we know of the person."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.oracle.cycles import Cycle, open_cycle
from tests.oracle.money import in_cents
from tests.oracle.tables import LIST_PRICES
from tests.oracle.usage import (
    active_days,
    as_of,
    closed_events,
    normal_email,
    present,
    requests,
    rounded,
    service_account_addresses,
)

if TYPE_CHECKING:
    from datetime import date, datetime

    from tests.oracle.team import Record, SeatPrice, Team

Person = str  # the e-mail, or "user id …" of a member whose e-mail nobody told


@dataclass(frozen=True)
class Seat:
    person: Person
    email: str | None
    name: str | None
    role: str | None
    is_removed: bool
    seat_type: str
    price: SeatPrice | None
    first_snapshot_at: datetime
    joined_date: date | None  # None: was there already when the team was first looked at


def newest_day(team: Team) -> date | None:
    """The day that seats and adoption are told as of; of a team without any events, the newest of daily usage."""
    return as_of(team) or max(team.daily_usage_rows, default=None)


def person_of(member: Record) -> Person:
    return normal_email(member.get("email")) or f"user id {member.get('id')}"


def is_removed(member: Record) -> bool:
    return member.get("isRemoved") is True or member.get("role") == "removed"


def is_unpaid(member: Record) -> bool:
    """An unpaid admin holds a seat that is not paid."""
    return member.get("role") == "free-owner"


def people(members: list[Record]) -> dict[Person, Record]:
    """One record a person: of two user ids on one e-mail, the one that is still there, and of those the paid one."""
    chosen: dict[Person, Record] = {}
    for member in members:
        person = person_of(member)
        before = chosen.get(person)
        if before is None or (is_removed(member), is_unpaid(member)) < (is_removed(before), is_unpaid(before)):
            chosen[person] = member
    return chosen


@cache
def snapshots(team: Team) -> list[tuple[datetime, dict[Person, Record]]]:
    ordered = sorted(team.members_snapshots, key=lambda snapshot: snapshot[0])
    return [(at, people(members)) for at, members in ordered]


def current_members(team: Team) -> dict[Person, Record]:
    """Everybody in the newest snapshot who is not removed, paid or not."""
    taken = snapshots(team)
    return {person: member for person, member in taken[-1][1].items() if not is_removed(member)} if taken else {}


@cache
def people_with_requests(team: Team, cycle: Cycle | None) -> set[Person]:
    return {
        one.email
        for one in requests(closed_events(team))
        if one.email is not None and cycle is not None and cycle.holds(one.at)
    }


@cache
def paid_seats(team: Team, cycle: Cycle | None) -> list[Seat]:
    """The paid seats of a cycle, as the newest snapshot before its end tells; of the open cycle, the newest at all.

    Whoever was removed but has a request in the cycle holds the seat to the cycle's end.
    """
    told = [(at, members) for at, members in snapshots(team) if cycle is None or cycle.is_open or at < cycle.end_at]
    return seats_told_by(team, told, cycle, people_with_requests(team, cycle))


def seats_told_by(
    team: Team, told: list[tuple[datetime, dict[Person, Record]]], cycle: Cycle | None, used: set[Person]
) -> list[Seat]:
    """The paid seats of a cycle as some snapshots tell, by those who used anything in it."""
    if not told:
        return []
    nobody = service_account_addresses(team)
    newest = told[-1][1]
    team_first_at = snapshots(team)[0][0]
    seats = []
    for person in sorted({person for _, members in told for person in members}):
        records = [(at, members[person]) for at, members in told if person in members]
        first_snapshot_at, member = records[0][0], records[-1][1]
        left = person not in newest or is_removed(member)
        joined = joined_date(team, person, first_snapshot_at if first_snapshot_at > team_first_at else None)
        start = cycle.start_at.date() if cycle is not None else told[-1][0].date()
        kind = seat_type(team, person, max(start, joined or start))
        if (
            person in nobody
            or kind == "unpaid_admin"
            or is_unpaid(last_known(records))
            or (left and person not in used)
        ):
            continue
        seats.append(
            Seat(
                person=person,
                email=normal_email(member.get("email")),
                name=present(member.get("name")),
                role=present(member.get("role")),
                is_removed=left,
                seat_type=kind,
                price=price(team, kind, start),
                first_snapshot_at=first_snapshot_at,
                joined_date=joined,
            )
        )
    return seats


def joined_date(team: Team, person: Person, seen_first_later_at: datetime | None) -> date | None:
    """The join date that somebody wrote down, else the day of the snapshot that is the first to show a newcomer."""
    told = team.configured.join_dates.get(person)
    return told or (None if seen_first_later_at is None else seen_first_later_at.date())


def last_known(records: list[tuple[datetime, Record]]) -> Record:
    """The newest record whose role says more than that the person has gone."""
    return next((member for _, member in reversed(records) if member.get("role") != "removed"), records[-1][1])


def seat_type(team: Team, email: str, on: date) -> str:
    told = [row for row in team.configured.seat_types if normal_email(row.email) == email and row.valid_from <= on]
    return max(told, key=lambda row: row.valid_from).seat_type if told else "standard"


def price(team: Team, kind: str, on: date) -> SeatPrice | None:
    """The team's own price in force on a day, else the list's; None where no price was known yet."""
    for prices in (team.configured.seat_prices, LIST_PRICES):
        told = [row for row in prices if row.seat_type == kind and row.valid_from <= on]
        if told:
            return max(told, key=lambda row: row.valid_from)
    return None


def monthly_fee(seat: Seat) -> Decimal | None:
    return None if seat.price is None else eight_places(seat.price.monthly_price_usd)


def price_source(seat: Seat) -> str | None:
    return None if seat.price is None else seat.price.price_source


def cycle_fee(seat: Seat, cycle: Cycle) -> Decimal | None:
    """The cycle's whole fee; of a joiner the part from the first snapshot with the seat to the cycle's last day."""
    if seat.price is None:
        return None
    if cycle.days == 0:  # two starts within a day
        return eight_places(0)
    if seat.joined_date is None or seat.joined_date <= cycle.start_at.date():
        return monthly_fee(seat)
    return in_cents(seat.price.monthly_price_usd, max(cycle.days_from(seat.joined_date), 0), cycle.days)


def eight_places(value: Any) -> Decimal:
    return rounded(Decimal(value), Decimal("0.00000001"))


def ended_before_first_snapshot(team: Team, cycle: Cycle) -> bool:
    """Whether nobody knows who held a seat in the cycle."""
    return not team.members_snapshots or cycle.end_at <= min(at for at, _ in team.members_snapshots)


def first_seen_date(team: Team, seat: Seat) -> date:
    """The earliest snapshot, request or active row."""
    return min([seat.first_snapshot_at.date(), *active_days(team).get(seat.person, set())])


def is_tenure_known(seat: Seat) -> bool:
    """Known of those who were not there yet in an earlier snapshot, or whose join date somebody wrote down."""
    return seat.joined_date is not None


def open_paid_seats(team: Team) -> list[Seat]:
    return paid_seats(team, open_cycle(team))
