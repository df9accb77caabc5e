"""Why a figure differs from its reference: developer by developer, and by what each difference comes from."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any

from tests.oracle import tables
from tests.oracle.compare import SOME_TEXT
from tests.oracle.cycles import cycle_start, tied_spend
from tests.oracle.expected import Expected
from tests.oracle.usage import (
    ZERO,
    Event,
    active_rows,
    amount_in,
    closed_events,
    is_settled,
    normal_email,
    requests,
    service_account_addresses,
    start_of,
    total,
    window,
)
from tests.oracle.verification import (
    CLOSED_CYCLE_ON_DEMAND,
    CYCLE_MEASURES,
    PREVIOUS_CYCLE,
    are_equal,
    closing_record,
    dashboard_readings,
    dashboard_start,
    developer_days,
    eight,
    events_up_to_now,
    expected_verification_totals,
    invoiced_cycle,
    is_money,
    is_of_now,
    spend_parts,
    value_on_days,
    was_settled,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    from tests.oracle.team import Record, Team

Row = dict[str, Any]
Address = str | None  # None: unattributed
DAILY_USAGE_MEASURE = "active_developer_days"

UNEXPLAINED: dict[str, list[Decimal]] = {"unexplained": []}
HALF_A_CENT = Decimal("0.005")
ORDER = (
    "no_email",
    "service_account",
    "absent_from_reference",
    "absent_from_warehouse",
    "rounding",
    "cycle_edge",
    "credit_or_own_key",
    "unexplained",
    "not_settled",
    "after_snapshot",
)
# The categories whose amount a measure is; a credit or an own key may have been counted in these alone.
CATEGORIES_OF_MEASURE = {
    **CYCLE_MEASURES,
    PREVIOUS_CYCLE: (tables.ON_DEMAND,),
    CLOSED_CYCLE_ON_DEMAND: (tables.ON_DEMAND,),
    "included_usage_usd": (tables.INCLUDED,),
    "on_demand_usd": (tables.ON_DEMAND,),
    "usage_value_usd": (tables.INCLUDED, tables.ON_DEMAND),
}


@dataclass(frozen=True)
class Sides:
    """One address's figure here and there."""

    ours: Decimal = ZERO
    theirs: tuple[Decimal | None, ...] = ()  # a row of the reference each
    has_usage: bool = False  # of any kind, in the range
    has_measure: bool = False  # of the measure's own kinds, be it of no value

    @property
    def reference_value(self) -> Decimal | None:
        known = [value for value in self.theirs if value is not None]
        return total(known) if known else None

    @property
    def difference(self) -> Decimal:
        return self.ours - (self.reference_value or ZERO)


@dataclass(frozen=True)
class Matter:
    """What a measure was compared over: the events of its range, and what stood beside them."""

    measure: str
    in_range: list[Event]
    before_start: list[Event] = field(default_factory=list)  # of the cycle's first day
    unsettled: list[Event] = field(default_factory=list)  # in the range
    after_snapshot: list[Event] = field(default_factory=list)
    parts: list[tuple[Address, Decimal | None]] = field(default_factory=list)  # the reference's rows
    value: Callable[[list[Event]], Decimal] = lambda _: ZERO

    @property
    def has_addresses(self) -> bool:
        return any(address is not None for address, _ in self.parts)

    @property
    def categories(self) -> tuple[str, ...]:
        return CATEGORIES_OF_MEASURE.get(self.measure, ())


# --- what was compared -----------------------------------------------------------------------------------------------


def spend_matter(team: Team, measure: str) -> Matter | None:
    record = closing_record(team) if measure == PREVIOUS_CYCLE else None
    snapshot = record[1] if record is not None else tied_spend(team)
    if measure == PREVIOUS_CYCLE and record is None:
        return None
    start = cycle_start(snapshot[1]) if snapshot is not None else None
    if snapshot is None or start is None:
        return None
    snapshot_at, answer = snapshot
    events = events_up_to_now(team)
    in_range = [one for one in events if start <= one.at <= snapshot_at]
    if record is None:
        unsettled = [one for one in in_range if not is_settled(team, one.day)]
        after = [one for one in events if one.at > snapshot_at]
    else:
        unsettled = [one for one in in_range if not was_settled(team, one.day, snapshot_at)]
        after = [one for one in events if snapshot_at < one.at < record[0].end_at]
    return Matter(
        measure,
        in_range,
        before_start=[one for one in events if start_of(start.date()) <= one.at < start],
        unsettled=unsettled,
        after_snapshot=after,
        parts=spend_rows(answer, measure),
        value=lambda chosen: amount_in(chosen, *CATEGORIES_OF_MEASURE[measure]),
    )


def spend_rows(answer: Record, measure: str) -> list[tuple[Address, Decimal | None]]:
    return spend_parts(answer, "cycle_on_demand_usd" if measure == PREVIOUS_CYCLE else measure)


