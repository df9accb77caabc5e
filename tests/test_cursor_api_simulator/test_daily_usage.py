from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from tests.cursor_api_simulator import Company, Quirks
from tests.cursor_api_simulator.clock import to_datetime, to_ms
from tests.cursor_api_simulator.people import Habit
from tests.test_cursor_api_simulator.conftest import CLOCK
from tests.test_cursor_api_simulator.reading import email, owner

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.test_cursor_api_simulator.conftest import Client

MONTH = ("2026-10-24", "2026-11-23")


def _month(client: Client) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.daily(*MONTH).json()["data"]
    return rows


def _active_by_day(rows: list[dict[str, Any]]) -> dict[str, set[str]]:
    active = defaultdict(set)
    for row in rows:
        if row["isActive"]:
            active[row["day"]].add(row["email"].lower())
    return active


def test_both_end_days_come_back(shared: Client) -> None:
    assert {row["day"] for row in _month(shared)} == {
        date.fromordinal(day).isoformat()
        for day in range(date(2026, 10, 24).toordinal(), date(2026, 11, 24).toordinal())
    }


def test_date_carries_the_time_of_day_of_the_request(shared: Client) -> None:
    rows = shared.daily("2026-11-10T05:30:00Z", "2026-11-12T05:30:00Z").json()["data"]
    assert {row["day"]: row["date"] for row in rows} == {
        day: to_ms(f"{day}T05:30:00Z") for day in ("2026-11-10", "2026-11-11", "2026-11-12")
    }


def test_a_range_of_31_days_is_refused(shared: Client) -> None:
    response = shared.daily("2026-10-24", "2026-11-23T00:00:00.001+00:00")
    assert response.status_code == 400


def test_pages_count_users_and_not_rows(shared: Client) -> None:
    rows = _month(shared)
    users = {row["userId"] for row in rows}
    pages = [shared.daily(*MONTH, page=page, pageSize=30).json() for page in (1, 2, 3)]
    assert [row for page in pages for row in page["data"]] == rows
    assert pages[0]["pagination"] == {
        "page": 1,
        "pageSize": 30,
        "totalUsers": len(users),
        "totalPages": 3,
        "hasNextPage": True,
        "hasPreviousPage": False,
    }
    assert len({row["userId"] for row in pages[0]["data"]}) == 30
    assert not pages[2]["pagination"]["hasNextPage"]


@pytest.mark.parametrize("missing", ["page", "pageSize"])
def test_without_both_page_parameters_only_active_users_and_no_pagination(shared: Client, missing: str) -> None:
    absent: dict[str, Any] = {missing: None}
    answer = shared.daily(*MONTH, **absent).json()
    assert "pagination" not in answer
    active = {row["userId"] for row in _month(shared) if row["isActive"]}
    assert {row["userId"] for row in answer["data"]} == active
    assert len(active) < 76


def test_members_without_activity_have_zero_rows_with_nulls(shared: Client) -> None:
    idle = [row for row in _month(shared) if not row["isActive"]]
    assert {row["totalLinesAdded"] for row in idle} == {0}
    assert None in {row.get("mostUsedModel", "") for row in idle}


def test_zero_rows_can_be_left_out() -> None:
    def count(choice: str) -> tuple[int, int]:
        rows = Company(daily_zero_rows=choice).daily_usage(*MONTH, CLOCK)
        return sum(row["isActive"] for row in rows), sum(not row["isActive"] for row in rows)

    everything, some, none = count("all"), count("some"), count("none")
    assert everything[0] == some[0] == none[0]
    assert none[1] == 0 < some[1] < everything[1]


def test_empty_values_come_in_three_forms(shared: Client) -> None:
    forms = {row.get("applyMostUsedExtension", "missing") for row in _month(shared)}
    assert {None, "", "missing"} <= forms
    assert {".py", "py"} <= forms


def test_two_user_ids_can_share_an_email_on_a_day(shared: Client) -> None:
    users = Counter((row["email"].lower(), row["day"]) for row in _month(shared))
    assert set(users.values()) == {1, 2}


def test_the_shape_of_a_real_team(shared: Client) -> None:
    rows = _month(shared)
    active = _active_by_day(rows)
    by_weekday = defaultdict(list)
    for day in {row["day"] for row in rows}:
        by_weekday[date.fromisoformat(day).weekday() >= 5].append(len(active[day]))
    assert 18 <= min(by_weekday[False]) <= max(by_weekday[False]) <= 30
    assert 2 <= min(by_weekday[True]) <= max(by_weekday[True]) <= 7
    ever = set.union(*active.values())
    present = {member["email"].strip().lower() for member in shared.members().json()["teamMembers"]}
    assert 0.25 <= len(present - ever) / 76 <= 0.45
    agent = sorted(row["agentRequests"] for row in rows if row["isActive"])
    assert 1 <= agent[len(agent) // 2] <= 4
    assert 8 <= agent[len(agent) * 3 // 4] <= 12


def test_tab_only_people_have_active_rows_and_no_events(shared: Client) -> None:
    tab_only = {p.email for p in shared.sim.company.roster.members(to_ms(CLOCK)) if p.habit is Habit.TAB_ONLY}
    rows = [row for row in _month(shared) if row["email"].lower() in tab_only and row["isActive"]]
    assert {row["email"].lower() for row in rows} == tab_only
    assert sum(row["totalTabsShown"] for row in rows) > 0
    assert sum(row["agentRequests"] for row in rows) == 0
    events = shared.sim.company.events(*MONTH, CLOCK)
    assert not [event for event in events if email(event) in tab_only]


def test_some_days_with_billed_events_have_no_row() -> None:
    def lost(company: Company) -> set[tuple[str, str]]:
        rows = {(row["email"].lower(), row["day"]) for row in company.daily_usage(*MONTH, CLOCK)}
        used = {
            (owner(event), to_datetime(int(event["timestamp"])).date().isoformat())
            for event in company.events(*MONTH, CLOCK)
            if owner(event) not in {"", "runner@example.com"}
        }
        return used - rows

    assert lost(Company())
    assert not lost(Company(quirks=Quirks(days_without_row=0)))


def test_the_current_day_is_partial(start: Callable[..., Client]) -> None:
    client = start(clock="2026-11-20T00:00:00Z")

    def lines(clock: str) -> int:
        client.sim.clock.set(clock)
        return sum(row["totalLinesAdded"] for row in client.daily("2026-11-20", "2026-11-20").json()["data"])

    midnight, noon, evening, later = (
        lines(f"2026-11-{rest}Z") for rest in ("20T00:00:00", "20T12:00:00", "20T23:59:59", "23T00:00:00")
    )
    assert midnight == 0 < noon < evening <= later
    assert client.daily("2026-11-24", "2026-11-25").json()["data"] == []


def test_history_goes_back_more_than_400_days(shared: Client) -> None:
    assert [row for row in shared.daily("2025-09-01", "2025-09-20").json()["data"] if row["isActive"]]
    assert shared.daily("2023-12-01", "2023-12-20").json()["data"] == []
