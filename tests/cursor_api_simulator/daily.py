"""Rows of daily-usage-data: what the editor counted, a person and a UTC day."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tests.cursor_api_simulator.clock import DAY_MS, day_text
from tests.cursor_api_simulator.draws import Draws, share_ppm
from tests.cursor_api_simulator.models import MODELS
from tests.cursor_api_simulator.people import Habit

if TYPE_CHECKING:
    from tests.cursor_api_simulator.options import CompanyOptions
    from tests.cursor_api_simulator.people import Person
    from tests.cursor_api_simulator.plan import DayPlan

# 17 knots, after the quantiles of active rows in cursor-api.md section 3.
_COUNTERS = {
    "totalLinesAdded": (0, 0, 0, 0, 0, 1, 3, 6, 10, 40, 110, 190, 307, 650, 1300, 2600, 19500),
    "totalLinesDeleted": (0, 0, 0, 0, 0, 0, 1, 2, 4, 15, 40, 75, 130, 270, 560, 1200, 9000),
    "acceptedLinesAdded": (0, 0, 0, 0, 0, 0, 1, 3, 6, 25, 70, 130, 220, 480, 950, 1900, 14000),
    "acceptedLinesDeleted": (0, 0, 0, 0, 0, 0, 0, 1, 2, 9, 25, 50, 90, 190, 400, 900, 6500),
    "totalApplies": (0, 0, 0, 0, 0, 0, 1, 1, 2, 4, 8, 13, 20, 32, 50, 85, 240),
    "totalAccepts": (0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 6, 10, 16, 26, 42, 72, 200),
    "totalRejects": (0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 5, 8, 14, 60),
    "totalTabsShown": (0, 0, 0, 0, 0, 2, 5, 9, 13, 22, 38, 60, 92, 140, 215, 330, 980),
    "totalTabsAccepted": (0, 0, 0, 0, 0, 0, 1, 2, 3, 6, 11, 18, 28, 44, 70, 110, 320),
    "composerRequests": (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 20, 60, 240),
    "chatRequests": (0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 5, 8, 12, 18, 30, 130),
    "agentRequests": (0, 0, 1, 1, 1, 2, 2, 3, 3, 5, 6, 8, 10, 14, 19, 26, 90),
    "cmdkUsages": (0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 5, 8, 13, 22, 70),
    "subscriptionIncludedReqs": (0, 0, 0, 1, 1, 2, 2, 3, 4, 6, 9, 13, 18, 26, 38, 60, 180),
    "apiKeyReqs": (0,) * 16 + (5,),
    "usageBasedReqs": (0,) * 12 + (1, 2, 4, 9, 40),
    "bugbotUsages": (0,) * 14 + (1, 2, 5),
}
_TAB_COUNTERS = ("totalTabsShown", "totalTabsAccepted")
_EXTENSIONS = (".tsx", ".ts", ".py", "py", "sql", ".go", "", None)
_VERSIONS = ('"2.4.21"', '"2.4.28"', '"2.5.0"', '""', "null")
_KEPT_DAYS = 100


@dataclass(frozen=True, slots=True)
class DailyRow:
    person: Person
    user_id: str | int
    day: int
    is_active: bool
    head: str
    tail: str

    def text(self, range_start_ms: int) -> bytes:
        """The row in an answer: `date` is the request's start plus whole days, time of day and all."""
        offset = self.day - range_start_ms // DAY_MS
        return f"{self.head}{range_start_ms + offset * DAY_MS}{self.tail}".encode()


