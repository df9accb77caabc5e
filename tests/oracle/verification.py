"""verification_totals and its verdicts: rules one to six of design.md section 5, in their order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.oracle import seat_history, seats, tables
from tests.oracle.compare import ANYTHING, SOME_TEXT
from tests.oracle.cycles import Cycle, cycle_start, cycles, is_fully_covered, open_cycle, tied_spend
from tests.oracle.usage import (
    CENT,
    ZERO,
    Event,
    active_rows,
    amount_in,
    as_of,
    closed_events,
    days_between,
    is_settled,
    normal_email,
    open_day_events,
    requests,
    rounded,
    service_account_addresses,
    start_of,
    tokens_in,
    total,
    usd,
    window,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.oracle.team import DashboardTotal, Invoice, Record, Team

Row = dict[str, Any]


def known_developers(events: Iterable[Event]) -> set[str]:
    return {one.email for one in requests(events) if one.email is not None}


def developer_days(events: Iterable[Event]) -> set[tuple[str, date]]:
    return {(one.email, one.day) for one in requests(events) if one.email is not None}


def unattributed(events: Iterable[Event]) -> list[Event]:
    return [one for one in events if one.email is None]


WINDOW_MEASURES: dict[str, Callable[[list[Event]], Decimal | int]] = {
    "requests": lambda events: len(requests(events)),
    "input_tokens": lambda events: tokens_in(events, "input_tokens"),
    "output_tokens": lambda events: tokens_in(events, "output_tokens"),
    "cache_write_tokens": lambda events: tokens_in(events, "cache_write_tokens"),
    "cache_read_tokens": lambda events: tokens_in(events, "cache_read_tokens"),
    "requests_without_tokens": lambda events: sum(not one.has_every_token_count for one in requests(events)),
    "unpriced_requests": lambda events: sum(one.amount is None for one in requests(events)),
    "included_usage_usd": lambda events: amount_in(events, tables.INCLUDED),
    "on_demand_usd": lambda events: amount_in(events, tables.ON_DEMAND),
    "usage_value_usd": lambda events: amount_in(events, tables.INCLUDED, tables.ON_DEMAND),
    "credit_usd": lambda events: amount_in(events, tables.CREDIT),
    "own_key_usd": lambda events: amount_in(events, tables.OWN_KEY),
    "not_charged_usd": lambda events: amount_in(events, tables.NOT_CHARGED),
    "unknown_kind_usd": lambda events: amount_in(events, tables.UNKNOWN),
    "unattributed_usage_usd": lambda events: amount_in(unattributed(events), tables.INCLUDED, tables.ON_DEMAND),
    "active_developers": lambda events: len(known_developers(events)),
    "active_developer_days": lambda events: len(developer_days(events)),
}
CYCLE_MEASURES = {
    "cycle_included_usage_usd": (tables.INCLUDED,),
    "cycle_on_demand_usd": (tables.ON_DEMAND,),
    "cycle_usage_value_usd": (tables.INCLUDED, tables.ON_DEMAND),
}
PREVIOUS_CYCLE = "previous_cycle_on_demand_usd"
CLOSED_CYCLE_SEAT_FEE, CLOSED_CYCLE_ON_DEMAND = "closed_cycle_seat_fee_usd", "closed_cycle_on_demand_usd"
INVOICE_MEASURES = (CLOSED_CYCLE_SEAT_FEE, CLOSED_CYCLE_ON_DEMAND)


@dataclass(frozen=True)
class Comparison:
    """A figure beside its reference, and what stands against believing either."""

    is_money: bool
    warehouse_value: Decimal | None
    reference_value: Decimal | None
    is_reference_refused: bool = False
    is_reference_partial: bool = False
    is_any_day_missing: bool = False
    has_unknown_or_unpriced: bool = False
    is_snapshot_after_cycle: bool = False
    differences_by_email: tuple[tuple[Decimal, Decimal], ...] = ()  # warehouse, reference
    unsettled_value: Decimal = ZERO

    @property
    def difference(self) -> Decimal | None:
        if self.warehouse_value is None or self.reference_value is None:
            return None
        return self.warehouse_value - self.reference_value


def verdict(comparison: Comparison, tolerance_share: Decimal, tolerance_floor_usd: Decimal) -> str:
    """The verdict of a figure that has a reference: the first rule that holds."""
    difference = comparison.difference
    if (
        difference is None
        or comparison.is_reference_refused
        or comparison.is_reference_partial
        or comparison.is_any_day_missing
        or comparison.has_unknown_or_unpriced
        or comparison.is_snapshot_after_cycle
    ):
        return "inconclusive"
    warehouse, reference = comparison.warehouse_value, comparison.reference_value
    assert warehouse is not None
    assert reference is not None
    pairs = ((warehouse, reference), *comparison.differences_by_email)
    if all(are_equal(ours, theirs, is_money=comparison.is_money) for ours, theirs in pairs):
        return "matched"
    tolerance = tolerance_share * abs(reference)
    # nothing is counted in parts
    tolerance = max(tolerance, tolerance_floor_usd) if comparison.is_money else Decimal(int(tolerance))
    off_by_email = total(abs(ours - theirs) for ours, theirs in comparison.differences_by_email)
    excess = max(abs(difference), off_by_email) - tolerance
    if excess <= 0:
        return "matched_within_tolerance"
    return "inconclusive" if excess <= abs(comparison.unsettled_value) else "drift"


def are_equal(ours: Decimal, theirs: Decimal, *, is_money: bool) -> bool:
    return rounded(ours, CENT) == rounded(theirs, CENT) if is_money else ours == theirs


def expected_verification_totals(team: Team) -> list[Row]:
    return [
        *window_rows(team),
        *cycle_rows(team),
        *previous_cycle_rows(team),
        *invoice_rows(team),
        *seat_rows(team),
        *dashboard_rows(team),
    ]


def row(
    team: Team,
    days: tuple[date, date | None] | None,
    measure: str,
    comparison: Comparison,
    *,
    source: str | None,
    decided: str,
) -> Row:
    return {
        "team_id": team.team_id,
        "window_start_date": days[0] if days else None,
        "window_end_date": days[1] if days else None,
        "measure": measure,
        "unit": SOME_TEXT,
        "warehouse_value": comparison.warehouse_value,
        "reference_source": source,
        "reference_value": comparison.reference_value,
        "difference": comparison.difference,
        "tolerance_share": float(team.configured.tolerance_share) if source else ANYTHING,
        "verdict": decided,
        "explanation": SOME_TEXT if decided in ("inconclusive", "drift") else ANYTHING,
    }


def plain_rows(team: Team, days: tuple[date, date] | None, values: dict[str, Decimal | int | None]) -> list[Row]:
    """Rows of measures that nothing is compared with, but for those that an admin read off the dashboard."""
    on_dashboard = {reading.measure for reading in dashboard_readings(team)}
    return [
        row(
            team,
            days,
            measure,
            Comparison(is_money(measure), eight(value), None),
            source=None,
            decided="not_compared",
        )
        for measure, value in values.items()
        if measure not in on_dashboard
    ]


def is_money(measure: str) -> bool:
    return measure.endswith("_usd")


def eight(value: Decimal | int | None) -> Decimal | None:
    return None if value is None else seats.eight_places(value)


# --- over the window -------------------------------------------------------------------------------------------------


def window_rows(team: Team) -> list[Row]:
    days = window(team)
    if days is None:
        return []
    events = [one for one in closed_events(team) if days[0] <= one.day <= days[1]]
    against_daily_usage = daily_usage_references(team, days)
    values = {name: value_of(events) for name, value_of in WINDOW_MEASURES.items()}
    rows = plain_rows(team, days, {name: value for name, value in values.items() if name not in against_daily_usage})
    for measure, reference in against_daily_usage.items():
        comparison = Comparison(
            is_money=False, warehouse_value=eight(values[measure]), reference_value=eight(reference)
        )
        told = row(team, days, measure, comparison, source="cursor_daily_usage_api", decided="not_compared")
        rows.append(told | {"explanation": SOME_TEXT})
    return rows


def daily_usage_references(team: Team, days: tuple[date, date]) -> dict[str, int | None]:
    """Who was active by the daily rows: information beside the figure, which decides nothing."""
    active = {(email, day) for email, day in active_rows(team) if days[0] <= day <= days[1]}
    is_loaded = any(days[0] <= day <= days[1] for day in team.daily_usage_rows)
    return {
        "active_developers": len({email for email, _ in active}) if is_loaded else None,
        "active_developer_days": len(active) if is_loaded else None,
    }


# --- over the open cycle ---------------------------------------------------------------------------------------------


def cycle_rows(team: Team) -> list[Row]:
    tied = tied_spend(team)
    start = cycle_start(tied[1]) if tied is not None else None
    if tied is None or start is None:
        no_figure = Comparison(is_money=True, warehouse_value=None, reference_value=None)
        return [
            row(team, None, measure, no_figure, source="cursor_spend_api", decided="inconclusive")
            | {"warehouse_value": ANYTHING}
            for measure in CYCLE_MEASURES
        ]
    snapshot_at = tied[0]
    days = (start.date(), snapshot_at.date())
    rows = []
    for measure, categories in CYCLE_MEASURES.items():
        comparison = cycle_comparison(team, start, tied, measure, categories)
        decided = verdict(comparison, team.configured.tolerance_share, team.configured.tolerance_floor_usd)
        rows.append(row(team, days, measure, comparison, source="cursor_spend_api", decided=decided))
    return rows


def cycle_comparison(
    team: Team, start: datetime, snapshot: tuple[datetime, Record], measure: str, categories: tuple[str, ...]
) -> Comparison:
    snapshot_at, answer = snapshot
    since_start = [one for one in events_up_to_now(team) if one.at >= start]
    told_of = [one for one in since_start if one.at <= snapshot_at]
    may_differ = [one for one in since_start if one.at > snapshot_at or not is_settled(team, one.day)]
    parts = spend_parts(answer, measure)
    known = [part for _, part in parts if part is not None]
    end_at = next((cycle.end_at for cycle in cycles(team) if cycle.start_at == start), None)
    return Comparison(
        is_money=True,
        warehouse_value=amount_in(told_of, *categories),
        reference_value=total(known) if known else None,
        is_reference_refused=not team.refused.isdisjoint({"spend", "usage_events"}),  # stale without either
        is_reference_partial=len(known) < len(parts),
        is_any_day_missing=not is_loaded_up_to(team, start, snapshot_at),
        has_unknown_or_unpriced=has_unknown_or_unpriced(told_of),
        is_snapshot_after_cycle=end_at is not None and snapshot_at >= end_at,
        differences_by_email=by_email(team, told_of, parts, categories),
        unsettled_value=amount_in(may_differ, *categories),
    )


def events_up_to_now(team: Team) -> list[Event]:
    return closed_events(team) + open_day_events(team)


def is_loaded_up_to(team: Team, start: datetime, snapshot_at: datetime) -> bool:
    if team.open_day is None or team.open_day[1] < snapshot_at:
        return False
    loaded = team.events_by_day.keys() | {team.open_day[1].date()}
    return all(day in loaded for day in days_between(start.date(), snapshot_at.date()))


def closing_record(team: Team) -> tuple[Cycle, tuple[datetime, Record]] | None:
    """The newest cycle before the open one of which a spend snapshot was kept, and the last such snapshot."""
    for cycle in reversed(closed_cycles(team)):
        told = [(at, answer) for at, answer in team.spend_snapshots if cycle_start(answer) == cycle.start_at]
        if told:
            return cycle, max(told, key=lambda snapshot: snapshot[0])
    return None


def previous_cycle_rows(team: Team) -> list[Row]:
    """The last spend snapshot before a rollover, beside what was used up to it."""
    record = closing_record(team)
    if record is None:
        nothing = Comparison(is_money=True, warehouse_value=None, reference_value=None)
        told = row(team, None, PREVIOUS_CYCLE, nothing, source=None, decided="not_compared")
        return [told | {"explanation": SOME_TEXT}]
    comparison = previous_cycle_comparison(team, *record)
    decided = verdict(comparison, team.configured.tolerance_share, team.configured.tolerance_floor_usd)
    days = (record[0].start_at.date(), record[1][0].date())
    return [row(team, days, PREVIOUS_CYCLE, comparison, source="cursor_spend_api", decided=decided)]


def previous_cycle_comparison(team: Team, cycle: Cycle, snapshot: tuple[datetime, Record]) -> Comparison:
    snapshot_at, answer = snapshot
    of_cycle = [one for one in events_up_to_now(team) if cycle.start_at <= one.at and one.at < cycle.end_at]
    told_of = [one for one in events_up_to_now(team) if cycle.start_at <= one.at <= snapshot_at]
    may_differ = [one for one in of_cycle if one.at > snapshot_at or not was_settled(team, one.day, snapshot_at)]
    parts = spend_parts(answer, "cycle_on_demand_usd")
    known = [part for _, part in parts if part is not None]
    return Comparison(
        is_money=True,
        warehouse_value=amount_in(told_of, tables.ON_DEMAND),
        reference_value=total(known) if known else None,
        is_reference_partial=len(known) < len(parts),
        is_any_day_missing=not is_read_up_to(team, cycle.start_at, snapshot_at),
        has_unknown_or_unpriced=has_unknown_or_unpriced(told_of),
        is_snapshot_after_cycle=snapshot_at >= cycle.end_at,
        differences_by_email=by_email(team, told_of, parts, (tables.ON_DEMAND,)),
        unsettled_value=amount_in(may_differ, tables.ON_DEMAND),
    )


def was_settled(team: Team, day: date, at: datetime) -> bool:
    """Whether nothing of the day could still change at that instant, and it is settled now."""
    settles = start_of(day) + timedelta(days=1, hours=team.configured.settle_hours)
    return at >= settles and is_settled(team, day)


def is_read_up_to(team: Team, start: datetime, at: datetime) -> bool:
    """Whether every day from the start to an instant is loaded, the open day as far as it was read."""
    loaded = set(team.events_by_day)
    if team.open_day is not None and at <= team.open_day[1]:
        loaded.add(team.open_day[1].date())
    return all(day in loaded for day in days_between(start.date(), at.date()))


def spend_parts(answer: Record, measure: str) -> list[tuple[str | None, Decimal | None]]:
    """Each member's part of a measure: on-demand is never reduced by what is included."""
    parts = []
    for member in answer["teamMemberSpend"]:
        on_demand, overall = usd(member.get("spendCents")), usd(member.get("overallSpendCents"))
        included = usd(member.get("includedSpendCents"))
        if overall is not None and on_demand is not None:
            included = overall - on_demand
        if overall is None and on_demand is not None and included is not None:
            overall = on_demand + included
        part = {
            "cycle_on_demand_usd": on_demand,
            "cycle_included_usage_usd": included,
            "cycle_usage_value_usd": overall,
        }[measure]
        parts.append((normal_email(member.get("email")), part))
    return parts


