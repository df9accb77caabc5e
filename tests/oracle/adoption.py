"""Who used Cursor, by kind of work and by day, and how many of the paid seats that were in use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tests.oracle import seats
from tests.oracle.expected import Expected
from tests.oracle.seat_history import SeatDay, days_spoken_of, seats_on
from tests.oracle.seats import newest_day
from tests.oracle.usage import (
    active_days,
    active_rows,
    closed_events,
    days_between,
    normal_email,
    present,
    requests,
)

if TYPE_CHECKING:
    from datetime import date

    from tests.oracle.seats import Person
    from tests.oracle.team import Team

Row = dict[str, Any]
STATUSES = ("active", "new", "idle", "never_active", "removed")
COUNTER_OF_WORK = {
    "agent": "agentRequests",
    "composer": "composerRequests",
    "chat": "chatRequests",
    "cmdk": "cmdkUsages",
    "tab": "totalTabsAccepted",
    "bugbot": "bugbotUsages",
}


# --- the last day of each kind of work --------------------------------------------------------------------------------


@cache
def days_with_request(team: Team) -> dict[Person, set[date]]:
    days: dict[Person, set[date]] = {}
    for one in requests(closed_events(team)):
        if one.email is not None:
            days.setdefault(one.email, set()).add(one.day)
    return days


@cache
def days_with(team: Team, counter: str) -> dict[Person, set[date]]:
    """Days on which a daily row counts the work above zero; an empty value is none."""
    days: dict[Person, set[date]] = {}
    for day, rows in team.daily_usage_rows.items():
        for row in rows:
            email = normal_email(row.get("email"))
            if email is not None and (present(row.get(counter)) or 0) > 0:
                days.setdefault(email, set()).add(day)
    return days


def last_dates_of_work(team: Team, person: Person) -> Row:
    flagged = {day for email, day in active_rows(team) if email == person}
    days = {
        "last_request_date": days_with_request(team).get(person, set()),
        "last_daily_active_date": flagged,
        **{
            f"last_{work}_date": days_with(team, counter).get(person, set())
            for work, counter in COUNTER_OF_WORK.items()
        },
    }
    return {column: max(known, default=None) for column, known in days.items()}


# --- each day's seats -------------------------------------------------------------------------------------------------


@cache
def first_listed_date(team: Team, person: Person) -> date:
    return next(at.date() for at, members in seats.snapshots(team) if person in members)


@cache
def joined_date(team: Team, person: Person) -> date | None:
    """Known of those who were not on the team's first list, or whose date somebody wrote down."""
    is_newcomer = person not in seats.snapshots(team)[0][1]
    told = team.configured.join_dates.get(person)
    return told or (first_listed_date(team, person) if is_newcomer else None)


def status_on(team: Team, seat_day: SeatDay) -> str:
    """The rules of adoption_gaps, as that day's evening knew it; of the newest day, what was heard since, too."""
    if seat_day.is_removed:
        return "removed"
    today, person, configured = seat_day.day, seat_day.person, team.configured
    active = {day for day in active_days(team).get(person, set()) if day <= today or today == newest_day(team)}
    if active and (today - max(active)).days < configured.idle_after_days:
        return "active"
    if joined_date(team, person) is not None:
        there_since = configured.join_dates.get(person) or min([first_listed_date(team, person), *active])
        if (today - there_since).days < configured.grace_days:
            return "new"
    return "idle" if active else "never_active"


def expected_adoption_daily(team: Team) -> list[Row]:
    observed = sorted(team.events_by_day.keys() | team.daily_usage_rows.keys())
    return [
        adoption_of_day(team, day, observed_days=number)
        for number, day in enumerate(observed, start=1)
        if day in days_spoken_of(team) and seats_on(team, day)  # not of a day before anybody was listed
    ]


def adoption_of_day(team: Team, day: date, observed_days: int) -> Row:
    paid = [seat_day for seat_day in seats_on(team, day) if seat_day.is_paid]
    statuses = [status_on(team, seat_day) for seat_day in paid]
    counts = {f"{status}_seats": statuses.count(status) for status in STATUSES}
    return {
        "team_id": team.team_id,
        "usage_date": day,
        "paid_seats": len(paid),
        **counts,
        "seats_active_on_day": sum(day in active_days(team).get(seat_day.person, set()) for seat_day in paid),
        "utilisation_share": counts["active_seats"] / len(paid) if paid else None,
        "observed_days": observed_days,
    }


# --- what adoption_gaps says beside the promised columns --------------------------------------------------------------


def holes(observed: set[date], last_active: date | None, today: date) -> Row:
    """The first day that counts, and the days since then that nobody looked at."""
    first = min(observed, default=None)
    missed = [] if first is None else [day for day in days_between(first, today) if day not in observed]
    return {
        "first_observed_date": first,
        "unobserved_days": len(missed),
        "unobserved_days_since_activity": sum(last_active is None or day > last_active for day in missed),
    }


MARTS = {"adoption_daily": Expected(expected_adoption_daily, ("team_id", "usage_date"))}
