"""The marts of seats, adoption, team costs, changes and FOCUS of made-up teams, against tests/oracle, cell by cell.

Drawn for what a simulated company does not do: people who come back, change role within a cycle, have no address or two
ids, whose seat type, price, allowance and cost centre change on any day; lists that are late, days never loaded, spend
that says half, join dates in the future, a price that ends below a cent.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.dbt_project.test_cost_marts_of_random_teams import Draw, cycle_start, epoch_ms
from tests.dbt_project.warehouse_builder import DBT_PROJECT, WarehouseBuilder, instant
from tests.oracle import adoption, billing, changes, focus, marts, seat_history, team_costs
from tests.oracle.compare import assert_mart_equals
from tests.oracle.expected import Expected
from tests.oracle.team import (
    Configured,
    CostCentreFrom,
    Exclusion,
    Record,
    SeatAllowance,
    SeatPrice,
    SeatTypeFrom,
    Team,
)
from tests.oracle.usage import days_between

TEAMS = 40
FIRST_SEED = 5000  # with which all cases are among them
MARTS: dict[str, Expected] = {
    "adoption_gaps": Expected(marts.expected_adoption_gaps, marts.KEYS["adoption_gaps"]),
    **seat_history.MARTS,
    **billing.MARTS,
    **adoption.MARTS,
    **team_costs.MARTS,
    **changes.MARTS,
    **focus.MARTS,
}
COUNTERS = ("agentRequests", "composerRequests", "chatRequests", "cmdkUsages", "totalTabsAccepted", "bugbotUsages")


class TeamDraw(Draw):
    """Draws of what happens to people's seats, and of what an administrator writes down of them."""

    def lists(self, instants: list[datetime], people: list[str]) -> list[tuple[datetime, list[Record]]]:
        """Lists on which anybody may come, go, come back, or be of another role or name."""
        states = {person: self.state() for person in people}
        drawn = []
        for at in instants:
            for person in people:
                if self.happens(0.2):
                    states[person] = self.state()
            entries = [entry for person in people for entry in self.entries(person, states[person])]
            drawn.append((at, entries))
        return drawn

    def state(self) -> str:
        return self.choice(
            [*["member"] * 6, "owner", "admin", "free-owner", "flagged", "removed", "absent", "renamed", "two ids"]
        )

    def entries(self, person: str, state: str) -> list[Record]:
        is_gone = state in ("flagged", "removed")
        role = state if state in ("owner", "admin", "free-owner", "removed") else "member"
        entry: Record = {"id": f"user_{person}", "name": person, "role": role, "isRemoved": is_gone}
        if person != "nameless":
            entry["email"] = self.choice([person, f" {person.upper()}"])
        if state == "renamed":
            entry["name"] = self.choice(["", f"{person} Example"])
        if state == "two ids":
            return [{**entry, "id": f"old_{person}", "isRemoved": True}, entry]
        return [] if state == "absent" else [entry]

    def day_rows(self, day: date, people: list[str]) -> list[Record]:
        return [
            {
                "userId": f"user_{person}",
                "day": str(day),
                "email": person.upper(),
                "isActive": self.choice([True, False, False, None]),
                **{name: self.choice([0, 0, 1, 7, None]) for name in COUNTERS if self.happens(0.8)},
            }
            for person in people
            if self.happens(0.3)
        ]

    def spend_rows(self, people: list[str]) -> list[Record]:
        rows: list[Record] = []
        if self.happens(0.15):
            return rows
        says_all = self.happens(0.7)
        for person in people:
            if self.happens(0.3):
                continue
            row: Record = {"userId": f"user_{person}", "email": person, "spendCents": self.amount()}
            if says_all or self.happens(0.7):
                row[self.choice(["overallSpendCents", "includedSpendCents"])] = self.amount()
            rows.append(row)
        return rows

    def some_day(self, days: list[date]) -> date:
        return self.choice([days[0] - timedelta(days=40), *self.sample(days, 2), self.choice(days[-10:])])

    def join_dates(
        self, people: list[str], lists: list[tuple[datetime, list[Record]]], days: list[date]
    ) -> dict[str, date]:
        """Of some people on which day they joined: long ago, or up to the first list that has them."""
        first_listed = {
            entry.get("email", "").strip().lower(): at.date() for at, told in reversed(lists) for entry in told
        }
        return {
            person: self.choice([days[0] - timedelta(days=400), *days_between(days[0], first_listed[person])])
            for person in people
            if person in first_listed and self.happens(0.2)
        }

    def configured(self, people: list[str], days: list[date], join_dates: dict[str, date]) -> Configured:
        often = self.choice([0.0, 0.4])
        kinds = ["standard", "premium", "unpaid_admin"]
        types = {
            (person, self.some_day(days)): self.choice(kinds) for person in people for _ in "ab" if self.happens(often)
        }
        centres = {
            (person, self.some_day(days)): self.choice(["Web", "Data ", " ", "Ops"])
            for person in people
            for _ in "abc"
            if self.happens(0.5)
        }
        return Configured(
            seat_prices=self.prices(days) if self.happens(0.6) else (),
            seat_types=tuple(SeatTypeFrom(person, kind, on) for (person, on), kind in types.items()),
            exclusions=tuple(
                Exclusion(person, "on leave", self.choice([None, days[-1], days[-2]]))
                for person in people
                if self.happens(0.1)
            ),
            join_dates=join_dates,
            cost_centres=tuple(CostCentreFrom(person, name, on) for (person, on), name in centres.items()),
            seat_allowances=self.allowances(days) if self.happens(0.7) else (),
        )

    def prices(self, days: list[date]) -> tuple[SeatPrice, ...]:
        """Of each type one from long ago, or from the middle, and perhaps another one later."""
        amounts = ["40", "36.5", "39.99", "0.01", "33.333", "119.99999999"]
        return tuple(
            SeatPrice(kind, on, Decimal(self.choice(amounts)), self.choice(["configured", "assumed_list"]))
            for kind in ("standard", "premium")
            for on in sorted({date(2025, 1, 1), self.some_day(days)} if self.happens(0.8) else {self.some_day(days)})
        )

    def allowances(self, days: list[date]) -> tuple[SeatAllowance, ...]:
        amounts = [None, Decimal(20), Decimal("0.5"), Decimal("7.12345678")]
        return tuple(
            SeatAllowance(kind, on, self.choice(amounts), self.happens(0.4))
            for kind in self.choice([("standard",), ("standard", "premium")])
            for on in sorted({date(2025, 1, 1), self.some_day(days)} if self.happens(0.7) else {self.some_day(days)})
        )