def by_email(
    team: Team, events: list[Event], parts: list[tuple[str | None, Decimal | None]], categories: tuple[str, ...]
) -> tuple[tuple[Decimal, Decimal], ...]:
    """What each developer used by the events, beside what Cursor says of the developer.

    The unattributed are one more pair: rows of the reference without an e-mail, or of a service account's address.
    A reference that names nobody says nothing of anybody.
    """
    if not any(email is not None for email, _ in parts):
        return ()
    nobody = service_account_addresses(team)
    ours: dict[str | None, Decimal] = defaultdict(lambda: ZERO)
    theirs: dict[str | None, Decimal] = defaultdict(lambda: ZERO)
    for one in events:
        if one.category in categories and one.amount is not None:
            ours[one.email] += one.amount
    for email, part in parts:
        theirs[None if email in nobody else email] += part or ZERO
    return tuple((ours[email], theirs[email]) for email in ours.keys() | theirs.keys())


def has_unknown_or_unpriced(events: list[Event]) -> bool:
    return any(one.amount is None or (one.category == tables.UNKNOWN and one.amount != 0) for one in requests(events))


# --- closed cycles, beside their invoices ----------------------------------------------------------------------------


def closed_cycles(team: Team) -> list[Cycle]:
    """The cycles before the open one, oldest first."""
    now = open_cycle(team)
    return [cycle for cycle in cycles(team) if now is not None and cycle.start_at < now.start_at]


