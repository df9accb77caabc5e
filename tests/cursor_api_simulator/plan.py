"""Who works on a day, and how much: cheap, where the events themselves are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tests.cursor_api_simulator.draws import PARTS_PER_MILLION, Draws, Flags, Ints, number_of
from tests.cursor_api_simulator.people import RHYTHMS, UNATTRIBUTED_HABITS, Habit, Person

if TYPE_CHECKING:
    from tests.cursor_api_simulator.options import CompanyOptions

# ‰ of a person's usual day.
_VOLUME_KNOTS = (50, 120, 200, 290, 380, 470, 570, 680, 800, 930, 1080, 1250, 1450, 1700, 2050, 2600, 4200)
_VOLUME_MEAN = 1077


@dataclass(frozen=True, slots=True)
class DayPlan:
    """Who works on a day, and on how many requests: cheap, where the events themselves are not."""

    day: int
    people: list[Person]
    works: Flags
    requests: Ints


def plan_day(company: CompanyOptions, people: list[Person], day: int) -> DayPlan:
    draws = Draws(len(people), company.seed, "plan", day)
    works = _who_works(company, people, day)
    volume = np.array([_volume_ppm(company, person.habit) for person in people], dtype=np.int64)
    expected_millis = volume * draws.quantiles("volume", _VOLUME_KNOTS) // _VOLUME_MEAN
    requests = (expected_millis + draws.below("rounding", 1000)) // 1000
    return DayPlan(day, people, works, np.where(works, requests, 0))


def _who_works(company: CompanyOptions, people: list[Person], day: int) -> Flags:
    """As many of each habit as its chance says, others every day: a head count that swings as a real one does."""
    chance = np.array([person.chance_ppm(day) for person in people], dtype=np.int64)
    habits = np.array([list(RHYTHMS).index(person.habit) for person in people], dtype=np.int64)
    turn = Draws(len(people), company.seed, "turn", day).u32("turn")
    luck = np.zeros(len(people), dtype=np.int64)
    for habit in np.unique(habits).tolist():
        rows = np.flatnonzero(habits == habit)
        place = np.argsort(np.argsort(turn[rows], kind="stable"))
        start = number_of(company.seed, "works", day, habit) % PARTS_PER_MILLION
        luck[rows] = (start + place * PARTS_PER_MILLION // len(rows)) % PARTS_PER_MILLION
    return luck < chance


def _volume_ppm(company: CompanyOptions, habit: Habit) -> int:
    """Mean requests of a working day, times 1000."""
    return RHYTHMS[habit].volume * company.events_per_day * 1000 // _weekday_volume(company.seats)


def _weekday_volume(seats: int) -> int:
    """The sum of chance times volume on a weekday, from the shares of habits at 76 seats."""
    people = (7.8 * 0.9 * 60) + (19 * 0.6 * 30) + (12 * 0.2 * 8) + (3 * 0.75 * 45) + (2 * 0.04 * 25) + (2.7 * 0.55 * 20)
    nobody = sum(RHYTHMS[habit].weekday * RHYTHMS[habit].volume / PARTS_PER_MILLION for habit in UNATTRIBUTED_HABITS)
    return round(people * seats / 76 + nobody)