def add_team(builder: WarehouseBuilder, seed: int) -> Team:
    draw, name = TeamDraw(seed), f"team_{seed}"
    people = [
        *(f"p{n}@example.com" for n in range(draw.randint(2, 8))),
        *draw.choice([[], ["nameless"], ["runner@example.com"]]),
    ]
    known = [person for person in people if person != "nameless"]
    first = date(draw.choice([2026, 2026, 2028]), draw.randint(1, 10), draw.randint(1, 28))
    days = [first + timedelta(days=n) for n in range(draw.randint(16, 80))]
    days_behind = draw.choice([0, 0, 0, 1, 4])  # the newest days of events could not be loaded
    now = instant(f"{days[-1]} 06:00") + timedelta(days=1 + days_behind)

    share_loaded = draw.choice(
        [0.0, *[1.0] * 10, *[0.9] * 5]
    )  # of events; of some teams none, as of a plan without them
    loaded = [day for day in days if share_loaded and (day == days[-1] or draw.happens(share_loaded))]
    busy = known[: draw.randint(1, len(known))]  # the others have a seat and do not use it
    events = {day: draw.day_of_events(day, busy) for day in loaded}
    fetched = {day: instant(str(day)) + timedelta(days=3) for day in loaded}
    for day, records in events.items():
        builder.add_events((day, day), records, team=name, fetched_at=fetched[day])

    around = days_between(first - timedelta(days=6), days[-1] + timedelta(days=draw.randint(0, days_behind)))
    looked_at = [day for day in around if draw.happens(0.8)]
    daily = {day: draw.day_rows(day, busy) for day in looked_at}
    for day, rows in daily.items():
        builder.add_daily((day, day), rows, team=name)

    spend: list[tuple[datetime, Record]] = []
    if draw.happens(0.85):
        day_of_month = draw.choice([1, 15, 28, 29, 30, 31])
        time_of_day = timedelta(hours=draw.choice([0, 3, *range(7, 24)]), minutes=draw.choice([0, 59]))
        for at in sorted({now - timedelta(days=n * draw.randint(1, 9)) for n in range(draw.randint(1, 8))}):
            start = cycle_start(at, day_of_month, time_of_day)
            rows = draw.spend_rows(known)
            told_start = None if draw.happens(0.05) else start
            ms = told_start and epoch_ms(told_start)
            spend.append((at, {"teamMemberSpend": rows, "subscriptionCycleStart": ms}))
            builder.add_spend_snapshot(at, told_start, rows, team=name)

    instants = {
        now - timedelta(days=n * draw.randint(1, 7), hours=draw.choice([0, 6])) for n in range(draw.randint(1, 9))
    }
    lists = draw.lists(sorted(instants), people)
    for at, entries in lists:
        builder.add_members_snapshot(at, entries, team=name)
    builder.add_open_day(now, [], team=name)
    configured = draw.configured(known, days, draw.join_dates(known, lists, days))
    return Team(name, lists, spend, events, ([], now), daily, fetched, configured=configured)