def dates_of(cycle: Cycle) -> tuple[date, date]:
    """From the start's day to the day of the last instant."""
    return cycle.start_at.date(), (cycle.end_at - timedelta(microseconds=1)).date()


def invoice_rows(team: Team) -> list[Row]:
    if not team.configured.invoices:
        newest = closed_cycles(team)[-1:]
        return [
            row(
                team,
                dates_of(newest[0]) if newest else None,
                measure,
                Comparison(
                    is_money=True,
                    warehouse_value=closed_cycle_value(team, measure, newest[0]) if newest else None,
                    reference_value=None,
                ),
                source=None,
                decided="not_compared",
            )
            for measure in INVOICE_MEASURES
        ]
    return [invoice_row(team, invoice, measure) for invoice in team.configured.invoices for measure in INVOICE_MEASURES]


def invoice_row(team: Team, invoice: Invoice, measure: str) -> Row:
    said = invoice.seat_fees_usd if measure == CLOSED_CYCLE_SEAT_FEE else invoice.on_demand_usd
    cycle = invoiced_cycle(team, invoice)
    if cycle is None:
        comparison = Comparison(is_money=True, warehouse_value=None, reference_value=eight(said))
    else:
        comparison = invoice_comparison(team, cycle, measure, said)
    decided = "not_compared"
    if said is not None:
        decided = verdict(comparison, team.configured.tolerance_share, team.configured.tolerance_floor_usd)
    days = dates_of(cycle) if cycle is not None else (invoice.cycle_start_date, None)
    return row(team, days, measure, comparison, source="invoice", decided=decided) | {"explanation": SOME_TEXT}


