"""The usage events of one UTC day: drawn as columns, written as JSON text, kept as one run of bytes, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.cursor_api_simulator.clock import DAY_MS, HOUR_MS
from tests.cursor_api_simulator.draws import Draws, Flags, Ints, share_ppm
from tests.cursor_api_simulator.event_text import EventWriter
from tests.cursor_api_simulator.kinds import (
    ABORTED,
    CREDIT,
    ERRORED,
    INCLUDED,
    INCLUDED_IN_PRO,
    KIND_CATEGORY,
    ON_DEMAND,
    OWN_KEY,
    UNKNOWN,
    Category,
)

if TYPE_CHECKING:
    from tests.cursor_api_simulator.options import CompanyOptions, Quirks
    from tests.cursor_api_simulator.people import Person
    from tests.cursor_api_simulator.plan import DayPlan

NEVER_MS = np.iinfo(np.int64).max
_RESTATED_FROM = (168, 140, 125, 110, 80, 60)  # the first amount in % of the last: down more often than up


@dataclass(frozen=True, slots=True)
class DayEvents:
    """One day's events, newest first; row i's text is `text[starts[i]:starts[i + 1] - 1]`, a comma behind each."""

    day: int
    people: list[Person]
    at_ms: Ints
    visible_ms: Ints
    restated_ms: Ints  # NEVER_MS where the amount stays
    person: Ints
    category: np.ndarray[Any, np.dtype[np.int8]]
    micro: Ints
    first_micro: Ints  # until restated_ms
    text: bytes
    starts: Ints
    first_text: dict[int, bytes]
    changes_ms: Ints  # sorted instants at which the answer changes

    @property
    def size_bytes(self) -> int:
        return len(self.text) + 90 * len(self.at_ms)

    def row(self, index: int) -> bytes:
        return self.text[self.starts[index] : self.starts[index + 1] - 1]

    def state(self, at_ms: int) -> int:
        """The same number, the same answer."""
        return int(np.searchsorted(self.changes_ms, at_ms, side="right"))

    def is_final(self, at_ms: int) -> bool:
        return self.state(at_ms) == len(self.changes_ms)


def make_day(company: CompanyOptions, plan: DayPlan) -> DayEvents:
    """The events of a day: a pure function of the company and the day."""
    return _DayMaker(company, plan).make()


class _DayMaker:
    def __init__(self, company: CompanyOptions, plan: DayPlan) -> None:
        self._company = company
        self._quirks: Quirks = company.quirks
        self._plan = plan
        self._people = plan.people
        self._day_start_ms = plan.day * DAY_MS
        self._person: Ints = np.repeat(np.arange(len(plan.people)), plan.requests)
        self._size = len(self._person)
        self._draws = Draws(self._size, company.seed, "events", plan.day)

    def make(self) -> DayEvents:
        at_ms = self._timestamps()
        kind = self._kinds(at_ms)
        category = KIND_CATEGORY[kind]
        order = self._newest_first(at_ms)
        visible_ms = at_ms + np.where(self._draws.chance("late", self._quirks.late), self._hours("late_by", 1, 10), 0)
        writer = EventWriter(self._quirks, self._plan, self._draws, person=self._person, at_ms=at_ms, kind=kind)
        may_be_restated = writer.has_token_price & (category != Category.NOT_CHARGED)
        is_restated = self._draws.chance("restated", self._quirks.restated) & may_be_restated
        known_ms = np.maximum(visible_ms, at_ms + self._hours("restated_after", 1, 23))
        restated_ms = np.where(is_restated, known_ms + 1, NEVER_MS)
        texts, micro = writer.write(np.arange(self._size))
        restated = np.flatnonzero(is_restated)
        first_texts, first_micro = writer.write(restated, self._first_percent()[restated])
        changed = np.concatenate([visible_ms, restated_ms[is_restated]])
        lengths = np.fromiter((len(texts[i]) + 1 for i in order.tolist()), dtype=np.int64, count=len(order))
        return DayEvents(
            day=self._plan.day,
            people=self._people,
            at_ms=at_ms[order],
            visible_ms=visible_ms[order],
            restated_ms=restated_ms[order],
            person=self._person[order],
            category=category[order],
            micro=_column(micro, self._size)[order],
            first_micro=_column(micro | first_micro, self._size)[order],
            text=b"".join(texts[i] + b"," for i in order.tolist()),
            starts=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)]),
            first_text={place: first_texts[i] for place, i in enumerate(order.tolist()) if i in first_texts},
            changes_ms=np.sort(changed),
        )

    def _hours(self, column: str, low: int, high: int) -> Ints:
        result: Ints = low * HOUR_MS + self._draws.below(column, (high - low) * HOUR_MS)
        return result

    def _timestamps(self) -> Ints:
        start = np.array([person.start_ms for person in self._people], dtype=np.int64)[self._person]
        span = np.array([person.span_ms for person in self._people], dtype=np.int64)[self._person]
        at_ms = self._day_start_ms + start + self._draws.below("at", span)
        shares = self._draws.chance("same_millisecond", self._quirks.same_millisecond)
        for i in np.flatnonzero(shares).tolist():
            if i and self._person[i] == self._person[i - 1]:
                at_ms[i] = at_ms[i - 1]
        if self._quirks.midnight_events and self._size:
            busiest = int(np.argmax(np.where(self._is_somebody(), self._plan.requests, 0)))
            rows = np.flatnonzero(self._person == busiest)
            if len(rows) > 1:
                at_ms[rows[0]] = self._day_start_ms
                at_ms[rows[-1]] = self._day_start_ms + DAY_MS - 1
        return at_ms

    def _is_somebody(self) -> Flags:
        return np.array([not person.is_nobody for person in self._people])

    def _newest_first(self, at_ms: Ints) -> Ints:
        """Row numbers in the order of the answer; a twin is its row twice."""
        order = np.argsort(-at_ms, kind="stable")
        twins = self._draws.chance("twins", self._quirks.twins)[order]
        result: Ints = np.repeat(order, 1 + twins.astype(np.int64))
        return result

    def _kinds(self, at_ms: Ints) -> Ints:
        quirks = self._quirks
        days_in = self._days_into_cycle(at_ms)
        used_up_from = np.array([person.on_demand_from_day for person in self._people], dtype=np.int64)[self._person]
        kind = np.where(days_in >= used_up_from, ON_DEMAND, INCLUDED)
        own_key = np.array([person.own_key_ppm for person in self._people], dtype=np.int64)[self._person]
        kind = np.where(self._draws.ppm("own_key") < own_key, OWN_KEY, kind)
        u = self._draws.ppm("kind")
        below = 0
        for number, share in (
            (ERRORED, quirks.errored),
            (ABORTED, quirks.aborted),
            (UNKNOWN, quirks.unknown_kind),
            (CREDIT, quirks.credit),
            (INCLUDED_IN_PRO, 0.004),
        ):
            above = below + share_ppm(share)
            kind = np.where((u >= below) & (u < above), number, kind)
            below = above
        return kind

    def _days_into_cycle(self, at_ms: Ints) -> Ints:
        """A day has at most one cycle start in it: the cycle at its beginning, the cycle at its end."""
        earlier = self._company.cycle_start_ms(self._day_start_ms)
        later = self._company.cycle_start_ms(self._day_start_ms + DAY_MS - 1)
        return (at_ms - np.where(at_ms >= later, later, earlier)) // DAY_MS

    def _first_percent(self) -> Ints:
        return np.array(_RESTATED_FROM)[self._draws.below("restated_from", len(_RESTATED_FROM))]


def _column(values: dict[int, int], size: int) -> Ints:
    return np.fromiter((values[i] for i in range(size)), dtype=np.int64, count=size)
