"""The cost and model marts of made-up teams, row by row, against what tests/oracle works out of the same answers.

The teams are drawn for their edges rather than for likeness: events on the day's first and last millisecond, amounts of
every size and sign, missing keys, cycles that start on the 31st, lists that lose people, days that were never loaded.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import duckdb
import pytest

from tests.dbt_project.warehouse_builder import WarehouseBuilder, instant
from tests.oracle import marts
from tests.oracle.compare import assert_mart_equals
from tests.oracle.team import Configured, Record, SeatTypeFrom, Team

TEAMS = 40
MARTS: dict[str, Callable[[Team], list[dict[str, Any]]]] = {
    "model_mix": marts.expected_model_mix,
    "model_mix_daily": marts.expected_model_mix_daily,
    "usage_costs": marts.expected_usage_costs,
    "usage_costs_daily": marts.expected_usage_costs_daily,
}
KINDS = (
    *("Usage-based", "USAGE_EVENT_KIND_USAGE_BASED", "On-Demand", "Included in Business", "Included"),
    *("USAGE_EVENT_KIND_INCLUDED_IN_PRO", "Free Credit", "Free", "User API Key", "Errored, Not Charged"),
    *("USAGE_EVENT_KIND_ABORTED_NOT_CHARGED", "Custom Subscription", "Included in Ultra", None, ""),
)
MODELS = (
    *("gpt-5", "claude-4.6-opus-high-thinking", "default", "composer-2.5-fast", "Cursor Grok 4.6 (Auto Balanced)"),
    *("gpt-5-mini", "gpt-5-fast", "GPT-5-High", "claude-4.5-sonnet-thinking-1m", "claude-4.6-opus-fast", None, ""),
)
LAST_MILLISECOND = 86_399_999


class Draw(Random):
    """Draws of one team; the same for the same seed."""

    def happens(self, probability: float) -> bool:
        return self.random() < probability

    def amount(self) -> Decimal:
        """Cents as a JSON number shows them: whole, a double's digits, tiny, negative, near a half."""
        return self.choice(
            [
                Decimal(self.randint(0, 3000)),
                Decimal(repr(self.random() * self.choice([1e-12, 1e-3, 1, 50, 4000]))),
                Decimal(-self.randint(0, 50_000)).scaleb(-self.randint(0, 8)),
                Decimal(self.randint(0, 10**17)).scaleb(-self.randint(10, 19)),
                Decimal(self.randint(0, 10**7) * 10 + 5).scaleb(-7),
            ]
        )

    def day_of_events(self, day: date, people: list[str]) -> list[Record]:
        return [self.event(day, people) for _ in range(self.choice([0, 0, 1, 3, 6]))]

    def event(self, day: date, people: list[str]) -> Record:
        at = self.choice([0, LAST_MILLISECOND, self.randint(0, LAST_MILLISECOND)])
        shouted = f"  {people[0].upper()} "
        email = self.choice([*people, shouted, None, "", "gone@example.com", "runner@example.com"])
        record: Record = {
            "timestamp": str(epoch_ms(instant(str(day))) + at),
            "userEmail": email,
            "model": self.choice(MODELS),
            "kindLabel" if self.happens(0.1) else "kind": self.choice(KINDS),
            "maxMode": self.choice([True, False, None]),
        }
        if email == "runner@example.com" or self.happens(0.1):
            record["serviceAccountId"] = "sa_1" if email == "runner@example.com" else "null"
        if self.happens(0.75):
            record["chargedCents"] = self.amount()
        if self.happens(0.5):
            record["cursorTokenFee"] = self.amount()
        if self.happens(0.85):
            record["tokenUsage"] = self.token_usage()
        return record

    def token_usage(self) -> Record:
        most = {"inputTokens": 15_000, "outputTokens": 900, "cacheWriteTokens": 9_000, "cacheReadTokens": 9_000}
        usage: Record = {key: self.randint(0, limit) for key, limit in most.items() if self.happens(0.93)}
        if self.happens(0.8):
            usage["totalCents"] = self.amount()
        if self.happens(0.6):
            usage["discountPercentOff"] = self.choice([0, 10, 33, 100, Decimal("12.5"), Decimal("33.333333333333336")])
        return usage

    def members_lists(self, instants: list[datetime], people: list[str]) -> list[tuple[datetime, list[Record]]]:
        """Lists in which people join, leave (flagged, by role or by absence) and appear twice."""
        joins = {email: self.choice([0, 0, 0, self.randint(0, 5)]) for email in people}
        leaves = {email: self.choice([99, 99, 99, self.randint(1, 5)]) for email in people}
        roles = {email: self.choice(["member", "member", "owner", "free-owner"]) for email in people}
        vanish = self.happens(0.5)
        lists = []
        for n, at in enumerate(instants):
            entries: list[Record] = []
            for email in people:
                is_gone = n >= leaves[email]
                if n < joins[email] or (is_gone and vanish):
                    continue
                role = self.choice([roles[email], "removed"]) if is_gone else roles[email]
                entry = {"id": f"user_{email}", "name": email, "role": role, "isRemoved": is_gone}
                entries.append({**entry, "email": self.choice([email, f"{email.upper()} "])})
                if self.happens(0.15) and role != "removed":
                    entries.append({**entry, "id": "user_2", "email": email, "isRemoved": True})
            lists.append((at, entries))
        return lists


