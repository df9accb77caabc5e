"""What the open cycle will have cost when it is over, and what the same would have said of the cycles that are over.

Sums of money are exact; levels, weekday patterns and forecasts are doubles, and a mart may differ from them by a cent.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.oracle import seats, tables
from tests.oracle.compare import ANYTHING, SOME_TEXT, Near
from tests.oracle.cycles import cycle_start, cycles, is_fully_covered
from tests.oracle.expected import Expected
from tests.oracle.team_costs import allowance_in_force
from tests.oracle.usage import (
    CENT,
    EIGHT_PLACES,
    ZERO,
    amount_in,
    closed_events,
    days_between,
    normal_email,
    requests,
    rounded,
    start_of,
    total,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.oracle.cycles import Cycle
    from tests.oracle.team import Team

Row = dict[str, Any]
Person = str | None  # None: everything unattributed together

HALF_LIFE_DAYS = 10
PATTERN_DAYS = 56
MIN_DAYS = 14
WEEKEND_WEIGHT = 0.2
LEAST_USAGE = 0.01  # dollars in the pattern's weeks; less tells nothing of weekdays
FIRST_DAYS = 7
RECENT_DAYS = 28
SPREAD_TEAM, SPREAD_CYCLES, SPREAD_FACTOR = 0.45, 3, 2
SPREAD_DEVELOPER = 1.3
CYCLES_OF_SPREAD = 6
WEEK = range(7)
SATURDAY = 5


# --- what was used on which day --------------------------------------------------------------------------------------


@cache
def value_of_day(team: Team) -> dict[tuple[Person, date], Decimal]:
    values: dict[tuple[Person, date], Decimal] = defaultdict(lambda: ZERO)
    for one in closed_events(team):
        if one.is_usage and one.amount is not None:
            values[one.email, one.day] += one.amount
    return dict(values)


@cache
def team_value_of_day(team: Team) -> dict[date, float]:
    values: dict[date, Decimal] = defaultdict(lambda: ZERO)
    for (_, day), value in value_of_day(team).items():
        values[day] += value
    return {day: float(values[day]) for day in team.events_by_day}


@cache
def days_of_use(team: Team) -> dict[Person, dict[date, float]]:
    """Each person's days whose usage value is not nothing."""
    days: dict[Person, dict[date, float]] = defaultdict(dict)
    for (person, day), value in value_of_day(team).items():
        if value != 0:
            days[person][day] = float(value)
    return dict(days)