class DailyRows:
    """The rows of each day, all members of that day."""

    def __init__(self, company: CompanyOptions) -> None:
        self._company = company
        self._closed: OrderedDict[int, list[DailyRow]] = OrderedDict()

    def of_day(self, plan: DayPlan, at_ms: int) -> list[DailyRow]:
        """The day's rows as they stand at `at_ms`; of the current day what has happened so far."""
        if at_ms < (plan.day + 1) * DAY_MS:
            return self._make(plan, at_ms)
        if plan.day not in self._closed:
            self._closed[plan.day] = self._make(plan, at_ms)
            if len(self._closed) > _KEPT_DAYS:
                self._closed.popitem(last=False)
        return self._closed[plan.day]

    def _make(self, plan: DayPlan, at_ms: int) -> list[DailyRow]:
        people = [person for person in plan.people if not person.is_nobody]
        draws = Draws(len(people), self._company.seed, "daily", plan.day)
        permille = np.array([_elapsed_permille(person, plan.day, at_ms) for person in people], dtype=np.int64)
        counters = {
            name: (draws.quantiles(name, knots) * permille // 1000).tolist() for name, knots in _COUNTERS.items()
        }
        lost = (draws.ppm("lost") < share_ppm(self._company.quirks.days_without_row)).tolist()
        shown = self._shows_zero_row(draws)
        variant = draws.below("variant", 5 * 8 * len(MODELS) * 2).tolist()
        rows = []
        for i, person in enumerate(people):
            works = bool(plan.works[i]) and bool(permille[i])
            if works and lost[i] and plan.requests[i]:
                continue
            if not works and not shown[i]:
                continue
            values = {name: column[i] if works else 0 for name, column in counters.items()}
            if person.habit is Habit.TAB_ONLY:
                values = {name: value if name in _TAB_COUNTERS else 0 for name, value in values.items()}
            rows.append(_row(person, person.user_id, plan.day, values, variant[i], is_active=works))
            if works and person.second_user_id is not None:
                few = {name: value // 9 for name, value in values.items()}
                rows.append(_row(person, person.second_user_id, plan.day, few, variant[i] + 3, is_active=True))
        return rows

    def _shows_zero_row(self, draws: Draws) -> list[bool]:
        share = {"all": 1.0, "some": 0.5, "none": 0.0}[self._company.daily_zero_rows]
        shown: list[bool] = (draws.ppm("zero_row") < share_ppm(share)).tolist()
        return shown


def _elapsed_permille(person: Person, day: int, at_ms: int) -> int:
    worked_ms = at_ms - day * DAY_MS - person.start_ms
    return max(0, min(1000, worked_ms * 1000 // person.span_ms))


def _row(
    person: Person, user_id: str | int, day: int, values: dict[str, int], variant: int, *, is_active: bool
) -> DailyRow:
    counters = ",".join(f'"{name}":{value}' for name, value in values.items())
    head = f'{{"userId":{json.dumps(user_id)},"day":"{day_text(day)}","date":'
    active = "true" if is_active else "false"
    texts = _texts(variant, is_active=is_active)
    tail = f',"email":"{person.daily_email}","isActive":{active},{counters}{texts}}}'
    return DailyRow(person, user_id, day, is_active, head, tail)


def _texts(variant: int, *, is_active: bool) -> str:
    """The text columns; what is empty comes as null, as "" or not at all."""
    if not is_active:
        return (
            ',"mostUsedModel":null,"applyMostUsedExtension":null,"tabMostUsedExtension":null,"clientVersion":null',
            ',"mostUsedModel":"","applyMostUsedExtension":"","tabMostUsedExtension":"","clientVersion":""',
            "",
        )[0 if variant % 4 else 1 + variant // 4 % 2]
    model = MODELS[variant % len(MODELS)].name
    apply, tab = _EXTENSIONS[variant // 7 % 8], _EXTENSIONS[variant // 5 % 8]
    extensions = "".join(
        f',"{name}":{json.dumps(value)}'
        for name, value in (("applyMostUsedExtension", apply), ("tabMostUsedExtension", tab))
        if value is not None or variant % 2
    )
    return f',"mostUsedModel":"{model}"{extensions},"clientVersion":{_VERSIONS[variant % len(_VERSIONS)]}'
