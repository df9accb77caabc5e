"""Who holds a paid seat, who uses it, and which seats can be given back."""

from __future__ import annotations

from typing import Any

from cursor_usage.ui.choice import Choice
from cursor_usage.ui.published import PublishedFile, Row
from cursor_usage.ui.sections._shared import over_days
from cursor_usage.ui.tables import TableQuery, make_table
from cursor_usage.ui.view import Chart, Column, Figure, Role, Section, Series, Value
from cursor_usage.wording import money, plural, words

_RECLAIM = """
select reclaim_tier, email, name, seat_type, activity_status, last_active_date, days_since_last_activity,
    monthly_seat_fee_usd, saved_at_next_renewal_usd, earliest_saving_date, reason, seat_key
from adoption_gaps
where team_id = ? and is_adoption_gap
"""
_SEATS = """
select
    max(as_of_date) as as_of_date,
    count(*) as paid_seats,
    sum(monthly_seat_fee_usd) as monthly_seat_fee_usd,
    min(monthly_seat_fee_usd) as lowest_price_usd,
    max(monthly_seat_fee_usd) as highest_price_usd,
    count(*) filter (where monthly_seat_fee_usd is null) as unpriced,
    bool_or(seat_price_source = 'assumed_list') as is_assumed,
    count(*) filter (where activity_status = 'active') as active,
    count(*) filter (where activity_status = 'new') as new,
    count(*) filter (where activity_status = 'idle') as idle,
    count(*) filter (where activity_status = 'never_active') as never_active,
    count(*) filter (where activity_status = 'removed') as removed,
    count(*) filter (where is_adoption_gap) as gaps,
    count(*) filter (where reclaim_tier = 'certain') as certain,
    count(*) filter (where reclaim_tier = 'probable') as probable,
    sum(saved_at_next_renewal_usd) as saved_usd,
    sum(saved_at_next_renewal_usd) filter (where reclaim_tier in ('certain', 'probable')) as sure_saved_usd,
    sum(reassignable_now_usd) as reassignable_usd
from adoption_gaps
where team_id = ?
"""
_BY_DAY = """
select usage_date, active_seats, new_seats, idle_seats, never_active_seats, removed_seats
from adoption_daily
where team_id = ? and usage_date between ? and ?
"""
_SUREST_FIRST = "case reclaim_tier when 'certain' then 1 when 'probable' then 2 when 'review' then 3 else 4 end"
_STACK: tuple[tuple[str, Role, str], ...] = (
    ("Active", "active", "active_seats"),
    ("New", "new", "new_seats"),
    ("Idle", "idle", "idle_seats"),
    ("Never active", "never_active", "never_active_seats"),
    ("Removed, still paid", "removed", "removed_seats"),
)


def reclaim(choice: Choice) -> TableQuery:
    return TableQuery(
        key="reclaim",
        caption="Seats that can be given back",
        columns=(
            Column("reclaim_tier", "Tier", "text", "How sure it is: certain, probable, review; excluded stays."),
            Column("email", "E-mail", "text", is_person=True),
            Column("name", "Name", "text", is_person=True),
            Column("seat_type", "Seat", "text"),
            Column("activity_status", "Status", "text"),
            Column("last_active_date", "Last active", "date"),
            Column("days_since_last_activity", "Days since", "count"),
            Column("monthly_seat_fee_usd", "Monthly fee", "usd"),
            Column("saved_at_next_renewal_usd", "Saved a month", "usd", "From the date beside it on."),
            Column("earliest_saving_date", "Saves from", "date"),
            Column("reason", "Reason", "text"),
        ),
        sql=_RECLAIM,
        parameters=[choice.team_id],
        default_sort="reclaim_tier",
        empty="No paid seat is an adoption gap.",
        order={"reclaim_tier": _SUREST_FIRST},
        written=_written,
    )


def make(marts: PublishedFile, choice: Choice) -> Section:
    """Seats as of the newest loaded day, their use over the window, and the reclaim list."""
    seats = marts.row(_SEATS, [choice.team_id]) or {}
    by_day = {row["usage_date"]: row for row in marts.rows(_BY_DAY, choice.team_and_window)}
    return Section(
        key="seats",
        title="Seats",
        lead=_lead(seats),
        tone="warning" if seats["gaps"] else "good" if seats["paid_seats"] else "neutral",
        figures=(
            Figure("Paid seats", seats["paid_seats"], "count", f"as of {seats['as_of_date'] or 'no day yet'}"),
            _price(seats),
            Figure("Monthly seat fee", seats["monthly_seat_fee_usd"], "usd", _assumed(seats)),
            Figure("Active", seats["active"], "count", "used recently enough not to be idle"),
            Figure("Idle", seats["idle"], "count", "used, but too long ago"),
            Figure("Never active", seats["never_active"], "count", "in all observed days"),
            Figure("New or removed", seats["new"] + seats["removed"], "count", "in grace, or paid to the cycle's end"),
            Figure("Saved a month", seats["saved_usd"], "usd", "if all but the excluded are given back"),
            Figure("Reassignable now", seats["reassignable_usd"], "usd", "of this cycle's fee, paid already"),
        ),
        charts=(_over_time(choice, by_day),),
        tables=(make_table(marts, reclaim(choice), choice),),
        notes=_notes(seats, by_day),
    )


def _lead(seats: Row) -> str:
    if not seats["paid_seats"]:
        return "No paid seat is known for this team."
    if not seats["gaps"]:
        return f"None of {plural(seats['paid_seats'], 'paid seat')} is an adoption gap."
    sure = seats["certain"] + seats["probable"]
    unused = f"{seats['gaps']:,} of {plural(seats['paid_seats'], 'paid seat')} are not used"
    if not sure:
        return f"{unused}; none of them is certain or probable to give back."
    return f"{unused}, {sure:,} of them certain or probable to give back: {money(seats['sure_saved_usd'])} a month."


def _price(seats: Row) -> Figure:
    low, high = seats["lowest_price_usd"], seats["highest_price_usd"]
    if low == high:
        return Figure("Price of a seat", low, "usd", f"a month, {_assumed(seats)}" if low is not None else None)
    return Figure("Price of a seat", f"{money(low)} to {money(high)}", "text", f"a month, {_assumed(seats)}")


def _assumed(seats: Row) -> str:
    return "list price assumed" if seats["is_assumed"] else "as configured"


def _over_time(choice: Choice, by_day: dict[Any, Row]) -> Chart:
    newest = by_day[max(by_day)] if by_day else None
    return Chart(
        key="seats_by_day",
        title="Paid seats by use",
        kind="time",
        unit="count",
        x=choice.days,
        series=tuple(
            Series(name, role, over_days(choice, by_day, measure), stack="seats") for name, role, measure in _STACK
        ),
        x_label="UTC day",
        summary="No day of the window has a members list."
        if newest is None
        else f"On {max(by_day)}: {newest['active_seats']:,} active, {newest['idle_seats']:,} idle, "
        f"{newest['never_active_seats']:,} never active.",
        note="Each day is judged by what was known on it; a day without a members list is a gap.",
    )


def _notes(seats: Row, by_day: dict[Any, Row]) -> tuple[str, ...]:
    notes = []
    if len(by_day) == 1:
        notes.append("Seats are known since the first members list; the picture grows by a day with every run.")
    if seats["unpriced"]:
        notes.append(f"{plural(seats['unpriced'], 'seat')} without a price: the fee is a lower bound.")
    return tuple(notes)


def _written(row: dict[str, Any]) -> dict[str, Value]:
    return {"activity_status": words(row["activity_status"])}