def daily_usage_matter(team: Team) -> Matter | None:
    """Developers' days with a request beside their active rows; an inactive row says 0."""
    days = window(team)
    if days is None:
        return None
    in_range = [one for one in requests(closed_events(team)) if days[0] <= one.day <= days[1]]
    active: dict[Address, int] = {
        address: 0
        for day, rows in team.daily_usage_rows.items()
        for record in rows
        if days[0] <= day <= days[1] and (address := normal_email(record.get("email"))) is not None
    }
    for address, day in active_rows(team):
        if days[0] <= day <= days[1]:
            active[address] += 1
    return Matter(
        DAILY_USAGE_MEASURE,
        in_range,
        parts=[(address, Decimal(count)) for address, count in active.items()],
        value=lambda chosen: Decimal(len(developer_days(chosen))),
    )


def dashboard_matters(team: Team) -> dict[tuple[str, date], Matter]:
    matters = {}
    for reading in dashboard_readings(team):
        of_now = spend_matter(team, reading.measure) if is_of_now(team, reading) else None
        if of_now is not None:
            matters[reading.measure, reading.start_date] = replace(of_now, parts=[])
            continue
        start = dashboard_start(team, reading)
        in_range = [one for one in closed_events(team) if one.at >= start and one.day <= reading.end_date]
        matters[reading.measure, reading.start_date] = Matter(
            reading.measure,
            in_range,
            unsettled=[one for one in in_range if not is_settled(team, one.day)],
            # A day is not cut at the instant of the reading: the whole of it may have come later.
            after_snapshot=[one for one in in_range if one.day >= reading.read_at.date()],
            value=lambda chosen, measure=reading.measure: eight(value_on_days(measure, chosen)) or ZERO,  # type: ignore[misc]  # mypy cannot infer a lambda's default
        )
    return matters


def invoice_matter(team: Team, measure: str, cycle_start_date: date) -> Matter:
    invoice = next(one for one in team.configured.invoices if one.cycle_start_date == cycle_start_date)
    cycle = invoiced_cycle(team, invoice)
    in_range = [one for one in closed_events(team) if cycle is not None and cycle.holds(one.at)]
    return Matter(
        measure,
        in_range,
        unsettled=[one for one in in_range if not is_settled(team, one.day)],
        value=lambda chosen: amount_in(chosen, *CATEGORIES_OF_MEASURE.get(measure, ())),
    )


def matter_of(team: Team, told: Row) -> Matter | None:
    """What stands behind a row of verification_totals."""
    measure, source = told["measure"], told["reference_source"]
    if source == "cursor_spend_api":
        return spend_matter(team, measure)
    if measure == DAILY_USAGE_MEASURE and source == "cursor_daily_usage_api":
        return daily_usage_matter(team)
    if source == "dashboard":
        return dashboard_matters(team)[measure, told["window_start_date"]]
    return invoice_matter(team, measure, told["window_start_date"]) if source == "invoice" else None


def sides(team: Team, matter: Matter) -> dict[Address, Sides]:
    """Each address's figures; what nobody's address is on, or a service account's, is one address more."""
    nobody = service_account_addresses(team)
    ours: dict[Address, list[Event]] = defaultdict(list)
    theirs: dict[Address, list[Decimal | None]] = defaultdict(list)
    for one in matter.in_range:
        ours[one.email].append(one)
    for address, part in matter.parts:
        theirs[None if address in nobody else address].append(part)
    if matter.measure == DAILY_USAGE_MEASURE:
        ours.pop(None, None)  # nobody's days are no developer's
    return {
        address: Sides(
            matter.value(ours.get(address, [])),
            tuple(theirs.get(address, ())),
            has_usage=address in ours,
            has_measure=any(is_of_measure(matter, one) for one in ours.get(address, [])),
        )
        for address in ours.keys() | theirs.keys()
    }


def is_of_measure(matter: Matter, one: Event) -> bool:
    return matter.measure == DAILY_USAGE_MEASURE or one.category in matter.categories


# --- developer by developer ------------------------------------------------------------------------------------------


def identity(team: Team, told: Row) -> Row:
    names = ("measure", "reference_source", "window_start_date", "window_end_date", "unit")
    return {"team_id": team.team_id, **{name: told[name] for name in names}}


def by_developer_rows(team: Team) -> list[Row]:
    rows = []
    for told in expected_verification_totals(team):
        if told["measure"] not in {*CYCLE_MEASURES, PREVIOUS_CYCLE, DAILY_USAGE_MEASURE}:
            continue
        matter = None if told["reference_source"] == "dashboard" else matter_of(team, told)
        for address, both in (sides(team, matter) if matter is not None else {}).items():
            theirs = both.reference_value
            if not both.theirs and not both.has_measure:
                continue  # neither side says anything of the address
            rows.append(
                {
                    **identity(team, told),
                    "email": address,
                    "warehouse_value": eight(both.ours),
                    "reference_value": eight(theirs),
                    "difference": eight(both.difference),
                    "presence": presence(both),
                    "is_equal": are_equal(both.ours, theirs or ZERO, is_money=is_money(told["measure"])),
                }
            )
    return rows


def presence(both: Sides) -> str:
    if both.theirs:
        return "both" if both.has_usage else "reference_only"
    return "warehouse_only"


