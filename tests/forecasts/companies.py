"""Companies made up at day grain: who used how much on which day, and what of it was included and what on-demand.

Everything is drawn from one seed. People differ a hundredfold in appetite, work on weekdays (some on weekends), drift
from week to week, take days off; the company has public holidays and grows into the tool. In the last four months one
to three things change for good or for a while. How included usage ends is one of three: a seat's dollars are used up,
only some models draw on them, or (rarely) a day of the cycle; nobody who forecasts knows which.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

CYCLES = 7
CHANGES = ("hiring", "price", "new_model", "holidays", "leavers", "allowance")
ALLOWANCES = ("dollars",) * 6 + ("some_models",) * 3 + ("day_of_cycle",)
_WEEKDAYS = np.array([1.0, 1.05, 1.08, 1.0, 0.85, 1.0, 1.0])
_SMALLEST, _LARGEST = 20, 400


@dataclass(frozen=True)
class Company:
    """Dollars by person and day, both counted from 0; `cycles` are first day and the day after the last."""

    seed: int
    first_date: date
    changes: tuple[str, ...]
    allowance: str
    cycles: list[tuple[int, int]]
    included: Doubles
    on_demand: Doubles

    @property
    def value(self) -> Doubles:
        return self.included + self.on_demand

    def day(self, number: int) -> date:
        return self.first_date + timedelta(days=number)


def make_company(seed: int) -> Company:
    """The company of a seed: seven billing cycles of 20 to 400 people."""
    draw = np.random.default_rng(seed)
    people = int(np.exp(draw.uniform(np.log(_SMALLEST), np.log(_LARGEST))))
    changes = tuple(str(change) for change in draw.choice(CHANGES, size=int(draw.integers(1, 4)), replace=False))
    first_date = date(2026, int(draw.integers(1, 7)), int(draw.integers(1, 29)))
    cycles = _cycles(first_date)
    when = {change: int(draw.integers(cycles[-3][0] - 30, cycles[-1][1] - 3)) for change in CHANGES}
    joiners = int(people * draw.uniform(0.15, 0.5)) if "hiring" in changes else 0
    value = _habits(draw, people + joiners, cycles[-1][1], first_date)
    for change in changes:
        _change(draw, value, change, when[change], joiners)
    value = np.round(value, 4)
    allowance = str(draw.choice(ALLOWANCES))
    on_demand = np.round(_on_demand(draw, value, cycles, allowance, is_moved="allowance" in changes), 4)
    return Company(seed, first_date, changes, allowance, cycles, np.round(value - on_demand, 4), on_demand)


def _cycles(first_date: date) -> list[tuple[int, int]]:
    starts = [first_date]
    while len(starts) <= CYCLES:
        last = starts[-1]
        starts.append(date(last.year + last.month // 12, last.month % 12 + 1, last.day))
    days = [(start - first_date).days for start in starts]
    return list(pairwise(days))


def _habits(draw: np.random.Generator, people: int, days: int, first_date: date) -> Doubles:
    """What each person would use on each day if nothing changed."""
    weekday = np.array([(first_date + timedelta(days=n)).weekday() for n in range(days)])
    appetite = np.exp(draw.normal(np.log(draw.uniform(0.8, 3.0)), 1.1, people))
    appetite[draw.random(people) < 0.15] *= 0.02
    on_weekdays = draw.beta(5, 2, people)
    on_weekends = np.where(draw.random(people) < 0.15, draw.uniform(0.3, 0.8, people), draw.uniform(0, 0.15, people))
    chance = np.where(weekday[None, :] >= 5, on_weekends[:, None], on_weekdays[:, None])
    size = np.exp(draw.normal(-0.32, 0.8, (people, days)))
    value: Doubles = np.where(draw.random((people, days)) < chance, size, 0.0)
    value *= appetite[:, None] * (_WEEKDAYS * draw.uniform(0.9, 1.1, 7))[weekday][None, :]
    weeks = days // 7 + 1
    value *= np.exp(_drift(draw, (people, weeks), keeps=0.85, moves=0.18))[:, np.arange(days) // 7]
    value *= np.exp(_drift(draw, (1, weeks), keeps=0.8, moves=0.045))[:, np.arange(days) // 7]
    value *= np.exp(np.linspace(0, draw.uniform(-0.1, 0.5), days))[None, :]
    for person in range(people):
        for _ in range(int(draw.poisson(days / 90))):
            away = int(draw.integers(0, days))
            value[person, away : away + int(draw.integers(3, 12))] = 0
    for _ in range(int(draw.poisson(days / 45))):
        value[:, int(draw.integers(0, days))] *= draw.random(people) < draw.uniform(0.05, 0.3)
    return value


def _drift(draw: np.random.Generator, shape: tuple[int, int], *, keeps: float, moves: float) -> Doubles:
    drift = np.zeros(shape)
    for week in range(1, shape[1]):
        drift[:, week] = keeps * drift[:, week - 1] + draw.normal(0, moves, shape[0])
    return drift


def _change(draw: np.random.Generator, value: Doubles, change: str, day: int, joiners: int) -> None:
    people, days = value.shape
    if change == "price":
        value[:, day:] *= draw.choice([draw.uniform(0.6, 0.85), draw.uniform(1.2, 1.7)])
    elif change == "new_model":
        taken_up = np.clip((np.arange(days) - day) / int(draw.integers(3, 15)), 0, 1)
        value *= (1 + taken_up * draw.uniform(0.2, 0.8))[None, :]
    elif change == "holidays":
        window = value[:, day : day + int(draw.integers(5, 12))]
        window *= draw.random(window.shape) < draw.uniform(0.1, 0.4)
    elif change == "leavers":
        for person in draw.choice(people - joiners, max(1, people // 8), replace=False):
            value[person, day + int(draw.integers(0, 15)) :] = 0
    elif change == "hiring":
        for person in range(people - joiners, people):
            joined = day + int(draw.integers(0, 25))
            value[person, :joined] = 0
            first_days = value[person, joined : joined + 10]
            first_days *= np.linspace(0.3, 1, 10)[: len(first_days)]


def _on_demand(
    draw: np.random.Generator, value: Doubles, cycles: list[tuple[int, int]], allowance: str, *, is_moved: bool
) -> Doubles:
    people = len(value)
    dollars = np.full(people, draw.choice([16.0, 20.0, 20.0, 30.0]))
    if draw.random() < 0.4:
        dollars[draw.random(people) < draw.uniform(0.05, 0.3)] *= 5
    moved = draw.uniform(0.7, 1.4) if is_moved else 1.0
    drawing = draw.uniform(0.6, 0.95) if allowance == "some_models" else 1.0
    last_included_day = draw.integers(5, 35, people)
    on_demand = np.zeros_like(value)
    for number, (start, end) in enumerate(cycles):
        used = value[:, start:end]
        if allowance == "day_of_cycle":
            is_over = np.arange(end - start)[None, :] >= last_included_day[:, None]
            on_demand[:, start:end] = np.where(is_over, used, 0)
            continue
        seats = dollars * (moved if number >= CYCLES - 2 else 1.0)
        beyond = np.maximum(0, np.cumsum(used * drawing, axis=1) - seats[:, None])
        on_demand[:, start:end] = np.diff(beyond, axis=1, prepend=0)
    return on_demand