@dataclass
class UsedInCycle:
    """A person's usage in a cycle, by day."""

    included: dict[date, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    on_demand: dict[date, Decimal] = field(default_factory=lambda: defaultdict(lambda: ZERO))

    def sums(self, until: date) -> tuple[Decimal, Decimal]:
        """Included and on-demand usage up to a day."""
        return (
            total(value for day, value in self.included.items() if day <= until),
            total(value for day, value in self.on_demand.items() if day <= until),
        )

    def first_day_over(self, until: date) -> date | None:
        return min((day for day, value in self.on_demand.items() if day <= until and value > 0), default=None)

    def sums_after(self, first: date, until: date) -> tuple[float, float]:
        """On-demand usage and all usage after one day and up to another."""
        on_demand = total(value for day, value in self.on_demand.items() if first < day <= until)
        included = total(value for day, value in self.included.items() if first < day <= until)
        return float(on_demand), float(on_demand + included)


@cache
def used_in_cycle(team: Team, cycle: Cycle) -> dict[Person, UsedInCycle]:
    used: dict[Person, UsedInCycle] = defaultdict(UsedInCycle)
    for one in closed_events(team):
        if cycle.holds(one.at) and one.is_usage and one.amount is not None:
            of_category = used[one.email].included if one.category == tables.INCLUDED else used[one.email].on_demand
            of_category[one.day] += one.amount
    return dict(used)


def first_date(cycle: Cycle) -> date:
    return cycle.start_at.date()


def last_date(cycle: Cycle) -> date:
    return (cycle.end_at - timedelta(microseconds=1)).date()


@cache
def covered_cycles(team: Team) -> list[Cycle]:
    """Closed cycles of which every day is loaded, oldest first."""
    return [cycle for cycle in cycles(team) if not cycle.is_open and is_fully_covered(team, cycle)]


# --- weekdays and levels ---------------------------------------------------------------------------------------------


@cache
def pattern(team: Team, t: date) -> tuple[float, ...]:
    """The weight of each weekday, Monday first, by the eight weeks up to t; their mean is 1."""
    values = team_value_of_day(team)
    seen = [day for day in values if t - timedelta(days=PATTERN_DAYS - 1) <= day <= t]
    whole = sum(values[day] for day in seen)
    raw = [1.0 if weekday < SATURDAY else WEEKEND_WEIGHT for weekday in WEEK]
    if len(seen) >= MIN_DAYS and whole >= LEAST_USAGE:
        of_weekday = [[values[day] for day in seen if day.weekday() == weekday] for weekday in WEEK]
        raw = [max(0.0, sum(those) / len(those)) if those else whole / len(seen) for those in of_weekday]
    mean = sum(raw) / len(raw)
    return tuple(one / mean for one in raw)


@cache
def level(team: Team, person: Person, t: date) -> float:
    """What the person uses on a day of weight 1, recent days counting more."""
    used = days_of_use(team).get(person, {})
    if not any(t - timedelta(days=RECENT_DAYS) < day <= t for day in used):
        return 0.0
    begin = min([*used, t - timedelta(days=FIRST_DAYS - 1)])
    value = weight = 0.0
    for day in team.events_by_day:
        if begin <= day <= t:
            fades = 2 ** ((day - t).days / HALF_LIFE_DAYS)
            value += used.get(day, 0.0) * fades
            weight += pattern(team, day)[day.weekday()] * fades
    return max(0.0, value / weight) if weight else 0.0


@cache
def weight_to_come(team: Team, cycle: Cycle, t: date, until: date) -> float:
    """The weights of the cycle's days after t and up to a day; of a day that it has in part, that part."""
    first = max(t + timedelta(days=1), first_date(cycle))
    last = min(until, last_date(cycle))
    weights = pattern(team, t)
    return sum(weights[day.weekday()] * part_in_cycle(cycle, day) for day in days_between(first, last))


def part_in_cycle(cycle: Cycle, day: date) -> float:
    begin = max(start_of(day), cycle.start_at)
    end = min(start_of(day) + timedelta(days=1), cycle.end_at)
    return (end - begin) / timedelta(days=1)


# --- a point: a cycle as it is known on a day ------------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    cycle: Cycle
    cycle_day: int  # 0: the cycle has no closed day yet
    t: date  # the last day that is known

    @property
    def days_to_come(self) -> list[date]:
        return days_between(max(self.t + timedelta(days=1), first_date(self.cycle)), last_date(self.cycle))


def points(cycle: Cycle) -> list[Point]:
    return [Point(cycle, n, first_date(cycle) + timedelta(days=n - 1)) for n in range(1, cycle.days + 1)]


def open_point(team: Team) -> Point | None:
    for cycle in cycles(team):
        t = max((day for day in team.events_by_day if day <= last_date(cycle)), default=None)
        if cycle.is_open and t is not None:
            return Point(cycle, min(max((t - first_date(cycle)).days + 1, 0), cycle.days), t)
    return None


def holders(team: Team, cycle: Cycle) -> set[Person]:
    """Who holds a seat; whose address nobody knows counts with the unattributed, whose usage it may be."""
    return {seat.email for seat in seats.paid_seats(team, cycle)}


@cache
def people(team: Team, cycle: Cycle) -> set[Person]:
    """Who ever used something, or holds a seat in the cycle."""
    used = {one.email for one in requests(closed_events(team))}
    return used | holders(team, cycle)


@dataclass(frozen=True)
class Known:
    """What is known of a person at a point, and what follows from it."""

    included: Decimal
    on_demand: Decimal
    first_over: date | None
    level: float
    on_demand_share: float | None  # of what is to come, once over
    allowance: float | None
    allowance_source: str | None

    def on_demand_of(self, to_come: float) -> float:
        """What of the usage to come is on-demand."""
        if self.on_demand_share is not None:
            return self.on_demand_share * to_come
        if self.allowance is None:
            return 0.0
        included = float(self.included)
        return max(0.0, included + to_come - max(self.allowance, included))


@cache
def known(team: Team, point: Point) -> dict[Person, Known]:
    used = used_in_cycle(team, point.cycle)
    over_of_all = on_demand_share_of_all(team, point)
    shared = team_allowance(team, point)
    told: dict[Person, Known] = {}
    for person in people(team, point.cycle):
        mine = used.get(person, UsedInCycle())
        included, on_demand = mine.sums(point.t)
        over = mine.first_day_over(point.t) if on_demand > 0 else None
        share, allowance, source = None, None, None
        if over is not None:
            share = on_demand_share(mine, over, point.t, over_of_all)
            allowance, source = float(included), "this_cycle"
        elif (own := own_allowance(team, point, person)) is not None:
            allowance, source = own, "earlier_cycle"
        elif (written := written_allowance(team, point.cycle, person)) is not None:
            allowance, source = written, "configured"
        elif shared is not None:
            allowance, source = max(shared, most_included(team, point, person)), "team"
        told[person] = Known(included, on_demand, over, level(team, person, point.t), share, allowance, source)
    return told


def people_over(team: Team, point: Point) -> dict[Person, UsedInCycle]:
    return {person: mine for person, mine in used_in_cycle(team, point.cycle).items() if mine.sums(point.t)[1] > 0}


def on_demand_share_of_all(team: Team, point: Point) -> float:
    """Of what all who are over used since they are; 1 where they used nothing since."""
    on_demand = value = 0.0
    for mine in people_over(team, point).values():
        over = mine.first_day_over(point.t)
        assert over is not None
        since = mine.sums_after(over, point.t)
        on_demand, value = on_demand + since[0], value + since[1]
    return clamped(on_demand / value) if value > 0 else 1.0


def on_demand_share(mine: UsedInCycle, over: date, t: date, of_all: float) -> float:
    on_demand, value = mine.sums_after(over, t)
    return clamped(on_demand / value) if value > 0 else of_all


def clamped(share: float) -> float:
    return min(1.0, max(0.0, share))


# --- where included usage ends ---------------------------------------------------------------------------------------


def earlier_cycles(team: Team, cycle: Cycle) -> list[Cycle]:
    return [one for one in covered_cycles(team) if one.start_at < cycle.start_at]


def own_allowance(team: Team, point: Point, person: Person) -> float | None:
    """What was included in the newest earlier cycle in which the person paid on top."""
    for cycle in reversed(earlier_cycles(team, point.cycle)):
        included, on_demand = used_in_cycle(team, cycle).get(person, UsedInCycle()).sums(last_date(cycle))
        if on_demand > 0:
            return float(included)
    return None


def written_allowance(team: Team, cycle: Cycle, person: Person) -> float | None:
    """What somebody wrote down that the fee of the person's own seat covers, not shared with anybody."""
    if seats.ended_before_first_snapshot(team, cycle):
        return None  # nobody knows who held which seat
    for seat in seats.paid_seats(team, cycle):
        if person is not None and seat.email == person:
            told = allowance_in_force(team, seat.seat_type, first_date(cycle))
            if told is not None and told.monthly_allowance_usd is not None and not told.is_pooled:
                return float(told.monthly_allowance_usd)
    return None


def most_included(team: Team, point: Point, person: Person) -> float:
    sums = [
        used_in_cycle(team, cycle).get(person, UsedInCycle()).sums(last_date(cycle))[0]
        for cycle in earlier_cycles(team, point.cycle)
    ]
    return max(0.0, *(float(included) for included in sums)) if sums else 0.0


@cache
def team_allowance(team: Team, point: Point) -> float | None:
    """The middle of everybody's own allowance; where nobody has one, of what those who are over have included now."""
    everybody = {person for cycle in earlier_cycles(team, point.cycle) for person in used_in_cycle(team, cycle)}
    own = [own_allowance(team, point, person) for person in everybody]
    values = [one for one in own if one is not None]
    values = values or [float(mine.sums(point.t)[0]) for mine in people_over(team, point).values()]
    return median(values) if values else None


# --- the team's figures ----------------------------------------------------------------------------------------------


def usage_to_come(team: Team, point: Point, person: Person) -> float:
    return known(team, point)[person].level * weight_to_come(team, point.cycle, point.t, last_date(point.cycle))


@cache
def team_usage_to_come(team: Team, point: Point) -> float:
    return sum(usage_to_come(team, point, person) for person in known(team, point))


def value_after(team: Team, point: Point) -> float:
    """What the team used in the cycle after the point."""
    later = [one for one in closed_events(team) if point.cycle.holds(one.at) and one.day > point.t]
    return float(amount_in(later, tables.INCLUDED, tables.ON_DEMAND))


@cache
def error_of_usage(team: Team, point: Point) -> float | None:
    """How far the usage to come was off, as a share; None where the point tells nothing."""
    came, said = value_after(team, point), team_usage_to_come(team, point)
    if loaded_days(team, point.t) < MIN_DAYS or (came <= 0 and said <= 0):
        return None
    if came <= 0 or said <= 0:
        return 1.0
    return min(1.0, max(came / said, said / came) - 1)


def spread_of_team(team: Team, point: Point) -> float:
    """The wider, the more the earlier cycles' same days were off."""
    errors = [
        error_of_usage(team, one)
        for cycle in reversed(earlier_cycles(team, point.cycle))
        for one in points(cycle)
        if one.cycle_day == point.cycle_day
    ]
    counting = [error for error in errors if error is not None][:CYCLES_OF_SPREAD]
    return (SPREAD_CYCLES * SPREAD_TEAM + SPREAD_FACTOR * sum(counting)) / (SPREAD_CYCLES + len(counting))


def loaded_days(team: Team, until: date) -> int:
    return sum(day <= until for day in team.events_by_day)


def has_enough_days(team: Team, point: Point) -> bool:
    return (
        loaded_days(team, point.t) >= MIN_DAYS
        and all(day in team.events_by_day for day in days_between(first_date(point.cycle), point.t))
        and (team_allowance(team, point) is not None or bool(earlier_cycles(team, point.cycle)))
    )


def low_mid_high(team: Team, point: Point, people: Iterable[Person], spread: float) -> tuple[float, float, float]:
    low = mid = high = 0.0
    for person in people:
        one, to_come = known(team, point)[person], usage_to_come(team, point, person)
        so_far = float(one.on_demand)
        low += so_far + one.on_demand_of(to_come / (1 + spread))
        mid += so_far + one.on_demand_of(to_come)
        high += so_far + one.on_demand_of(to_come * (1 + spread))
    return low, mid, high


def run_rate(on_demand: Decimal, point: Point) -> float | None:
    return float(on_demand) / point.cycle_day * point.cycle.days if point.cycle_day else None


def cents(value: float) -> Decimal:
    return rounded(rounded(Decimal(value), CENT), EIGHT_PLACES)


def near(value: float | None) -> Near | None:
    return None if value is None else Near(cents(value), CENT)


# --- overage_forecasts -----------------------------------------------------------------------------------------------


def forecast_rows(team: Team) -> list[Row]:
    point = open_point(team)
    if point is None:
        return []
    developers = sorted(developers_told_of(team, point), key=lambda person: (person is None, person))
    return [
        team_row(team, point),
        *[developer_row(team, point, person) for person in developers],
    ]


def developers_told_of(team: Team, point: Point) -> set[Person]:
    """Who used something in the cycle, holds a seat in it, or is expected to use something."""
    used = {one.email for one in requests(closed_events(team)) if point.cycle.holds(one.at) and one.day <= point.t}
    expected = {person for person, one in known(team, point).items() if one.level > 0}
    return used | holders(team, point.cycle) | expected


def frame(team: Team, point: Point, scope: str, email: Person) -> Row:
    return {
        "team_id": team.team_id,
        "scope": scope,
        "email": email,
        "cycle_start_at": point.cycle.start_at,
        "cycle_end_at": point.cycle.end_at,
        "as_of_date": point.t,
        "cycle_day": point.cycle_day,
        "days_left": len(point.days_to_come),
        "has_enough_days": has_enough_days(team, point),
        "method": SOME_TEXT,
    }


def team_row(team: Team, point: Point) -> Row:
    everybody = known(team, point)
    on_demand = total(one.on_demand for one in everybody.values())
    low, mid, high = low_mid_high(team, point, everybody, spread_of_team(team, point))
    limit = team_limit(team, point)
    by_day: dict[date, Decimal] = defaultdict(lambda: ZERO)
    for mine in used_in_cycle(team, point.cycle).values():
        for day, value in mine.on_demand.items():
            by_day[day] += value

    def forecast(until: date) -> float:
        weight = weight_to_come(team, point.cycle, point.t, until)
        return sum(float(one.on_demand) + one.on_demand_of(one.level * weight) for one in everybody.values())

    return frame(team, point, "team", None) | {
        "on_demand_to_date_usd": on_demand,
        "usage_to_come_usd": near(team_usage_to_come(team, point)),
        "run_rate_usd": near(run_rate(on_demand, point)),
        "forecast_low_usd": near(low),
        "forecast_mid_usd": near(mid),
        "forecast_high_usd": near(high),
        "spend_limit_usd": limit,
        "limit_hit_date": limit_hit_date(point, limit, by_day, forecast),
        "allowance_source": None,
        "allowance_usd": None,
        "allowance_hit_date": None,
    }


def developer_row(team: Team, point: Point, person: Person) -> Row:
    one = known(team, point)[person]
    whole = weight_to_come(team, point.cycle, point.t, last_date(point.cycle))
    to_come, so_far = one.level * whole, float(one.on_demand)
    limit = person_limit(team, point, person)
    mine = used_in_cycle(team, point.cycle).get(person, UsedInCycle())

    def forecast(until: date) -> float:
        return so_far + one.on_demand_of(one.level * weight_to_come(team, point.cycle, point.t, until))

    return frame(team, point, "developer", person) | {
        "on_demand_to_date_usd": one.on_demand,
        "usage_to_come_usd": near(to_come),
        "run_rate_usd": near(run_rate(one.on_demand, point)),
        "forecast_low_usd": near(so_far + one.on_demand_of(to_come / (1 + SPREAD_DEVELOPER))),
        "forecast_mid_usd": near(so_far + one.on_demand_of(to_come)),
        "forecast_high_usd": near(so_far + one.on_demand_of(to_come * (1 + SPREAD_DEVELOPER))),
        "spend_limit_usd": limit,
        "limit_hit_date": limit_hit_date(point, limit, mine.on_demand, forecast),
        "allowance_source": one.allowance_source,
        "allowance_usd": near(None if one.allowance is None else max(one.allowance, float(one.included))),
        "allowance_hit_date": allowance_hit_date(team, point, one),
    }


def team_limit(team: Team, point: Point) -> Decimal | None:
    first = first_date(point.cycle)
    told = [row for row in team.configured.spend_limits if row.valid_from is None or row.valid_from <= first]
    newest = max(told, key=lambda row: row.valid_from or date.min, default=None)
    return None if newest is None else seats.eight_places(newest.spend_limit_usd)


def person_limit(team: Team, point: Point, person: Person) -> Decimal | None:
    """The effective limit that the newest spend snapshot says, if it speaks of this cycle."""
    newest = max(team.spend_snapshots, key=lambda snapshot: snapshot[0], default=None)
    if newest is None or cycle_start(newest[1]) != point.cycle.start_at or person is None:
        return None
    limits = [
        Decimal(member["effectivePerUserLimitDollars"])
        for member in newest[1]["teamMemberSpend"]
        if normal_email(member.get("email")) == person and member.get("effectivePerUserLimitDollars") is not None
    ]
    largest = max(limits, default=Decimal(0))
    return seats.eight_places(largest) if largest > 0 else None


def limit_hit_date(
    point: Point, limit: Decimal | None, on_demand: dict[date, Decimal], forecast: Callable[[date], float]
) -> Any:
    if limit is None:
        return None
    so_far = ZERO
    for day in sorted(day for day in on_demand if day <= point.t):
        so_far += on_demand[day]
        if so_far >= limit:
            return day
    return first_day_reaching(point, limit, forecast)


def allowance_hit_date(team: Team, point: Point, one: Known) -> Any:
    if one.first_over is not None or one.allowance is None:
        return one.first_over
    if one.level <= 0:
        return None  # nothing more is used, so nothing more is used up
    included = float(one.included)
    if included >= one.allowance:
        return next((day for day in point.days_to_come if weight_to_come(team, point.cycle, point.t, day) > 0), None)
    return first_day_reaching(
        point,
        cents(one.allowance),
        lambda until: included + one.level * weight_to_come(team, point.cycle, point.t, until),
    )


def first_day_reaching(point: Point, border: Decimal, figure: Callable[[date], float]) -> Any:
    """The first day to come on which a figure reaches the border; nothing promised where it is a cent's matter."""
    figures = {day: cents(figure(day)) for day in point.days_to_come}
    found = {
        next((day for day, value in figures.items() if value >= border + off), None) for off in (-CENT, ZERO, CENT)
    }
    return found.pop() if len(found) == 1 else ANYTHING


# --- forecast_backtest -----------------------------------------------------------------------------------------------


def backtest_rows(team: Team) -> list[Row]:
    return [backtest_row(team, point) for cycle in covered_cycles(team) for point in points(cycle)]


def backtest_row(team: Team, point: Point) -> Row:
    everybody = known(team, point)
    low, mid, high = low_mid_high(team, point, everybody, spread_of_team(team, point))
    straight = run_rate(total(one.on_demand for one in everybody.values()), point)
    assert straight is not None
    of_cycle = [one for one in closed_events(team) if point.cycle.holds(one.at)]
    actual = amount_in(of_cycle, tables.ON_DEMAND)
    error = cents(mid) - actual
    return {
        "team_id": team.team_id,
        "scope": "team",
        "cycle_start_at": point.cycle.start_at,
        "cycle_end_at": point.cycle.end_at,
        "as_of_date": point.t,
        "cycle_day": point.cycle_day,
        "has_enough_days": has_enough_days(team, point),
        "on_demand_to_date_usd": amount_in([one for one in of_cycle if one.day <= point.t], tables.ON_DEMAND),
        "forecast_low_usd": near(low),
        "forecast_mid_usd": near(mid),
        "forecast_high_usd": near(high),
        "run_rate_usd": near(straight),
        "actual_on_demand_usd": actual,
        "error_usd": Near(error, CENT),
        "absolute_error_share": near_share(error, actual),
        "run_rate_absolute_error_share": near_share(cents(straight) - actual, actual),
        "is_within_range": is_within(cents(low), rounded(actual, CENT), cents(high)),
    }


def near_share(error: Decimal, actual: Decimal) -> Near | None:
    if actual <= 0:
        return None
    return Near(float(abs(error) / actual), float(CENT / actual) + 1e-9)


def is_within(low: Decimal, value: Decimal, high: Decimal) -> Any:
    if abs(low - value) <= CENT or abs(high - value) <= CENT:
        return ANYTHING
    return low <= value <= high


MARTS = {
    "overage_forecasts": Expected(forecast_rows, ("team_id", "scope", "email")),
    "forecast_backtest": Expected(backtest_rows, ("team_id", "cycle_start_at", "cycle_day")),
}