def invoiced_cycle(team: Team, invoice: Invoice) -> Cycle | None:
    starting = [one for one in cycles(team) if one.start_at.date() == invoice.cycle_start_date]
    return starting[-1] if starting else None


def invoice_comparison(team: Team, cycle: Cycle, measure: str, said: Decimal | None) -> Comparison:
    events = [one for one in closed_events(team) if cycle.holds(one.at)]
    unsettled = [one for one in events if not is_settled(team, one.day)]
    is_usage = measure == CLOSED_CYCLE_ON_DEMAND
    return Comparison(
        is_money=True,
        warehouse_value=closed_cycle_value(team, measure, cycle),
        reference_value=eight(said),
        is_any_day_missing=cycle not in closed_cycles(team) or not is_fully_covered(team, cycle),
        has_unknown_or_unpriced=is_usage and has_unknown_or_unpriced(events),
        unsettled_value=amount_in(unsettled, tables.ON_DEMAND) if is_usage else ZERO,
    )


def closed_cycle_value(team: Team, measure: str, cycle: Cycle) -> Decimal | None:
    """Of the whole cycle: the fees of its paid seats, None where one is unknown; or its on-demand usage."""
    if measure == CLOSED_CYCLE_ON_DEMAND:
        if not any(day in team.events_by_day for day in days_between(*dates_of(cycle))):
            return None
        return amount_in([one for one in closed_events(team) if cycle.holds(one.at)], tables.ON_DEMAND)
    if seats.ended_before_first_snapshot(team, cycle):
        return None
    fees = [seats.cycle_fee(seat, cycle) for seat in seats.paid_seats(team, cycle)]
    return None if None in fees else total(fees)


