"""Who works at the simulated company, and with what habits.

A seat has either one holder for good or a new one every 84 days, one seat after the other: at any clock somebody is new
and somebody has just left. The change is at midnight UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from tests.cursor_api_simulator import models
from tests.cursor_api_simulator.clock import DAY_MS, HOUR_MS, to_ms
from tests.cursor_api_simulator.draws import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cursor_api_simulator.options import CompanyOptions

TENURE_DAYS = 84
_LAPSE_PERIOD_DAYS, _LAPSE_ACTIVE_DAYS = 150, 40


class Habit(StrEnum):
    HEAVY = "heavy"
    REGULAR = "regular"
    LIGHT = "light"
    PREMIUM_FOR_SIMPLE_WORK = "premium_for_simple_work"
    WEEKENDS = "weekends"
    TAB_ONLY = "tab_only"
    LAPSED = "lapsed"
    NEVER = "never"
    UNPAID_ADMIN = "unpaid_admin"
    SERVICE_ACCOUNT = "service_account"
    BUGBOT = "bugbot"
    FORMER_USER = "former_user"  # the account is gone, an automation of it still runs


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Chances in ppm to work on a day, and relative size of a day's work."""

    weekday: int
    weekend: int
    volume: int
    weights: tuple[float, ...] = models.EVERYDAY_WEIGHTS


RHYTHMS = {
    Habit.HEAVY: Rhythm(900_000, 120_000, 60),
    Habit.REGULAR: Rhythm(600_000, 40_000, 30),
    Habit.LIGHT: Rhythm(200_000, 20_000, 8),
    Habit.PREMIUM_FOR_SIMPLE_WORK: Rhythm(750_000, 50_000, 45, models.PREMIUM_WEIGHTS),
    Habit.WEEKENDS: Rhythm(40_000, 600_000, 25),
    Habit.TAB_ONLY: Rhythm(600_000, 50_000, 0),
    Habit.LAPSED: Rhythm(550_000, 50_000, 20),
    Habit.NEVER: Rhythm(0, 0, 0),
    Habit.UNPAID_ADMIN: Rhythm(0, 0, 0),
    Habit.SERVICE_ACCOUNT: Rhythm(950_000, 800_000, 40),
    Habit.BUGBOT: Rhythm(1_000_000, 300_000, 25, models.AUTO_WEIGHTS),
    Habit.FORMER_USER: Rhythm(700_000, 200_000, 6),
}

# Seen on a real team of 76: a third not active in a month, 18 to 30 active on a weekday, 2 to 7 on a weekend day.
_SEATS_OF_76 = {
    Habit.REGULAR: 17,
    Habit.HEAVY: 7,
    Habit.LIGHT: 11,
    Habit.NEVER: 17,
    Habit.LAPSED: 10,
    Habit.PREMIUM_FOR_SIMPLE_WORK: 3,
    Habit.TAB_ONLY: 3,
    Habit.WEEKENDS: 2,
}
_CHANGING_SEATS_OF_76 = 6
_CHANGING_HABITS = (Habit.REGULAR, Habit.LIGHT, Habit.HEAVY, Habit.NEVER, Habit.REGULAR)
UNATTRIBUTED_HABITS = (Habit.SERVICE_ACCOUNT, Habit.BUGBOT, Habit.FORMER_USER)

