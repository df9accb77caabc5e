"""The simulated company: what Cursor would answer about it, as a pure function of options and clock."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.cursor_api_simulator.answers import Answer, dumps
from tests.cursor_api_simulator.clock import DAY_MS, Instant, to_datetime, to_ms
from tests.cursor_api_simulator.daily import DailyRow, DailyRows
from tests.cursor_api_simulator.events import DayEvents, make_day
from tests.cursor_api_simulator.kinds import Category
from tests.cursor_api_simulator.money import MICRO, cents
from tests.cursor_api_simulator.options import CompanyOptions
from tests.cursor_api_simulator.people import Person, Roster
from tests.cursor_api_simulator.plan import DayPlan, plan_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.cursor_api_simulator.draws import Ints

Record = dict[str, Any]
_EVERYTHING = 2**31  # a page size
_BILLED = (Category.INCLUDED, Category.ON_DEMAND)


@dataclass(frozen=True, slots=True)
class _View:
    """A day as it is answered at one instant; laid out like DayEvents."""

    people: list[Person]
    at_ms: Ints
    person: Ints
    text: bytes
    starts: Ints


@dataclass(slots=True)
class _Spent:
    included_micro: int = 0
    on_demand_micro: int = 0
    has_events: bool = False


class Company:
    """One company. Options as keywords: `Company(seed=3, seats=20)`; see CompanyOptions and Quirks.

    `members`, `events`, `daily_usage` and `spend` give an answer's records as Python data at an instant, numbers with a
    fraction as Decimal, exactly as the text of the answer shows them.
    """

    def __init__(self, options: CompanyOptions | None = None, **overrides: Any) -> None:
        self.options = options if options is not None else CompanyOptions(**overrides)
        self.roster = Roster(self.options)
        self._daily = DailyRows(self.options)
        self._plans: dict[int, DayPlan] = {}
        self._days: OrderedDict[int, DayEvents] = OrderedDict()
        self._views: dict[int, tuple[int, _View]] = {}
        self._lock = threading.RLock()

    # Plain data, for independent computations.

    def members(self, at: Instant) -> list[Record]:
        return _loads(self.members_answer(to_ms(at)).joined)

    def events(self, start: Instant, end: Instant, at: Instant) -> list[Record]:
        """The events of a window, both ends inclusive, newest first."""
        answer = self.events_answer(to_ms(start), to_ms(end), to_ms(at), page=1, page_size=_EVERYTHING)
        return _loads(answer.joined)

    def daily_usage(self, start: Instant, end: Instant, at: Instant) -> list[Record]:
        """All rows of a range of UTC days, both ends inclusive, as a paged request gives them."""
        answer = self.daily_usage_answer(to_ms(start), to_ms(end), to_ms(at), page=1, page_size=_EVERYTHING)
        return _loads(answer.joined)

    def spend(self, at: Instant) -> Record:
        """The whole answer with every member in it."""
        answer = self.spend_answer(to_ms(at), page=1, page_size=_EVERYTHING)
        result: Record = json.loads(answer.encode(), parse_float=Decimal)
        return result

    def warm(self, start: Instant, end: Instant) -> int:
        """Generate the days of a window now, so that no request waits for it; their number of events."""
        days = range(to_ms(start) // DAY_MS, to_ms(end) // DAY_MS + 1)
        return sum(len(self._day(day).at_ms) for day in days)

    # Answers.

    def members_answer(self, at_ms: int) -> Answer:
        people = self.roster.members(at_ms)
        records = [dumps(record) for person in people for record in self._member_records(person, at_ms)]
        return Answer({"teamMembers": None}, "teamMembers", b",".join(records))

    def events_answer(
        self,
        start_ms: int,
        end_ms: int,
        at_ms: int,
        *,
        page: int,
        page_size: int,
        email: str | None = None,
        user_id: str | None = None,
        without_newest: bool = False,
    ) -> Answer:
        first, last = (page - 1) * page_size, page * page_size
        total = 0
        parts = []
        for view, low, high in self._windows(start_ms, end_ms, at_ms):
            rows: range | Ints = range(low, high)
            if email is not None or user_id is not None:
                chosen = [_is_chosen(person, email, user_id) for person in view.people]
                rows = low + np.flatnonzero(np.array(chosen)[view.person[low:high]])
            if without_newest and len(rows):
                rows, without_newest = rows[1:], False
            part = _slice(view, rows, max(first - total, 0), max(last - total, 0))
            if part:
                parts.append(part)
            total += len(rows)
        pages = -(-total // page_size)
        pagination = {
            "numPages": pages,
            "currentPage": page,
            "pageSize": page_size,
            "hasNextPage": page < pages,
            "hasPreviousPage": page > 1,
        }
        envelope = {
            "totalUsageEventsCount": total,
            "pagination": pagination,
            "usageEvents": None,
            "period": {"startDate": start_ms, "endDate": end_ms},
        }
        return Answer(envelope, "usageEvents", b",".join(parts))

    def daily_usage_answer(
        self, start_ms: int, end_ms: int, at_ms: int, *, page: int | None, page_size: int | None
    ) -> Answer:
        """With `page` and `page_size` every member of the range, by pages of users; without them the active ones."""
        by_user: dict[str | int, list[DailyRow]] = {}
        for day in self._days_between(start_ms, end_ms, at_ms):
            for row in self._daily_rows(day, at_ms):
                by_user.setdefault(row.user_id, []).append(row)
        users = sorted(by_user.values(), key=_user_order)
        envelope: dict[str, Any] = {"data": None, "period": {"startDate": start_ms, "endDate": end_ms}}
        if page is None or page_size is None:
            users = [rows for rows in users if any(row.is_active for row in rows)]
        else:
            pages = -(-len(users) // page_size)
            envelope["pagination"] = {
                "page": page,
                "pageSize": page_size,
                "totalUsers": len(users),
                "totalPages": pages,
                "hasNextPage": page < pages,
                "hasPreviousPage": page > 1,
            }
            users = users[(page - 1) * page_size : page * page_size]
        return Answer(envelope, "data", b",".join(row.text(start_ms) for rows in users for row in rows))

    def spend_answer(
        self,
        at_ms: int,
        *,
        page: int = 1,
        page_size: int = 100,
        search_term: str = "",
        sort_by: str | None = None,
        sort_direction: str = "desc",
    ) -> Answer:
        cycle_start_ms = self.options.cycle_start_ms(at_ms)
        spent = self._spent(cycle_start_ms, at_ms)
        people = [person for person in self._spenders(spent, at_ms) if _is_found(person, search_term)]
        if sort_by is not None:
            keys = {
                "amount": lambda person: spent[person].on_demand_micro if person in spent else 0,
                "date": lambda person: person.joined_ms,
                "user": lambda person: person.name,
            }
            people.sort(key=keys.get(sort_by, keys["amount"]), reverse=sort_direction != "asc")
        shown = people[(page - 1) * page_size : page * page_size]
        highest = max((amounts.on_demand_micro for amounts in spent.values()), default=0)
        envelope = {
            "teamMemberSpend": None,
            "subscriptionCycleStart": cycle_start_ms,
            "totalMembers": len(people),
            "totalPages": max(-(-len(people) // page_size), 1),
            "limitedUsersCount": 0,
            "maxUserSpendCents": -(-highest // MICRO),
        }
        records = [self._spend_record(person, spent.get(person, _Spent()), at_ms) for person in shown]
        return Answer(envelope, "teamMemberSpend", b",".join(records))

    # Members and spend.

    def _member_records(self, person: Person, at_ms: int) -> Iterator[Record]:
        is_removed = person.removed_ms is not None and person.removed_ms <= at_ms
        record: Record = {
            "id": person.user_id,
            "name": person.name,
            "email": person.listed_email,
            # Some removed people have lost their role in the list.
            "role": "removed" if is_removed and person.number % 3 == 0 else person.role,
        }
        if self.options.removed_members == "flagged":
            record["isRemoved"] = is_removed
        yield record
        if person.second_user_id is not None and self.options.lists_second_user_id:
            yield record | {"id": person.second_user_id, "isRemoved": True}

    def _spenders(self, spent: Mapping[Person, _Spent], at_ms: int) -> list[Person]:
        """Present members, then people who have left and sources without an e-mail, where they used anything."""
        present = [
            person for person in self.roster.members(at_ms) if person.removed_ms is None or person.removed_ms > at_ms
        ]
        known = set(present)
        others = sorted((person for person in spent if person not in known), key=lambda person: person.number)
        gone = [person for person in others if not person.is_nobody]
        nobodies = [person for person in others if person.is_nobody and self.options.unattributed_spend == "rows"]
        return present + gone + nobodies

    def _spend_record(self, person: Person, spent: _Spent, at_ms: int) -> bytes:
        on_demand, included = spent.on_demand_micro, spent.included_micro
        if self.options.spend_cents == "integer":
            on_demand, included = (round_to_cents(amount) for amount in (on_demand, included))
        vintage = self.options.included_field
        if vintage == "mixed":
            vintage = ("overall", "included")[person.number % 2]
        amounts = f'"spendCents":{cents(on_demand)}'
        if vintage == "overall":
            amounts += f',"overallSpendCents":{cents(on_demand + included)}'
        elif vintage == "included":
            amounts += f',"includedSpendCents":{cents(included)}'
        who = dumps({"userId": person.user_id, "name": person.name, "email": person.listed_email, "role": person.role})
        rest: Record = {
            "fastPremiumRequests": 0,
            "hardLimitOverrideDollars": 0,
            "monthlyLimitDollars": None,
            "effectivePerUserLimitDollars": 100,
            "profilePictureUrl": None,
        }
        if person.removed_ms is not None and person.removed_ms <= at_ms:
            rest["removedAt"] = to_datetime(person.removed_ms).isoformat()
        return who[:-1] + b"," + amounts.encode() + b"," + dumps(rest)[1:]

    def _spent(self, start_ms: int, at_ms: int) -> dict[Person, _Spent]:
        """Included and on-demand amounts of everybody with an event since `start_ms`, as known at `at_ms`."""
        result: dict[Person, _Spent] = {}
        for day in self._days_between(start_ms, at_ms, at_ms):
            events = self._day(day)
            counts = (events.visible_ms <= at_ms) & (events.at_ms >= start_ms)
            amounts = np.where(events.restated_ms <= at_ms, events.micro, events.first_micro)
            size = len(events.people)
            sums = [_sum_by(events.person, amounts, counts & (events.category == kind), size) for kind in _BILLED]
            for i in np.flatnonzero(np.bincount(events.person[counts], minlength=size)).tolist():
                spent = result.setdefault(events.people[i], _Spent())
                spent.included_micro += sums[0][i]
                spent.on_demand_micro += sums[1][i]
        return result

    # Days.

    def _days_between(self, start_ms: int, end_ms: int, at_ms: int) -> range:
        """UTC days of a range that the company has data of, oldest first."""
        first = max(start_ms, to_ms(self.options.founded)) // DAY_MS
        if self.options.retention_days is not None:
            first = max(first, at_ms // DAY_MS - self.options.retention_days)
        return range(first, min(end_ms, at_ms) // DAY_MS + 1)

    def _windows(self, start_ms: int, end_ms: int, at_ms: int) -> Iterator[tuple[_View, int, int]]:
        """Each day's view, newest first, and which of its rows lie in the window."""
        for day in reversed(self._days_between(start_ms, end_ms, at_ms)):
            view = self._view(day, at_ms)
            low = int(np.searchsorted(-view.at_ms, -end_ms, side="left"))
            high = int(np.searchsorted(-view.at_ms, -start_ms, side="right"))
            if low < high:
                yield view, low, high

    def _plan(self, day: int) -> DayPlan:
        with self._lock:
            if day not in self._plans:
                self._plans[day] = plan_day(self.options, self.roster.workers(day), day)
            return self._plans[day]

    def _daily_rows(self, day: int, at_ms: int) -> list[DailyRow]:
        plan = self._plan(day)
        with self._lock:
            return self._daily.of_day(plan, at_ms)

    def _day(self, day: int) -> DayEvents:
        with self._lock:
            if day in self._days:
                self._days.move_to_end(day)
                return self._days[day]
            events = self._days[day] = make_day(self.options, self._plan(day))
            while len(self._days) > 1 and self._kept_bytes() > self.options.cache_bytes:
                forgotten, _ = self._days.popitem(last=False)
                self._views.pop(forgotten, None)
            return events

    def _kept_bytes(self) -> int:
        return sum(events.size_bytes for events in self._days.values())

    def _view(self, day: int, at_ms: int) -> _View:
        with self._lock:
            events = self._day(day)
            state = events.state(at_ms)
            if day in self._views and self._views[day][0] == state:
                return self._views[day][1]
            view = _view_of(events, at_ms)
            self._views[day] = (state, view)
            return view