# --- seats, as of the window's end -----------------------------------------------------------------------------------


def seat_rows(team: Team) -> list[Row]:
    days = window(team)
    return plain_rows(team, days, dict(seat_values(team))) if days else []


def seat_values(team: Team) -> dict[str, Decimal | int | None]:
    from tests.oracle.marts import expected_adoption_gaps  # noqa: PLC0415  the marts hand on this module's functions

    names = (
        "paid_seats",
        "seat_price_usd",
        "monthly_seat_fee_usd",
        "paid_seats_without_activity",
        "developers_without_seat",
    )
    if not team.members_snapshots:
        return dict.fromkeys(names)
    gaps = expected_adoption_gaps(team)
    prices = {gap["monthly_seat_fee_usd"] for gap in gaps}
    values = (
        len(gaps),
        prices.pop() if len(prices) == 1 else None,
        total(gap["monthly_seat_fee_usd"] for gap in gaps),
        sum(gap["is_adoption_gap"] for gap in gaps),
        len(developers_without_seat(team)),
    )
    return dict(zip(names, values, strict=True))


def past_seat_values(team: Team, day: date) -> dict[str, Decimal | int | None]:
    """The seats of a day that is over, as the next morning knew them, at what the day's cycle bills for each.

    Who of them was active is not told of a past day.
    """
    told = seat_history.lists_known_of(team, day)
    if not told:
        return {}
    cycle = seat_history.cycle_of_day(team, day)
    used = {who for who, first in seat_history.first_request_days(team, cycle).items() if first <= day}
    paid = seats.seats_told_by(team, told, cycle, used)
    fees = [seats.monthly_fee(seat) for seat in paid]
    return {
        "paid_seats": len(paid),
        "seat_price_usd": fees[0] if len(set(fees)) == 1 else None,
        "monthly_seat_fee_usd": None if None in fees else total(fees),
    }