_CONSONANTS = ("b", "d", "f", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z")
_VOWELS = ("a", "e", "i", "o", "u")
_SYLLABLES = tuple(consonant + vowel for consonant in _CONSONANTS for vowel in _VOWELS)
_SURNAMES = ("Example", "Sample", "Fixture", "Placeholder", "Specimen", "Mockup", "Demoson")


def made_up_name(number: int) -> tuple[str, str]:
    """Another given name for every number."""
    rest, index = divmod(number, len(_SYLLABLES) ** 2)
    # 1487 and 65² have no common factor: neighbours get different names, and no two get the same.
    shuffled = index * 1487 % len(_SYLLABLES) ** 2
    syllables = [_SYLLABLES[shuffled // len(_SYLLABLES)], _SYLLABLES[shuffled % len(_SYLLABLES)]]
    while rest:
        rest, index = divmod(rest, len(_SYLLABLES))
        syllables.append(_SYLLABLES[index])
    return "".join(syllables).capitalize(), _SURNAMES[number % len(_SURNAMES)]


@dataclass(frozen=True, slots=True)
class Person:
    """A member, or a source of usage that is nobody (service account, Bugbot, a removed user)."""

    number: int  # unique
    habit: Habit
    user_id: str | int
    second_user_id: str | int | None
    name: str
    email: str  # trimmed and lower-case
    listed_email: str  # as the members list and spend spell it
    daily_email: str
    event_emails: tuple[str | None, ...]  # None: the key is absent
    role: str
    joined_ms: int
    removed_ms: int | None
    own_key_ppm: int
    on_demand_from_day: int  # of the billing cycle: from then on the included usage is used up
    start_ms: int  # of a working day, after midnight UTC
    span_ms: int
    lapse_offset_days: int

    @property
    def is_nobody(self) -> bool:
        return self.habit in UNATTRIBUTED_HABITS

    def chance_ppm(self, day: int) -> int:
        """That the person works on this day."""
        rhythm = RHYTHMS[self.habit]
        if self.habit is Habit.LAPSED and (day + self.lapse_offset_days) % _LAPSE_PERIOD_DAYS >= _LAPSE_ACTIVE_DAYS:
            return 0
        return rhythm.weekend if is_weekend(day) else rhythm.weekday


def is_weekend(day: int) -> bool:
    return (day + 3) % 7 >= 5  # 1970-01-01 was a Thursday; 5 and 6 are Saturday and Sunday


_ON_DEMAND_FROM_DAY = {
    Habit.HEAVY: (6, 12),
    Habit.PREMIUM_FOR_SIMPLE_WORK: (9, 12),
    Habit.REGULAR: (16, 30),
    Habit.SERVICE_ACCOUNT: (8, 6),
    Habit.BUGBOT: (12, 6),
}


class Roster:
    """The people of one company: who is a member, who is on the list, who may work on a day."""

    def __init__(self, company: CompanyOptions) -> None:
        self._company = company
        self._founded_day = to_ms(company.founded) // DAY_MS
        self._person = lru_cache(maxsize=None)(self._make_person)

    @cached_property
    def _habits(self) -> list[Habit]:
        """The habit of each seat that does not change hands."""
        seats = max(self._company.seats - 1 - self._changing_seats, 0)
        total = sum(_SEATS_OF_76.values())
        habits: list[Habit] = []
        due = dict.fromkeys(_SEATS_OF_76, 0)
        for _ in range(seats):
            for habit, share in _SEATS_OF_76.items():
                due[habit] += share
            habit = max(due, key=lambda candidate: due[candidate])
            due[habit] -= total
            habits.append(habit)
        return habits

    @property
    def _changing_seats(self) -> int:
        return round(self._company.seats * _CHANGING_SEATS_OF_76 / 76)

    def _tenure(self, seat: int, day: int) -> tuple[int, int]:
        """Holder's number of a changing seat, counted from the founding, and the day on which this holder joined."""
        first = len(self._habits) + 1
        stagger = (seat - first) * TENURE_DAYS // max(self._changing_seats, 1)
        holder = (day - self._founded_day + stagger) // TENURE_DAYS
        return holder, self._founded_day + holder * TENURE_DAYS - stagger

    def _seats(self) -> Iterator[tuple[int, bool]]:
        """Each seat's number, and whether it changes hands. Seat 0 is the unpaid admin's."""
        fixed = len(self._habits) + 1
        for seat in range(fixed + self._changing_seats):
            yield seat, seat >= fixed

    def workers(self, day: int) -> list[Person]:
        """Those who may use Cursor on this day: members and, last, the sources without an e-mail."""
        if day < self._founded_day:
            return []
        people = [
            self._person(seat, self._tenure(seat, day)[0] if changes else None) for seat, changes in self._seats()
        ]
        return people + self.nobodies()

    def members(self, at_ms: int) -> list[Person]:
        """Those who are on the members list. Who is removed by then has a `removed_ms` at or before `at_ms`."""
        listed = []
        kept_days = self._company.removed_listed_days if self._company.removed_members == "flagged" else 0
        day = at_ms // DAY_MS
        if day < self._founded_day:
            return []
        for seat, changes in self._seats():
            if not changes:
                listed.append(self._person(seat, None))
                continue
            newest, _ = self._tenure(seat, day)
            oldest = max(newest - 2 - kept_days // TENURE_DAYS, 0)
            for holder in range(oldest, newest + 1):
                person = self._person(seat, holder)
                forgotten_ms = None if person.removed_ms is None else person.removed_ms + kept_days * DAY_MS
                if person.joined_ms <= at_ms and (forgotten_ms is None or at_ms < forgotten_ms):
                    listed.append(person)
        return listed

    def nobodies(self) -> list[Person]:
        return [self._nobody(habit) for habit in UNATTRIBUTED_HABITS]

    def _make_person(self, seat: int, holder: int | None) -> Person:
        seed = self._company.seed
        number = seat if holder is None else self._company.seats * (holder + 1) + seat
        traits = number_of(seed, "person", number)
        given, surname = made_up_name(number)
        email = f"{given}.{surname}@example.com".lower()
        habit = self._habit(seat, holder, traits)
        removed_ms = joined_ms = None
        if holder is not None:
            joined_day = self._tenure(seat, self._founded_day)[1] + holder * TENURE_DAYS
            joined_ms = joined_day * DAY_MS if holder else self._founded_day * DAY_MS
            removed_ms = (joined_day + TENURE_DAYS) * DAY_MS
        listed, daily, in_events = _spellings(email, f"{given}.{surname}@Example.com", number)
        threshold, spread = _ON_DEMAND_FROM_DAY.get(habit, (24, 20))
        return Person(
            number=number,
            habit=habit,
            user_id=self._user_id(number, 0),
            second_user_id=self._user_id(number, 1) if _has_two_user_ids(habit, seat) else None,
            name=f"{given} {surname}",
            email=email,
            listed_email=listed,
            daily_email=daily,
            event_emails=in_events,
            role=_role(habit, seat),
            joined_ms=joined_ms if joined_ms is not None else self._founded_day * DAY_MS,
            removed_ms=removed_ms,
            own_key_ppm=350_000 if habit is Habit.REGULAR and number % 16 == 6 else 0,
            on_demand_from_day=threshold + traits % spread,
            start_ms=(traits >> 8) % 13 * HOUR_MS,
            span_ms=(8 + (traits >> 16) % 3) * HOUR_MS,
            lapse_offset_days=seat * 37 % _LAPSE_PERIOD_DAYS,
        )

    def _habit(self, seat: int, holder: int | None, traits: int) -> Habit:
        if seat == 0:
            return Habit.UNPAID_ADMIN
        if holder is None:
            return self._habits[seat - 1]
        return _CHANGING_HABITS[(traits >> 24) % len(_CHANGING_HABITS)]

    def _user_id(self, number: int, which: int) -> str | int:
        unique = number_of(self._company.seed, "user", number, which)
        if self._company.numeric_ids:
            return 100_000 + number * 2 + which
        return f"user_{unique:016X}"

    def _nobody(self, habit: Habit) -> Person:
        order = UNATTRIBUTED_HABITS.index(habit)
        threshold, spread = _ON_DEMAND_FROM_DAY.get(habit, (40, 1))
        spellings: dict[Habit, tuple[str | None, ...]] = {
            Habit.SERVICE_ACCOUNT: ("runner@example.com", "runner@example.com", None, ""),
            Habit.BUGBOT: (None, ""),
            Habit.FORMER_USER: ("",),
        }
        return Person(
            number=-1 - order,
            habit=habit,
            user_id={Habit.SERVICE_ACCOUNT: "sa_1", Habit.BUGBOT: "bugbot", Habit.FORMER_USER: "user_GONE"}[habit],
            second_user_id=None,
            name={Habit.SERVICE_ACCOUNT: "runner", Habit.BUGBOT: "Bugbot", Habit.FORMER_USER: ""}[habit],
            email="",
            listed_email="",
            daily_email="",
            event_emails=spellings[habit],
            role="member",
            joined_ms=self._founded_day * DAY_MS,
            removed_ms=None,
            own_key_ppm=0,
            on_demand_from_day=threshold + number_of(self._company.seed, habit) % spread,
            start_ms=0,
            span_ms=24 * HOUR_MS,
            lapse_offset_days=0,
        )


def _has_two_user_ids(habit: Habit, seat: int) -> bool:
    return habit in {Habit.HEAVY, Habit.REGULAR} and seat % 25 == 5


def _role(habit: Habit, seat: int) -> str:
    if habit is Habit.UNPAID_ADMIN:
        return "free-owner"
    return {1: "owner", 2: "admin"}.get(seat, "member")


def _spellings(email: str, mixed: str, number: int) -> tuple[str, str, tuple[str | None, ...]]:
    """How the members list, daily usage and the events spell one person's address."""
    if number % 13 == 4:
        return f" {mixed}", email, (mixed, email, f"{email} ")
    if number % 13 == 9:
        return email, mixed, (email.upper(), email)
    return email, email, (email,)
