"""Whose usage it is: for each person how far usage, the members list and the daily rows know of each other."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tests.oracle import seats
from tests.oracle.compare import SOME_TEXT
from tests.oracle.expected import Expected
from tests.oracle.marts import OTHER, share, usage_value
from tests.oracle.usage import (
    Event,
    active_days,
    amount_in,
    as_of,
    closed_events,
    normal_email,
    present,
    requests,
    service_account_addresses,
    total,
    window,
)

if TYPE_CHECKING:
    from datetime import date

    from tests.oracle.seats import Person
    from tests.oracle.team import Record, Team

Row = dict[str, Any]
STATES = (
    "service_account",
    "no_email",
    "alias_of_another_address",
    "removed_person",
    "unknown_person",
    "joined_after_window",
    "no_daily_row",
    "attributed",
)


def by_developer_rows(team: Team) -> list[Row]:
    used = events_in_window(team)
    nobodys = [one for one in used if one.email is None]
    of_service_accounts = [one for one in nobodys if one.is_service_account]
    without_email = [one for one in nobodys if not one.is_service_account]
    return [
        *[person_row(team, person, [one for one in used if one.email == person]) for person in everybody(team)],
        *[
            nobodys_row(team, state, events)
            for state, events in (("service_account", of_service_accounts), ("no_email", without_email))
            if events
        ],
    ]


def events_in_window(team: Team) -> list[Event]:
    days = window(team)
    return [one for one in closed_events(team) if days is not None and days[0] <= one.day <= days[1]]


def everybody(team: Team) -> list[Person]:
    """Who was ever listed, or has an event in the window; service accounts are nobody."""
    listed = {person for _, members in seats.snapshots(team) for person in members}
    using = {one.email for one in events_in_window(team) if one.email is not None}
    return sorted((listed | using) - service_account_addresses(team))


def measures(events: list[Event]) -> Row:
    used = requests(events)
    return {
        "requests": len(used),
        "usage_value_usd": usage_value(used),
        "other_usage_usd": amount_in(used, *OTHER),
    }


def nobodys_row(team: Team, state: str, events: list[Event]) -> Row:
    return {
        "team_id": team.team_id,
        "email": None,
        "seat_key": None,
        "name": None,
        "state": state,
        "alias_of": None,
        **measures(events),
        "is_member": False,
        "last_active_date": None,
    }


def person_row(team: Team, person: Person, events: list[Event]) -> Row:
    listed = newest_listing(team, person)
    is_member = person in seats.current_members(team)
    alias = None if is_member else alias_of(team, person)
    active = days_of_activity(team, person)
    return {
        "team_id": team.team_id,
        "email": None if is_user_id(team, person) else person,
        "seat_key": person,
        "name": present(listed.get("name")) if listed is not None else None,
        "state": state_of(team, person, alias, is_member=is_member),
        "alias_of": alias,
        **measures(events),
        "is_member": is_member,
        "last_active_date": max(active, default=None),
    }


def state_of(team: Team, person: Person, alias: str | None, *, is_member: bool) -> str:
    days = window(team)
    if alias is not None:
        return "alias_of_another_address"
    if newest_listing(team, person) is None:
        return "unknown_person"
    if not is_member:
        return "removed_person"
    joined = joined_date(team, person)
    if joined is not None and days is not None and joined > days[1] and not days_of_activity(team, person):
        return "joined_after_window"
    loaded = [day for day in team.daily_usage_rows if days is not None and days[0] <= day <= days[1]]
    if loaded and not any(person in people_with_a_row(team, day) for day in loaded):
        return "no_daily_row"
    return "attributed"


def days_of_activity(team: Team, person: Person) -> set[date]:
    """Up to the window's last day."""
    today = as_of(team)
    return {day for day in active_days(team).get(person, set()) if today is not None and day <= today}


def newest_listing(team: Team, person: Person) -> Record | None:
    listings = [members[person] for _, members in seats.snapshots(team) if person in members]
    return listings[-1] if listings else None


def is_user_id(team: Team, person: Person) -> bool:
    """Whether the person is known by an id alone."""
    listed = newest_listing(team, person)
    return listed is not None and normal_email(listed.get("email")) is None


def joined_date(team: Team, person: Person) -> date | None:
    taken = [at for at, members in seats.snapshots(team) if person in members]
    team_first_at = seats.snapshots(team)[0][0]
    return seats.joined_date(team, person, taken[0] if taken[0] > team_first_at else None)


@cache
def people_with_a_row(team: Team, day: date) -> set[Person]:
    """By the daily rows of a day, active or not."""
    return {
        normal_email(row.get("email")) or f"user id {row.get('userId')}" for row in team.daily_usage_rows.get(day, [])
    }


def alias_of(team: Team, address: Person) -> str | None:
    """The address under which the newest list has a user id that some list or daily row gives this address."""
    if not team.members_snapshots:
        return None
    newest = max(team.members_snapshots, key=lambda snapshot: snapshot[0])[1]
    ids = ids_of(team).get(address, set())
    others = {
        other
        for member in newest
        if str(present(member.get("id"))) in ids
        and (other := normal_email(member.get("email"))) is not None
        and other != address
    }
    return min(others, default=None)


@cache
def ids_of(team: Team) -> dict[Person, set[str]]:
    """Every user id that a members list or a daily row gives an address."""
    found: dict[Person, set[str]] = {}
    listed = [(member, "id") for _, members in team.members_snapshots for member in members]
    daily = [(row, "userId") for rows in team.daily_usage_rows.values() for row in rows]
    for record, name in listed + daily:
        address, user_id = normal_email(record.get("email")), present(record.get(name))
        if address is not None and user_id is not None:
            found.setdefault(address, set()).add(str(user_id))
    return found


def by_state_rows(team: Team) -> list[Row]:
    people = by_developer_rows(team)
    whole = total(row["usage_value_usd"] for row in people)
    return [state_row(team, state, [row for row in people if row["state"] == state], whole) for state in STATES]


def state_row(team: Team, state: str, people: list[Row], whole: Any) -> Row:
    days = window(team)
    used = total(row["usage_value_usd"] for row in people)
    return {
        "team_id": team.team_id,
        "window_start_date": days[0] if days else None,
        "window_end_date": days[1] if days else None,
        "state": state,
        "people": sum(row["seat_key"] is not None for row in people),
        "members": sum(row["is_member"] for row in people),
        "requests": sum(row["requests"] for row in people),
        "usage_value_usd": used,
        "other_usage_usd": total(row["other_usage_usd"] for row in people),
        "usage_value_share": share(used, whole),
        "what_to_do": SOME_TEXT,
    }


MARTS = {
    "usage_attribution": Expected(by_state_rows, ("team_id", "state")),
    "usage_attribution_by_developer": Expected(by_developer_rows, ("team_id", "state", "seat_key")),
}