def developers_without_seat(team: Team) -> set[str]:
    """People with a request in the window who hold no seat, paid or not."""
    days = window(team)
    assert days is not None
    holders = seats.current_members(team).keys() | {seat.person for seat in seats.paid_seats(team, open_cycle(team))}
    return known_developers(one for one in closed_events(team) if days[0] <= one.day <= days[1]) - holders


# --- figures that an admin read off the dashboard --------------------------------------------------------------------


def dashboard_readings(team: Team) -> list[DashboardTotal]:
    """The newest reading of each measure and dates."""
    newest = {}
    for reading in sorted(team.configured.dashboard_totals, key=lambda reading: reading.read_at):
        newest[reading.measure, reading.start_date, reading.end_date] = reading
    return list(newest.values())


def dashboard_rows(team: Team) -> list[Row]:
    rows = []
    for reading in dashboard_readings(team):
        days = (reading.start_date, reading.end_date)
        if is_of_now(team, reading):
            comparison, decided = reading_of_now(team, reading)
            rows.append(row(team, days, reading.measure, comparison, source="dashboard", decided=decided))
            continue
        start = dashboard_start(team, reading)
        events = [one for one in closed_events(team) if one.at >= start and one.day <= days[1]]
        unsettled = [one for one in events if not is_settled(team, one.day) or one.at > reading.read_at]
        is_loaded = [day in team.events_by_day for day in days_between(*days)]
        is_of_usage = reading.measure in WINDOW_MEASURES or reading.measure in CYCLE_MEASURES
        is_known = any(is_loaded) or not is_of_usage  # of a range without a loaded day, nothing is: not 0
        comparison = Comparison(
            is_money=is_money(reading.measure),
            warehouse_value=eight(value_of(team, reading, events)) if is_known else None,
            reference_value=eight(reading.value),
            is_any_day_missing=not all(is_loaded),
            has_unknown_or_unpriced=has_unknown_or_unpriced(events),
            unsettled_value=eight(value_on_days(reading.measure, unsettled)) or ZERO,
        )
        decided = verdict(comparison, team.configured.tolerance_share, team.configured.tolerance_floor_usd)
        rows.append(row(team, days, reading.measure, comparison, source="dashboard", decided=decided))
    return rows


