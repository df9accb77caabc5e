from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.cursor_api_simulator import Category, Company, Quirks
from tests.cursor_api_simulator.clock import to_datetime
from tests.test_cursor_api_simulator.conftest import CLOCK
from tests.test_cursor_api_simulator.reading import amount, category, owner

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.test_cursor_api_simulator.conftest import Client

NOVEMBER = ("2026-11-10", "2026-11-20")


# Members.


def test_the_list_has_every_seat_and_who_left_lately(shared: Client) -> None:
    members = shared.members().json()["teamMembers"]
    present = [member for member in members if not member["isRemoved"]]
    assert len(present) == 76
    assert 3 <= len(members) - len(present) <= 15
    roles = Counter(member["role"] for member in present)
    assert roles["free-owner"] == roles["owner"] == roles["admin"] == 1
    assert roles["member"] == 73
    assert {member["role"] for member in members if member["isRemoved"]} == {"member", "removed"}
    assert len({member["id"] for member in members}) == len(members)
    assert all(member["id"].startswith("user_") for member in members)


def test_pages_are_ignored(shared: Client) -> None:
    assert shared.members(page=3, pageSize=5).content == shared.members().content


def test_addresses_are_made_up_and_spelled_in_more_than_one_way(shared: Client) -> None:
    emails = [member["email"] for member in shared.members().json()["teamMembers"]]
    assert all(email.strip().lower().endswith("@example.com") for email in emails)
    assert [email for email in emails if email != email.strip()]
    assert [email for email in emails if email != email.lower()]
    assert len({email.strip().lower() for email in emails}) == len(emails)


def test_somebody_joins_and_somebody_leaves_as_time_goes_by(start: Callable[..., Client]) -> None:
    client = start()
    before = client.members().json()["teamMembers"]
    client.sim.clock.set("2026-12-08T08:00:00Z")
    after = client.members().json()["teamMembers"]
    joined = {member["id"] for member in after} - {member["id"] for member in before}
    left = {member["id"] for member in after if member["isRemoved"]} & {
        member["id"] for member in before if not member["isRemoved"]
    }
    assert len(joined) == len(left) == 1
    assert sum(not member["isRemoved"] for member in after) == 76


def test_removed_people_can_vanish_as_before_2026(start: Callable[..., Client]) -> None:
    members = start(removed_members="vanish").members().json()["teamMembers"]
    assert len(members) == 76
    assert not [member for member in members if "isRemoved" in member]


def test_ids_can_be_numbers(start: Callable[..., Client]) -> None:
    client = start(numeric_ids=True)
    ids = [member["id"] for member in client.members().json()["teamMembers"]]
    assert all(isinstance(member_id, int) for member_id in ids)
    assert len(set(ids)) == len(ids)
    assert {row["userId"] for row in client.spend().json()["teamMemberSpend"] if row["email"]} - set(ids) == set()


def test_the_old_id_of_a_person_with_two_can_be_listed(start: Callable[..., Client]) -> None:
    members = start(lists_second_user_id=True).members().json()["teamMembers"]
    twice = [email for email, count in Counter(member["email"] for member in members).items() if count > 1]
    assert twice
    assert {member["isRemoved"] for member in members if member["email"] == twice[0]} == {True, False}


# Spend.


def _expected_spend(company: Company, at: str) -> dict[str, tuple[Decimal, Decimal]]:
    """Included and on-demand cents by e-mail, from the events alone."""
    start = company.spend(at)["subscriptionCycleStart"]
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for event in company.events(start, at, at):
        if category(event) in {Category.INCLUDED, Category.ON_DEMAND}:
            sums[owner(event)][category(event)] += amount(event)
    return {email: (included, on_demand) for email, (included, on_demand) in sums.items()}


def _spend_by_email(rows: list[dict[str, Any]]) -> dict[str, tuple[Decimal, Decimal]]:
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for row in rows:
        sums[row["email"].strip().lower()][1] += row["spendCents"]
        sums[row["email"].strip().lower()][0] += row["overallSpendCents"] - row["spendCents"]
    return {email: (included, on_demand) for email, (included, on_demand) in sums.items() if included or on_demand}


@pytest.mark.parametrize("at", [CLOCK, "2026-11-24T00:00:00Z", "2026-11-03T13:06:28Z", "2026-12-01T23:59:59.999+00:00"])
@pytest.mark.parametrize("seed", [7, 8])
def test_spend_is_exactly_what_the_events_say(seed: int, at: str) -> None:
    company = Company(seed=seed)
    expected = {email: sums for email, sums in _expected_spend(company, at).items() if any(sums)}
    assert _spend_by_email(company.spend(at)["teamMemberSpend"]) == expected
    if not at.startswith("2026-11-03"):
        assert sum(on_demand for _, on_demand in expected.values()) > 1000
        assert len(expected) > 25