def seeds_of(teams: list[Team]) -> dict[str, list[dict[str, Any]]]:
    """What all of the teams' administrators wrote down, beside the project's own rows."""
    return {
        "seat_prices": rows_of(teams, "seat_prices"),
        "seat_types": rows_of(teams, "seat_types"),
        "reclaim_exclusions": rows_of(teams, "exclusions"),
        "cost_centres": rows_of(teams, "cost_centres"),
        "seat_allowances": rows_of(teams, "seat_allowances"),
        "join_dates": [
            {"team_id": team.team_id, "email": email, "join_date": day}
            for team in teams
            for email, day in team.configured.join_dates.items()
        ],
    }


def rows_of(teams: list[Team], name: str) -> list[dict[str, Any]]:
    return [{"team_id": team.team_id, **vars(row)} for team in teams for row in getattr(team.configured, name)]


def with_those_of_the_project(seeds: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    ours = {}
    with duckdb.connect() as connection:
        for name, rows in seeds.items():
            file = DBT_PROJECT / "seeds" / f"{name}.csv"
            told = connection.execute(f"from read_csv('{file}', all_varchar = true, header = true)")
            columns = [column for column, *_ in told.description]
            ours[name] = [*(dict(zip(columns, row, strict=True)) for row in told.fetchall()), *rows]
    return ours


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> WarehouseBuilder:
    return WarehouseBuilder(tmp_path_factory.mktemp("random_teams"))


@pytest.fixture(scope="module")
def teams(builder: WarehouseBuilder) -> list[Team]:
    """The teams, after one build of them all."""
    teams = [add_team(builder, seed) for seed in range(FIRST_SEED, FIRST_SEED + TEAMS)]
    builder.build(seeds=with_those_of_the_project(seeds_of(teams)))
    return teams


@pytest.mark.parametrize("mart", sorted(MARTS))
def test_a_mart_holds_what_a_plain_computation_gives(builder: WarehouseBuilder, teams: list[Team], mart: str) -> None:
    expected = [row for team in teams for row in MARTS[mart].rows(team)]
    assert len(expected) > TEAMS
    with duckdb.connect(str(builder.path), read_only=True) as connection:
        assert_mart_equals(connection, mart, expected, MARTS[mart].key_columns)


def test_the_teams_cover_what_they_are_drawn_for(teams: list[Team]) -> None:
    """A comparison of nothing with nothing would pass: each case is there, in what the oracle expects."""
    rows = {mart: [row for team in teams for row in expected.rows(team)] for mart, expected in MARTS.items()}

    def values(mart: str, column: str) -> set[Any]:
        return {row[column] for row in rows[mart]}

    states = {(row["is_paid"], row["is_removed"]) for row in rows["seats"]}
    assert states == {(True, False), (True, True), (False, True), (False, False)}
    assert None in values("seats", "email")
    assert values("seats", "seat_type") == {"standard", "premium", "unpaid_admin"}
    assert values("seat_fees_daily", "is_accrued") == {True, False}
    assert None in values("seat_fees_daily", "seat_fee_usd")
    assert values("billing_cycles", "start_source") == {"observed", "inferred", "calendar_month"}
    assert {None, 0} < values("billing_cycles", "closing_members")
    assert values("adoption_gaps", "activity_status") == {"active", "new", "idle", "never_active", "removed"}
    assert any(row["unobserved_days_since_activity"] for row in rows["adoption_gaps"])
    assert any(row["first_observed_date"] is None for row in rows["adoption_gaps"])
    assert all(any(row[f"{status}_seats"] for row in rows["adoption_daily"]) for status in adoption.STATUSES)
    assert any(row["allowance_forfeited_usd"] for row in rows["team_costs"])
    assert any(row["seat_fee_usd"] is None and row["paid_seats"] for row in rows["team_costs"])
    assert values("cost_centre_costs", "cost_centre") == {"Web", "Data", "Ops", "unassigned"}
    assert all(
        any(row[f"{effect}_effect_usd"] for row in rows["cost_changes"]) for effect in ("volume", "mix", "price")
    )
    assert values("focus_costs", "x_UsageCategory") == {
        *(None, "seat", "on_demand", "included", "credit", "own_key", "unknown"),
    }