def is_of_now(team: Team, reading: DashboardTotal) -> bool:
    """Whether it is a figure of the open cycle up to the day on which the spend snapshot was taken, the open one."""
    tied = tied_spend(team)
    start = cycle_start(tied[1]) if tied is not None else None
    return (
        reading.measure in CYCLE_MEASURES
        and tied is not None
        and start is not None
        and team.open_day is not None
        and (reading.start_date, reading.end_date) == (start.date(), tied[0].date())
        and reading.end_date == team.open_day[1].date()
        and reading.end_date not in team.events_by_day
    )


def reading_of_now(team: Team, reading: DashboardTotal) -> tuple[Comparison, str]:
    """The open cycle up to the spend snapshot; of a later moment, a figure that is not the same decides nothing."""
    tied = tied_spend(team)
    assert tied is not None
    start = cycle_start(tied[1])
    assert start is not None
    comparison = replace(
        cycle_comparison(team, start, tied, reading.measure, CYCLE_MEASURES[reading.measure]),
        reference_value=eight(reading.value),
        is_reference_refused=False,
        is_reference_partial=False,
        differences_by_email=(),
    )
    decided = verdict(comparison, team.configured.tolerance_share, team.configured.tolerance_floor_usd)
    is_too_late = reading.read_at > tied[0] + timedelta(hours=team.configured.reading_hours)
    return comparison, "inconclusive" if is_too_late and decided != "matched" else decided


def dashboard_start(team: Team, reading: DashboardTotal) -> datetime:
    """The first day's beginning; of a cycle's figure that is read from the cycle's first day on, the cycle's start.

    Where two cycles start on the day, the one that goes on.
    """
    starts = [cycle.start_at for cycle in cycles(team) if cycle.start_at.date() == reading.start_date]
    return starts[-1] if starts and reading.measure in CYCLE_MEASURES else start_of(reading.start_date)


def value_on_days(measure: str, events: list[Event]) -> Decimal | int | None:
    """The part of a measure that some days' events make up: of seats, none."""
    return value_of_usage(measure, events) if measure in {*WINDOW_MEASURES, *CYCLE_MEASURES} else None


def value_of(team: Team, reading: DashboardTotal, events: list[Event]) -> Decimal | int | None:
    if reading.measure in {*WINDOW_MEASURES, *CYCLE_MEASURES}:
        return value_of_usage(reading.measure, events)
    days = window(team)
    if days is not None and reading.end_date < days[1]:
        return past_seat_values(team, reading.end_date).get(reading.measure)
    return seat_values(team)[reading.measure]


def value_of_usage(measure: str, events: list[Event]) -> Decimal | int:
    if measure in WINDOW_MEASURES:
        return WINDOW_MEASURES[measure](events)
    return amount_in(events, *CYCLE_MEASURES[measure])


# --- the team's verdict ----------------------------------------------------------------------------------------------

WORST_FIRST = ("drift", "inconclusive", "matched_within_tolerance", "matched")


def expected_verdict(team: Team) -> list[Row]:
    rows = expected_verification_totals(team)
    verdicts = [one["verdict"] for one in rows]
    if not is_on_demand_compared(rows):
        verdicts.append("inconclusive")
    if team.error is not None:
        verdicts = ["inconclusive"]  # old rows say nothing of today
    tied = tied_spend(team)
    return [
        {
            "team_id": team.team_id,
            "verdict": next((worst for worst in WORST_FIRST if worst in verdicts), "inconclusive"),
            **{f"{each}_count": sum(one["verdict"] == each for one in rows) for each in (*WORST_FIRST, "not_compared")},
            "sentence": SOME_TEXT,
            "newest_loaded_date": as_of(team),
            "snapshot_at": tied[0] if tied else None,
        }
    ]


def is_on_demand_compared(rows: list[Row]) -> bool:
    return any(one["measure"] == "cycle_on_demand_usd" and one["verdict"] != "not_compared" for one in rows)