def epoch_ms(at: datetime) -> int:
    return round(at.replace(tzinfo=UTC).timestamp() * 1000)


def cycle_start(at: datetime, day_of_month: int, time_of_day: timedelta) -> datetime:
    """The last start at or before an instant."""
    month = at.replace(day=1, hour=0, minute=0, second=0)
    while True:
        day = min(day_of_month, monthrange(month.year, month.month)[1])
        start = month.replace(day=day) + time_of_day
        if start <= at:
            return start
        month = (month - timedelta(days=1)).replace(day=1)


def add_team(builder: WarehouseBuilder, seed: int) -> Team:
    draw, name = Draw(seed), f"team_{seed}"
    people = [f"p{n}@example.com" for n in range(draw.randint(1, 6))]
    first = date(2026, draw.randint(7, 10), draw.randint(1, 28))
    days = [first + timedelta(days=n) for n in range(draw.randint(3, 75))]
    now = instant(f"{days[-1]} 06:00") + timedelta(days=1)

    # The newest day is always loaded; others may be missing.
    loaded = [day for day in days if day == days[-1] or draw.happens(0.95)]
    events = {day: draw.day_of_events(day, people) for day in loaded}
    settles = {day: instant(str(day)) + timedelta(days=3) for day in loaded}
    fetched = {day: at - timedelta(seconds=draw.choice([0, 1, 86_400])) for day, at in settles.items()}
    for day, records in events.items():
        builder.add_events((day, day), records, team=name, fetched_at=fetched[day])

    daily = {
        day: [
            {"userId": email, "day": str(day), "email": email.upper(), "isActive": draw.choice([True, False, None])}
            for email in people
            if draw.happens(0.6)
        ]
        for day in days
        if draw.happens(0.9)
    }
    for day, rows in daily.items():
        builder.add_daily((day, day), rows, team=name)

    spend: list[tuple[datetime, Record]] = []
    if draw.happens(0.85):
        day_of_month = draw.choice([1, 15, 28, 29, 30, 31])
        # A cycle that ends in the night before the run is not covered until its last day has closed.
        time_of_day = timedelta(hours=draw.randint(7, 23), minutes=draw.randint(0, 59), seconds=8)
        for at in sorted({now - timedelta(days=n * draw.randint(1, 9)) for n in range(draw.randint(1, 8))}):
            start = cycle_start(at, day_of_month, time_of_day)
            spend.append((at, {"teamMemberSpend": [], "subscriptionCycleStart": epoch_ms(start)}))
            builder.add_spend_snapshot(at, start, [], team=name)

    instants = sorted({now - timedelta(days=n * draw.randint(1, 12)) for n in range(draw.randint(0, 6))})
    lists = draw.members_lists(instants, people)
    for at, entries in lists:
        builder.add_members_snapshot(at, entries, team=name)
    builder.add_open_day(now, [], team=name)

    premium = tuple(
        SeatTypeFrom(email, "premium", draw.choice([first, date(2026, 1, 1)])) for email in people if draw.happens(0.3)
    )
    return Team(name, lists, spend, events, ([], now), daily, fetched, configured=Configured(seat_types=premium))


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> WarehouseBuilder:
    return WarehouseBuilder(tmp_path_factory.mktemp("random_teams"))


@pytest.fixture(scope="module")
def teams(builder: WarehouseBuilder) -> list[Team]:
    """The teams, after one build of them all."""
    teams = [add_team(builder, seed) for seed in range(TEAMS)]
    seat_types = [
        {"team_id": team.team_id, "email": row.email, "seat_type": row.seat_type, "valid_from": row.valid_from}
        for team in teams
        for row in team.configured.seat_types
    ]
    builder.build(seeds={"seat_types": seat_types})
    return teams


@pytest.mark.parametrize("mart", sorted(MARTS))
def test_a_mart_holds_what_a_plain_computation_gives(builder: WarehouseBuilder, teams: list[Team], mart: str) -> None:
    expected = [row for team in teams for row in MARTS[mart](team)]
    assert len(expected) > 5 * TEAMS
    with duckdb.connect(str(builder.path), read_only=True) as connection:
        assert_mart_equals(connection, mart, expected, marts.KEYS[mart])