# --- causes ----------------------------------------------------------------------------------------------------------


def cause_rows(team: Team) -> list[Row]:
    return [
        {**identity(team, told), **cause}
        for told in expected_verification_totals(team)
        if is_explained(told)
        for cause in causes_of(team, told)
    ]


def is_explained(told: Row) -> bool:
    is_compared = told["verdict"] != "not_compared" or told["measure"] == DAILY_USAGE_MEASURE
    return is_compared and told["difference"] is not None


def causes_of(team: Team, told: Row) -> list[Row]:
    matter = matter_of(team, told)
    if matter is None:
        return []
    parts: dict[str, list[Decimal]] = defaultdict(list)
    if matter.has_addresses:
        for address, both in sides(team, matter).items():
            if address is None:
                parts_of_nobody(team, matter, both, parts)
            elif both.difference != 0:
                parts[cause_of(team, matter, address, both)].append(both.difference)
        addresses = {cause: len(amounts) for cause, amounts in parts.items()}
        addresses["service_account"] = len(addresses_of_service_accounts(matter))
    else:
        difference = told["difference"]
        if difference != 0:
            parts[cause_without_addresses(matter, difference)].append(difference)
        addresses = {}
    rows = [
        {
            "cause": cause,
            "cause_order": ORDER.index(cause) + 1,
            "difference": eight(total(amounts)),
            "upper_bound": None,
            "addresses": addresses.get(cause, 0) if matter.has_addresses else None,
            "explanation": SOME_TEXT,
        }
        for cause, amounts in {**UNEXPLAINED, **parts}.items()
        if cause == "unexplained" or total(amounts) != 0
    ]
    return rows + upper_bounds(matter)


def cause_of(team: Team, matter: Matter, address: str, both: Sides) -> str:
    """The first that holds takes all of the address's difference."""
    if not both.theirs:
        return "absent_from_reference"
    if not both.has_usage:
        return "absent_from_warehouse"
    if not is_money(matter.measure):
        return "unexplained"
    room = HALF_A_CENT * len(both.theirs)
    if abs(both.difference) <= room:
        return "rounding"
    early = matter.value([one for one in matter.before_start if one.email == address])
    if early != 0 and abs(both.difference + early) <= room:
        return "cycle_edge"
    theirs = [one for one in matter.in_range if one.email == address]
    return "credit_or_own_key" if is_credit_or_own_key(theirs, both.difference, room) else "unexplained"


def is_credit_or_own_key(events: Iterable[Event], difference: Decimal, room: Decimal) -> bool:
    """Whether the reference counts credits, or use of own keys, or both, as usage."""
    events = list(events)
    credit, own_key = amount_in(events, tables.CREDIT), amount_in(events, tables.OWN_KEY)
    return any(
        amount != 0 and abs(difference + amount) <= room
        for amount in (
            use_credit * credit + use_own_key * own_key for use_credit, use_own_key in product((0, 1), repeat=2)
        )
    )


def cause_without_addresses(matter: Matter, difference: Decimal) -> str:
    if not is_money(matter.measure):
        return "unexplained"
    if abs(difference) <= HALF_A_CENT:
        return "rounding"
    if matter.categories and is_credit_or_own_key(matter.in_range, difference, HALF_A_CENT):
        return "credit_or_own_key"
    return "unexplained"


def parts_of_nobody(team: Team, matter: Matter, both: Sides, parts: dict[str, list[Decimal]]) -> None:
    """Usage of nobody whom the reference leaves out: only where that is the difference to the last digit."""
    named = {address for address, _ in matter.parts}
    nobodys = [one for one in matter.in_range if one.email is None]
    no_email = ZERO
    service_account = ZERO
    if None not in named:
        no_email = matter.value([one for one in nobodys if one.address is None])
        service_account = matter.value([one for one in nobodys if one.address not in {None, *named}])
    if no_email + service_account == both.difference:
        parts["no_email"].append(no_email)
        parts["service_account"].append(service_account)
    elif both.difference != 0:
        parts["unexplained"].append(both.difference)


def addresses_of_service_accounts(matter: Matter) -> set[Address]:
    named = {address for address, _ in matter.parts}
    return {one.address for one in matter.in_range if one.email is None} - {None, *named}


def upper_bounds(matter: Matter) -> list[Row]:
    """What may have changed since, or came later: no part of the difference, but the most that it can explain."""
    bounds = {"not_settled": matter.value(matter.unsettled), "after_snapshot": matter.value(matter.after_snapshot)}
    return [
        {
            "cause": cause,
            "cause_order": ORDER.index(cause) + 1,
            "difference": None,
            "upper_bound": eight(bound),
            "addresses": None,
            "explanation": SOME_TEXT,
        }
        for cause, bound in bounds.items()
        if bound > 0
    ]


MARTS = {
    "verification_by_developer": Expected(
        by_developer_rows, ("team_id", "measure", "reference_source", "window_start_date", "email")
    ),
    "verification_causes": Expected(
        cause_rows, ("team_id", "measure", "reference_source", "window_start_date", "window_end_date", "cause")
    ),
}