def _loads(joined: bytes) -> list[Record]:
    result: list[Record] = json.loads(b"[" + joined + b"]", parse_float=Decimal)
    return result


def round_to_cents(micro: int) -> int:
    """Whole cents, half away from zero, in micro-cents."""
    whole = (abs(micro) + MICRO // 2) // MICRO * MICRO
    return whole if micro >= 0 else -whole


def _sum_by(person: Ints, amounts: Ints, mask: np.ndarray[Any, np.dtype[np.bool_]], size: int) -> list[int]:
    # Sums in doubles are exact here: whole numbers far below 2**53.
    sums: list[int] = np.bincount(person[mask], weights=amounts[mask], minlength=size).astype(np.int64).tolist()
    return sums


def _view_of(events: DayEvents, at_ms: int) -> _View:
    if events.is_final(at_ms):
        return _View(events.people, events.at_ms, events.person, events.text, events.starts)
    rows = np.flatnonzero(events.visible_ms <= at_ms)
    is_first = (events.restated_ms[rows] > at_ms).tolist()
    texts = [
        events.first_text[i] if first and i in events.first_text else events.row(i)
        for i, first in zip(rows.tolist(), is_first, strict=True)
    ]
    lengths = np.fromiter((len(text) + 1 for text in texts), dtype=np.int64, count=len(texts))
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    text = b",".join(texts) + b","
    return _View(events.people, events.at_ms[rows], events.person[rows], text, starts)


def _slice(view: _View, rows: range | Ints, first: int, last: int) -> bytes:
    """The texts of rows[first:last], comma between."""
    chosen = rows[first:last]
    if not len(chosen):
        return b""
    if isinstance(chosen, range):
        return view.text[view.starts[chosen.start] : view.starts[chosen.stop] - 1]
    return b",".join(view.text[view.starts[i] : view.starts[i + 1] - 1] for i in chosen.tolist())


def _user_order(rows: list[DailyRow]) -> tuple[int, bool]:
    person = rows[0].person
    return person.number, rows[0].user_id != person.user_id


def _is_chosen(person: Person, email: str | None, user_id: str | None) -> bool:
    if user_id is not None and user_id not in {str(person.user_id), str(person.second_user_id)}:
        return False
    return email is None or person.email == email.strip().lower()


def _is_found(person: Person, search_term: str) -> bool:
    return search_term.lower() in f"{person.name} {person.email}".lower()
