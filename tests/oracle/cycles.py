"""Billing cycles: from the starts that spend snapshots told, the rest inferred month by month."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from tests.oracle.usage import as_of, days_between, instant, present, start_of

if TYPE_CHECKING:
    from tests.oracle.team import Record, Team


@dataclass(frozen=True)
class Cycle:
    start_at: datetime
    end_at: datetime  # exclusive
    is_open: bool

    def holds(self, at: datetime) -> bool:
        return self.start_at <= at < self.end_at

    @property
    def days(self) -> int:
        return (self.end_at.date() - self.start_at.date()).days

    def days_from(self, day: date) -> int:
        """Days from that one to the cycle's last, both included; the end's day belongs to the next cycle."""
        return (self.end_at.date() - day).days


def tied_spend(team: Team) -> tuple[datetime, Record] | None:
    """The newest spend snapshot that the open day's events reach; the newest at all where they reach none."""
    snapshots = sorted(team.spend_snapshots, key=lambda snapshot: snapshot[0])
    if not snapshots:
        return None
    reached = [(at, answer) for at, answer in snapshots if team.open_day is not None and at <= team.open_day[1]]
    return (reached or snapshots)[-1]


def cycle_start(answer: Record) -> datetime | None:
    start = present(answer.get("subscriptionCycleStart"))
    return None if start is None else instant(start)


def observed_starts(team: Team) -> list[datetime]:
    starts = {cycle_start(answer) for _, answer in team.spend_snapshots}
    return sorted(start for start in starts if start is not None)


def months_later(start: datetime, months: int, anchor_day: int) -> datetime:
    """The same time on the anchor day of another month, or on that month's last day where it is shorter."""
    month = start.month - 1 + months
    year, month = start.year + month // 12, month % 12 + 1
    return start.replace(year=year, month=month, day=min(anchor_day, monthrange(year, month)[1]))


@cache
def cycles(team: Team) -> list[Cycle]:
    """Every cycle that a loaded day, a members snapshot or a spend snapshot falls into, without overlap or gap."""
    starts = observed_starts(team)
    known_days = [*team.events_by_day, *team.daily_usage_rows, *(at.date() for at, _ in team.members_snapshots)]
    newest_instant = max(
        [start_of(day) for day in team.events_by_day]
        + [at for at, _ in team.members_snapshots]
        + ([team.open_day[1]] if team.open_day else []),
        default=None,
    )
    if not starts:
        if newest_instant is None:
            return []
        starts = [start_of(newest_instant.date().replace(day=1))]
        open_start = starts[0]
    else:
        tied = tied_spend(team)
        assert tied is not None
        open_start = cycle_start(tied[1]) or starts[-1]

    anchor = max(start.day for start in starts)
    chain = [starts[0]]
    for start in starts[1:]:
        chain += inferred_between(chain[-1], start, anchor)
        chain.append(start)
    earliest = start_of(min(known_days, default=starts[0].date()))
    while chain[0] > earliest:
        chain.insert(0, months_later(chain[0], -1, anchor))
    ends = [*chain[1:], months_later(chain[-1], 1, anchor)]
    while newest_instant is not None and ends[-1] <= newest_instant:
        chain.append(ends[-1])
        ends.append(months_later(ends[-1], 1, anchor))
    return [Cycle(start, end, start == open_start) for start, end in zip(chain, ends, strict=True)]


def inferred_between(start: datetime, following: datetime, anchor: int) -> list[datetime]:
    """Starts that nobody saw, where no snapshot was taken for longer than a cycle."""
    missing = []
    start = months_later(start, 1, anchor)
    while start.date() < following.date():
        missing.append(start)
        start = months_later(start, 1, anchor)
    return missing


def open_cycle(team: Team) -> Cycle | None:
    return next((cycle for cycle in cycles(team) if cycle.is_open), None)


def is_fully_covered(team: Team, cycle: Cycle) -> bool:
    """Whether every day it touches was loaded; of the open cycle, up to the day the marts are as of."""
    newest = as_of(team)
    if newest is None:
        return False
    last = (cycle.end_at - timedelta(microseconds=1)).date()
    if cycle.is_open:
        last = min(last, newest)
    return all(day in team.events_by_day for day in days_between(cycle.start_at.date(), last))