def test_negative_amounts_count(start: Callable[..., Client]) -> None:
    company = start(quirks=Quirks(negative_amounts=0.1)).sim.company
    expected = {email: sums for email, sums in _expected_spend(company, CLOCK).items() if any(sums)}
    assert _spend_by_email(company.spend(CLOCK)["teamMemberSpend"]) == expected
    assert [event for event in company.events(*NOVEMBER, CLOCK) if (event.get("chargedCents") or 0) < 0]


def test_the_cycle_starts_at_a_time_of_day_and_ends_where_the_next_begins(start: Callable[..., Client]) -> None:
    client = start()
    assert to_datetime(client.spend().json()["subscriptionCycleStart"]) == datetime(2026, 11, 3, 13, 6, 28, tzinfo=UTC)
    client.sim.clock.set("2026-12-03T13:06:27.999Z")
    before = client.spend().json()
    assert to_datetime(before["subscriptionCycleStart"]).month == 11
    client.sim.clock.set("2026-12-03T13:06:28Z")
    after = client.spend().json()
    assert to_datetime(after["subscriptionCycleStart"]).month == 12
    assert sum(row["spendCents"] for row in before["teamMemberSpend"]) > 1000
    assert sum(row["overallSpendCents"] for row in after["teamMemberSpend"]) < 100


@pytest.mark.parametrize(
    ("clock", "cycle_start"),
    [
        ("2026-02-15", "2026-01-31"),
        ("2026-03-01", "2026-02-28"),
        ("2026-04-30", "2026-03-31"),
        ("2026-05-01", "2026-04-30"),
    ],
)
def test_a_cycle_on_the_31st_is_clamped_to_short_months(clock: str, cycle_start: str) -> None:
    start_ms = Company(cycle_day=31).spend(clock)["subscriptionCycleStart"]
    assert to_datetime(start_ms).date().isoformat() == cycle_start


def test_vintages_of_the_included_field() -> None:
    def keys(vintage: str) -> set[str]:
        rows = Company(included_field=vintage).spend(CLOCK)["teamMemberSpend"]
        return {key for row in rows for key in row if key in {"overallSpendCents", "includedSpendCents"}}

    assert keys("overall") == {"overallSpendCents"}
    assert keys("included") == {"includedSpendCents"}
    assert keys("neither") == set()
    assert keys("mixed") == {"overallSpendCents", "includedSpendCents"}
    overall = Company(included_field="overall").spend(CLOCK)["teamMemberSpend"]
    included = Company(included_field="included").spend(CLOCK)["teamMemberSpend"]
    assert [row["overallSpendCents"] - row["spendCents"] for row in overall] == [
        row["includedSpendCents"] for row in included
    ]


def test_cents_are_floats_or_integers() -> None:
    exact = Company().spend(CLOCK)["teamMemberSpend"]
    whole = Company(spend_cents="integer").spend(CLOCK)["teamMemberSpend"]
    assert any(isinstance(row["spendCents"], Decimal) for row in exact)
    assert all(isinstance(row["spendCents"], int) for row in whole)
    assert all(abs(a["spendCents"] - b["spendCents"]) <= Decimal("0.5") for a, b in zip(exact, whole, strict=True))


def test_members_without_usage_are_there_with_zero_and_removed_ones_only_with_usage(shared: Client) -> None:
    rows = shared.spend().json()["teamMemberSpend"]
    members = shared.members().json()["teamMembers"]
    emails = {row["email"] for row in rows}
    assert {member["email"] for member in members if not member["isRemoved"]} <= emails
    gone = [row for row in rows if "removedAt" in row]
    assert gone
    assert all(row["overallSpendCents"] > 0 for row in gone)
    assert len(gone) < sum(member["isRemoved"] for member in members)


def test_unattributed_usage_is_in_rows_without_an_email_or_in_none() -> None:
    rows = Company().spend(CLOCK)["teamMemberSpend"]
    assert {row["name"] for row in rows if not row["email"]} == {"runner", "Bugbot", ""}
    omitted = Company(unattributed_spend="omitted").spend(CLOCK)
    assert all(row["email"] for row in omitted["teamMemberSpend"])
    assert omitted["totalMembers"] == len(omitted["teamMemberSpend"]) == len(rows) - 3


def test_pages_search_and_order(shared: Client) -> None:
    everything = shared.spend(pageSize=1000).json()["teamMemberSpend"]
    pages = [shared.spend(page=page, pageSize=30).json() for page in (1, 2, 3)]
    assert [row for page in pages for row in page["teamMemberSpend"]] == everything
    assert {page["totalPages"] for page in pages} == {3}
    assert {page["totalMembers"] for page in pages} == {len(everything)}
    assert shared.spend(page=4, pageSize=30).json()["teamMemberSpend"] == []
    assert "hasNextPage" not in json.dumps(pages[0])
    amounts = [
        row["spendCents"] for row in shared.spend(sortBy="amount", sortDirection="desc").json()["teamMemberSpend"]
    ]
    assert amounts == sorted(amounts, reverse=True)
    name = everything[5]["name"]
    assert [row["name"] for row in shared.spend(searchTerm=name.upper()).json()["teamMemberSpend"]] == [name]
