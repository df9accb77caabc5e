"""The marts that explain, advise and forecast, of made-up teams, row by row, against what tests/oracle works out.

The teams are drawn for their edges: references that leave people out, round, count whole days, credits or own keys;
people who change their address, leave, or were never listed; seats around the price at which another one is cheaper;
work on premium models that is just simple; days that are not loaded or not settled.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

import duckdb
import pytest

from tests.dbt_project.warehouse_builder import WarehouseBuilder, instant
from tests.oracle import advice, attribution, causes, forecasts, marts, models, savings
from tests.oracle.compare import assert_mart_equals
from tests.oracle.cycles import cycles, months_later
from tests.oracle.expected import Expected
from tests.oracle.team import (
    Configured,
    DashboardTotal,
    Invoice,
    Record,
    SeatAllowance,
    SeatPrice,
    SeatTypeFrom,
    SpendLimit,
    Team,
)
from tests.oracle.usage import Event, event, rounded

SEEDS = (*range(24), 137, 157, 167)  # the last ones once showed a mistake that the others do not
MARTS: dict[str, Expected] = {
    "verification_totals": Expected(marts.expected_verification_totals, marts.KEYS["verification_totals"]),
    "verification_verdicts": Expected(marts.expected_verdict, marts.KEYS["verification_verdicts"]),
    **causes.MARTS,
    **attribution.MARTS,
    **models.MARTS,
    **savings.MARTS,
    **advice.MARTS,
    **forecasts.MARTS,
}
LAST_MILLISECOND = 86_399_999
RUNNER = "runner@example.com"
PREMIUM_MODELS = ("claude-4.5-opus", "claude-4.6-opus-high-thinking", "gpt-5.5")
SMALL_MODELS = ("gpt-5", "claude-4.5-sonnet", "composer-2", "grok-code-fast-1")
ODD_MODELS = ("composer-2.5-fast", "Cursor Grok 4.6 (Auto Balanced)", "stealth-preview-0926", "GPT-5-High", None)
OTHER_KINDS = ("Free Credit", "User API Key", "Errored, Not Charged", "Aborted, Not Charged")

OWN_PRICES = (
    SeatPrice("standard", date(2020, 1, 1), Decimal(32), "configured"),
    SeatPrice("premium", date(2020, 1, 1), Decimal("79.5"), "configured"),
)


class Draw(Random):
    """Draws of one team; the same for the same seed."""

    def happens(self, probability: float) -> bool:
        return self.random() < probability


def epoch_ms(at: datetime) -> int:
    return round(at.replace(tzinfo=UTC).timestamp() * 1000)


# --- what is used ----------------------------------------------------------------------------------------------------


class Habits:
    """What each of a team's people does on a day."""

    def __init__(self, draw: Draw, people: list[str], starts: list[datetime]) -> None:
        self.draw = draw
        self.people = people
        self.starts = starts
        # Dollars a cycle that are included, and a day that are used; around the prices of seats.
        self.allowance = draw.choice([Decimal(15), Decimal(20), Decimal(25)])
        self.a_day = {email: draw.choice([0, 1, 2, 4, 6, 9, 14]) for email in people}
        self.included: dict[tuple[str, datetime], Decimal] = {}
        self.favourites = draw.choice([[], ["gpt-5"] * 12, ["gpt-5", "claude-4.5-sonnet", "composer-2"] * 8])
        self.most = draw.choice([1, 2, 5])
        self.silent_from = {email: draw.choice([999, 999, 999, 60, 95]) for email in people}

    def day(self, number: int, day: date) -> list[Record]:
        records = []
        for email in self.people:
            if number >= self.silent_from[email] or not self.draw.happens(0.15 if day.weekday() > 4 else 0.6):
                continue
            records += [self.used_by(email, day) for _ in range(self.draw.randint(1, self.most))]
        if self.draw.happens(0.1):
            records.append(
                self.event(day, self.draw.choice(["", None, "gone@example.com", "old0@example.com"]), Decimal(7))
            )
        if self.draw.happens(0.1):
            runner = {"userEmail": self.draw.choice([RUNNER, RUNNER, None]), "serviceAccountId": "sa_1"}
            records.append({**self.event(day, RUNNER, Decimal(self.draw.randint(1, 90))), **runner})
        return records

    def used_by(self, email: str, day: date) -> Record:
        cents = Decimal(self.draw.randint(0, 400_000) * self.a_day[email] // (1 + self.most)).scaleb(-3)
        record = self.event(day, email, cents)
        start = max(start for start in self.starts if start <= event(record).at)
        so_far = self.included.get((email, start), Decimal(0))
        record["kind"] = "Usage-based" if so_far >= self.allowance * 100 else "Included in Business"
        if self.draw.happens(0.06):
            record["kind"] = self.draw.choice(OTHER_KINDS)
        if record["kind"] == "Included in Business":
            self.included[email, start] = so_far + cents
        return record

    def event(self, day: date, email: str | None, cents: Decimal) -> Record:
        names = [*PREMIUM_MODELS * 2, *SMALL_MODELS * 3, *self.favourites, *ODD_MODELS]
        at = self.draw.choice([0, LAST_MILLISECOND, *[self.draw.randint(0, LAST_MILLISECOND)] * 8])
        record: Record = {
            "timestamp": str(epoch_ms(instant(str(day))) + at),
            "userEmail": email,
            "model": self.draw.choice(names),
            "kind": "Usage-based",
            "maxMode": self.draw.happens(0.1),
            "chargedCents": cents,
        }
        if self.draw.happens(0.9):
            record["tokenUsage"] = {
                "inputTokens": self.draw.choice([200, 9_000, 17_000]),
                "outputTokens": self.draw.choice([0, 100, 500, 501]),
                "cacheWriteTokens": self.draw.choice([0, 1_000]),
                "cacheReadTokens": self.draw.choice([0, 2_000]),
            }
        return record


# --- what the references say -----------------------------------------------------------------------------------------


def spend_rows(draw: Draw, events: list[Event], start: datetime, at: datetime) -> list[Record]:
    """What a snapshot says of the events up to then, each person's row with a fault of its own."""
    people = sorted({one.email for one in events if one.email is not None and start <= one.at <= at})
    rows = [row for email in people for row in rows_of_person(draw, email, events, start, at)]
    if draw.happens(0.4):
        rows.append(amounts("", [one for one in events if one.email is None and start <= one.at <= at]))
    elif draw.happens(0.3):
        rows.append(amounts(RUNNER, [one for one in events if one.address == RUNNER and start <= one.at <= at]))
    if draw.happens(0.3):
        rows.append({"email": "only-there@example.com", "spendCents": draw.randint(0, 300), "overallSpendCents": 300})
    return rows


def rows_of_person(draw: Draw, email: str, events: list[Event], start: datetime, at: datetime) -> list[Record]:
    mine = [one for one in events if one.email == email and start <= one.at <= at]
    early = [one for one in events if one.email == email and one.day == start.date() and one.at < start]
    fault = draw.choice(["none"] * 6 + ["rounded", "halves", "absent", "edge", "credit", "own key", "both", "off"])
    if fault == "absent":
        return []
    if fault == "halves":
        return [amounts(email, mine[::2], round_to_cent=True), amounts(email, mine[1::2], round_to_cent=True)]
    if fault == "edge":
        return [amounts(email, mine + early)]
    counted = {"credit": ("credit",), "own key": ("own_key",), "both": ("credit", "own_key")}.get(fault, ())
    row = amounts(email, mine, also_on_demand=counted, round_to_cent=fault == "rounded")
    if fault == "off":
        row["spendCents"] += draw.randint(1, 400)
    row["effectivePerUserLimitDollars"] = draw.choice([None, 0, 30, 100])
    return [row]


def amounts(
    email: str, events: list[Event], *, also_on_demand: tuple[str, ...] = (), round_to_cent: bool = False
) -> Record:
    def cents(*categories: str) -> Decimal:
        exact = sum((one.amount * 100 for one in events if one.amount and one.category in categories), Decimal(0))
        return rounded(exact, Decimal(1)) if round_to_cent else exact

    on_demand = cents("on_demand", *also_on_demand)
    return {"email": email, "spendCents": on_demand, "overallSpendCents": on_demand + cents("included")}


# --- who is there ----------------------------------------------------------------------------------------------------


def members_lists(draw: Draw, people: list[str], instants: list[datetime]) -> list[tuple[datetime, list[Record]]]:
    """Lists in which people join, leave and change their address; the newest tells of all of it."""
    joins = {email: draw.choice([0, 0, 0, 0, len(instants) - 1]) for email in people}
    leaves = {email: draw.choice([99, 99, 99, 99, len(instants) - 1]) for email in people}
    moves = draw.happens(0.5)
    vanish = draw.happens(0.5)
    lists = []
    for n, at in enumerate(instants):
        entries: list[Record] = []
        for number, email in enumerate(people):
            is_gone = n >= leaves[email]
            if n < joins[email] or (is_gone and vanish):
                continue
            is_old = number == 0 and moves and n < len(instants) - 1
            role = "free-owner" if number == 5 else "member"
            entries.append(
                {
                    "id": f"user_{number}",
                    "name": f"Person {number}",
                    "role": role,
                    "isRemoved": is_gone,
                    "email": "old0@example.com" if is_old else email,
                }
            )
        if draw.happens(0.3):
            entries.append({"id": 77, "name": "Di", "role": "member", "isRemoved": False, "email": ""})
        lists.append((at, entries))
    return lists


def daily_rows(draw: Draw, people: list[str], days: list[date]) -> dict[date, list[Record]]:
    never = draw.choice(people)
    rows = {
        day: [
            {"userId": f"user_{n}", "day": str(day), "email": email.upper(), "isActive": draw.choice([True, False])}
            for n, email in enumerate(people)
            if email != never and draw.happens(0.5)
        ]
        for day in days
        if draw.happens(0.9)
    }
    if rows and draw.happens(0.5):
        day = max(rows)
        rows[day].append({"userId": "user_1", "day": str(day), "email": "private@example.com", "isActive": True})
    return rows


# --- teams -----------------------------------------------------------------------------------------------------------


def add_team(builder: WarehouseBuilder, seed: int) -> Team:
    draw, name = Draw(seed), f"team_{seed}"
    people = [f"p{n}@example.com" for n in range(draw.randint(2, 7))]
    today = date(2026, draw.choice([9, 10, 11]), draw.randint(1, 28))
    days = [today - timedelta(days=n) for n in reversed(range(draw.choice([20, 70, 110, 135])))]
    now = instant(f"{today} 06:00:10") + timedelta(days=1)
    anchor = draw.choice([1, 15, 28, 31])
    time_of_day = draw.choice([timedelta(0), timedelta(hours=13, minutes=6, seconds=28)])
    month = instant("2026-04-01 00:00") + time_of_day
    starts = [months_later(month, n, anchor) for n in range(9)]
    starts = [start for start in starts if start <= now]

    habits = Habits(draw, people, starts)
    holes = draw.happens(0.25)
    events = {
        day: habits.day(number, day)
        for number, day in enumerate(days)
        if not holes or day == today or draw.happens(0.98)
    }
    open_day = [record for record in habits.day(0, now.date()) if event(record).at <= now]
    is_settled = draw.happens(0.5)
    fetched = {
        day: now if not is_settled and day > today - timedelta(days=3) else instant(str(day)) + timedelta(days=3)
        for day in events
    }
    for day, records in events.items():
        builder.add_events((day, day), records, team=name, fetched_at=fetched[day])
    builder.add_open_day(now, open_day, team=name)

    known = [event(record) for records in events.values() for record in records] + [event(one) for one in open_day]
    spend = spend_snapshots(draw, known, starts, days[0], now)
    for at, answer in spend:
        start = max(start for start in starts if epoch_ms(start) == answer["subscriptionCycleStart"])
        builder.add_spend_snapshot(at, start, answer["teamMemberSpend"], team=name)

    first_list = instant(f"{days[0]} 06:00")
    instants = [first_list, first_list + (now - first_list) / 2, now - timedelta(seconds=5)]
    lists = members_lists(draw, people, [at.replace(microsecond=0) for at in instants])
    for at, entries in lists:
        builder.add_members_snapshot(at, entries, team=name)
    daily = daily_rows(draw, people, days) if draw.happens(0.8) else {}
    for day, rows in daily.items():
        builder.add_daily((day, day), rows, team=name)

    team = Team(name, lists, spend, events, (open_day, now), daily, fetched)
    return Team(name, lists, spend, events, (open_day, now), daily, fetched, configured=configured_for(draw, team, now))


def spend_snapshots(
    draw: Draw, known: list[Event], starts: list[datetime], first: date, now: datetime
) -> list[tuple[datetime, Record]]:
    """Some of the earlier cycles' last days, and now."""
    told = []
    for start, end in pairwise(starts):
        if start.date() >= first and draw.happens(0.7):
            at = end - draw.choice([timedelta(seconds=1), timedelta(hours=9), timedelta(days=4)])
            told.append((at, start))
    told.append((now - timedelta(seconds=2), starts[-1]))
    return [
        (
            at,
            {
                "teamMemberSpend": spend_rows(draw, known, start, at),
                "subscriptionCycleStart": epoch_ms(start),
            },
        )
        for at, start in told
    ]


def configured_for(draw: Draw, team: Team, now: datetime) -> Configured:
    today = max(team.events_by_day)
    allowance = SeatAllowance("standard", date(2026, 1, 1), Decimal(20), is_pooled=draw.happens(0.1))
    closed = [cycle for cycle in cycles(team) if not cycle.is_open]
    invoices = tuple(
        Invoice(
            cycle.start_at.date(),
            draw.choice([None, Decimal(120), Decimal(200)]),
            draw.choice([None, Decimal(50), Decimal("333.33")]),
            Decimal(5),
            None,
        )
        for cycle in closed[-2:]
    )
    started = next(cycle.start_at.date() for cycle in cycles(team) if cycle.is_open)
    read_at = now + draw.choice([timedelta(minutes=5), timedelta(hours=3)])
    readings = (
        DashboardTotal("on_demand_usd", today - timedelta(days=6), today, Decimal(draw.randint(10, 99)), now),
        DashboardTotal("requests", today - timedelta(days=6), today - timedelta(days=2), Decimal(30), now),
        DashboardTotal("cycle_usage_value_usd", started, now.date(), Decimal(draw.randint(10, 400)), read_at),
        DashboardTotal("paid_seats", today, today, Decimal(len(team.members_snapshots[-1][1])), now),
    )
    return Configured(
        seat_prices=OWN_PRICES if draw.happens(0.2) else (),
        seat_types=(SeatTypeFrom("p1@example.com", "premium", date(2026, 1, 1)),) if draw.happens(0.5) else (),
        seat_allowances=(allowance,) if draw.happens(0.5) else (),
        invoices=invoices if draw.happens(0.5) else (),
        dashboard_totals=readings if draw.happens(0.5) else (),
        spend_limits=(SpendLimit(None, Decimal(100)),) if draw.happens(0.5) else (),
    )


# --- the tests -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> WarehouseBuilder:
    return WarehouseBuilder(tmp_path_factory.mktemp("random_teams"))


@pytest.fixture(scope="module")
def teams(builder: WarehouseBuilder) -> list[Team]:
    """The teams, after one build of them all."""
    teams = [add_team(builder, seed) for seed in SEEDS]
    builder.build(seeds=seeds_of(teams))
    return teams


def seeds_of(teams: list[Team]) -> dict[str, list[dict[str, Any]]]:
    """What is configured of each team; of seeds that hold for everybody, the project's own rows before that."""
    told = {
        "seat_prices": "seat_prices",
        "seat_types": "seat_types",
        "seat_allowances": "seat_allowances",
        "invoices": "invoices",
        "dashboard_totals": "dashboard_totals",
        "team_spend_limits": "spend_limits",
    }
    rows: dict[str, list[dict[str, Any]]] = {seed: [] for seed in told}
    rows["seat_prices"] = [
        {"team_id": "*", "seat_type": kind, "valid_from": day, "monthly_price_usd": usd, "price_source": "assumed_list"}
        for kind, day, usd in (
            ("standard", "2020-01-01", 40),
            ("premium", "2026-06-01", 120),
            ("unpaid_admin", "2020-01-01", 0),
        )
    ]
    rows["seat_allowances"] = [
        {"team_id": "*", "seat_type": kind, "valid_from": day, "monthly_allowance_usd": usd}
        for kind, day, usd in (
            ("standard", "2025-10-01", 20),
            ("standard", "2026-06-01", ""),
            ("premium", "2026-06-01", ""),
        )
    ]
    for team in teams:
        for seed, name in told.items():
            rows[seed] += [{"team_id": team.team_id, **vars(row)} for row in getattr(team.configured, name)]
    return rows


@pytest.mark.parametrize("mart", sorted(MARTS))
def test_a_mart_holds_what_a_plain_computation_gives(builder: WarehouseBuilder, teams: list[Team], mart: str) -> None:
    expected = [row for team in teams for row in MARTS[mart].rows(team)]
    assert len(expected) >= len(SEEDS)
    with duckdb.connect(str(builder.path), read_only=True) as connection:
        assert_mart_equals(connection, mart, expected, MARTS[mart].key_columns)


def test_the_teams_cover_what_they_are_for(teams: list[Team]) -> None:
    """A comparison of nothing with nothing would pass: each case is there, in what the oracle expects."""

    def seen(mart: str, column: str) -> set[Any]:
        return {row[column] for team in teams for row in MARTS[mart].rows(team)}

    assert seen("verification_causes", "cause") == set(causes.ORDER)
    assert seen("usage_attribution_by_developer", "state") == set(attribution.STATES)
    assert seen("model_savings", "rate_source") == {"observed", "list"}
    assert seen("seat_type_advice", "advised_seat_type") == {"none", "standard", "premium", None}
    assert seen("seat_type_advice", "allowance_source") == {"configured", "observed", None}
    assert seen("overage_forecasts", "allowance_source") == {
        "this_cycle",
        "earlier_cycle",
        "configured",
        "team",
        None,
    }
    verdicts = {"matched", "matched_within_tolerance", "drift", "inconclusive", "not_compared"}
    assert seen("verification_totals", "verdict") == verdicts
