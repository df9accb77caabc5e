"""What is paid: seat fees and on-demand usage as cash; included usage apart, as the fees cover it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from cursor_usage.ui.choice import Choice
from cursor_usage.ui.published import PublishedFile, Row
from cursor_usage.ui.sections._shared import (
    not_all_loaded,
    nothing_loaded,
    over_days,
    total_of,
    usage_by_day,
    window_words,
)
from cursor_usage.ui.tables import TableQuery, make_table
from cursor_usage.ui.view import Chart, Column, Figure, Section, Series
from cursor_usage.wording import money, plural

SHOWN_CYCLES = 12
_CYCLE_WINDOWS = ("open_cycle", "previous_cycle")
# The fee of a cycle that ended before the first members list is not known, nor is that of days before the oldest known
# cycle, and cash with it.
_ARE_FEES_KNOWN = """
not exists (
    select 1
    from team_costs
    where team_id = $1 and seat_fee_usd is null and cycle_start_at::date <= $3 and cycle_end_at::date > $2
)
and coalesce((select min(cycle_start_at)::date from team_costs where team_id = $1) <= $2, false)
"""
# Of who has requests, what none of them has a price for is unknown, not nothing.
_IS_WITHOUT_REQUEST = "coalesce(usage.requests, 0) = 0"
_COSTS = f"""
with known as (
    select {_ARE_FEES_KNOWN} as are_fees_known
),

fees as (
    select coalesce(email, seat_key) as person, any_value(seat_type) as seat_type, sum(seat_fee_usd) as seat_fee_usd
    from seat_fees_daily
    where team_id = $1 and fee_date between $2 and $3
    group by 1
),

usage as (
    select coalesce(email, 'unattributed') as person, sum(on_demand_usd) as on_demand_usd,
        sum(included_usage_usd) as included_usage_usd, sum(requests) as requests
    from usage_costs_daily
    where team_id = $1 and usage_date between $2 and $3
    group by 1
)

select
    coalesce(usage.person, fees.person) as email,
    fees.seat_type,
    case when are_fees_known then coalesce(fees.seat_fee_usd, 0) end as seat_fee_usd,
    case when {_IS_WITHOUT_REQUEST} then 0 else usage.on_demand_usd end as on_demand_usd,
    case when are_fees_known then coalesce(fees.seat_fee_usd, 0) end
        + case when {_IS_WITHOUT_REQUEST} then 0 else usage.on_demand_usd end as cash_cost_usd,
    case when {_IS_WITHOUT_REQUEST} then 0 else usage.included_usage_usd end as included_usage_usd,
    coalesce(usage.requests, 0) as requests
from usage
full outer join fees on usage.person = fees.person
cross join known
where fees.person is not null or usage.requests > 0
"""
_FACTS = f"""
select
    {_ARE_FEES_KNOWN} as are_fees_known,
    count(distinct email) as active_developers,
    count(*) filter (where on_demand_usd is null) as unpriced_developer_days
from usage_costs_daily
where team_id = $1 and usage_date between $2 and $3 and requests > 0
"""
_FEES_BY_DAY = """
select fee_date, sum(seat_fee_usd) as seat_fee_usd, bool_or(seat_price_source = 'assumed_list') as is_assumed
from seat_fees_daily
where team_id = ? and fee_date between ? and ?
group by fee_date
"""
_CYCLES = f"""
select cycle_start_at::date as first_day, is_open_cycle, is_fully_covered, seat_fee_usd, included_usage_usd,
    on_demand_usd, cash_cost_usd
from team_costs
where team_id = ?
order by cycle_start_at desc
limit {SHOWN_CYCLES}
"""


def costs(choice: Choice) -> TableQuery:
    return TableQuery(
        key="costs",
        caption=f"Cost by developer, {window_words(choice)}",
        columns=(
            Column("email", "Developer", "text", is_person=True),
            Column("seat_type", "Seat", "text"),
            Column("seat_fee_usd", "Seat fee", "usd", "These days' parts of the cycle's fee."),
            Column("on_demand_usd", "On-demand", "usd"),
            Column("cash_cost_usd", "Cash cost", "usd", "Seat fee + on-demand."),
            Column("included_usage_usd", "Included usage", "usd", "Covered by the seat fees: no cash."),
            Column("requests", "Requests", "count"),
        ),
        sql=_COSTS,
        parameters=choice.team_and_window,
        default_sort="on_demand_usd",
        is_default_descending=True,
        empty="Nobody has a seat or usage in these days.",
    )


def make(marts: PublishedFile, choice: Choice) -> Section:
    """Cash and included usage by day, by cycle and by developer."""
    usage = usage_by_day(marts, choice.team_and_window)
    fees = {row["fee_date"]: row for row in marts.rows(_FEES_BY_DAY, choice.team_and_window)}
    facts = marts.row(_FACTS, choice.team_and_window) or {}
    fee = total_of(fees, "seat_fee_usd") if facts["are_fees_known"] else None
    on_demand = total_of(usage, "on_demand_usd")
    cash = None if fee is None or on_demand is None else fee + on_demand
    cash_note = "seat fees + on-demand" if cash is not None else "not all of it is known"
    included = total_of(usage, "included_usage_usd")
    cycles = marts.rows(_CYCLES, [choice.team_id])[::-1]
    return Section(
        key="cost",
        title="Cost",
        lead=nothing_loaded(choice, usage) or _lead(cash, fee, on_demand),
        figures=(
            Figure("Cash cost", cash, "usd", cash_note),
            Figure("Seat fees", fee, "usd", _fee_note(fees, is_known=fee is not None)),
            Figure("On-demand usage", on_demand, "usd"),
            Figure("Included usage", included, "usd", "covered by the seat fees, no cash"),
            Figure("Usage value", total_of(usage, "usage_value_usd"), "usd", "included + on-demand, no cash"),
            Figure("Active developers", facts["active_developers"], "count", "with a request in these days"),
        ),
        charts=(_cash_by_day(choice, usage, fees), _usage_by_day(choice, usage), _by_cycle(cycles)),
        tables=(make_table(marts, costs(choice), choice),),
        notes=(*not_all_loaded(choice, usage), *_notes(choice, facts["unpriced_developer_days"], cycles)),
    )


def _lead(cash: Decimal | None, fee: Decimal | None, on_demand: Decimal | None) -> str:
    if on_demand is None:
        return "No request of these days has a price: what they cost is not known."
    if cash is None:
        return f"{money(on_demand)} of on-demand usage in these days; the seat fees of all of them are not known."
    return f"{money(cash)} in these days: {money(fee)} seat fees + {money(on_demand)} on-demand usage."


def _fee_note(fees: dict[date, Row], *, is_known: bool) -> str:
    if not is_known:
        return "not known of all these days"
    return "list prices assumed" if any(row["is_assumed"] for row in fees.values()) else "these days' parts"


def _cash_by_day(choice: Choice, usage: dict[date, Row], fees: dict[date, Row]) -> Chart:
    on_demand = over_days(choice, usage, "on_demand_usd")
    return Chart(
        key="cash_by_day",
        title="Cash cost by day",
        kind="time",
        unit="usd",
        x=choice.days,
        series=(
            Series("Seat fees", "seat_fee", over_days(choice, fees, "seat_fee_usd"), stack="cash"),
            Series("On-demand usage", "on_demand", on_demand, stack="cash"),
        ),
        x_label="UTC day",
        summary=f"Seat fees are spread over the days; on-demand usage was {money(total_of(usage, 'on_demand_usd'))} "
        f"in {window_words(choice)}.",
    )


def _usage_by_day(choice: Choice, usage: dict[date, Row]) -> Chart:
    included, on_demand = total_of(usage, "included_usage_usd"), total_of(usage, "on_demand_usd")
    return Chart(
        key="usage_by_day",
        title="Included and on-demand usage by day",
        kind="time",
        unit="usd",
        x=choice.days,
        series=(
            Series("Included usage", "included", over_days(choice, usage, "included_usage_usd"), stack="usage"),
            Series("On-demand usage", "on_demand", over_days(choice, usage, "on_demand_usd"), stack="usage"),
        ),
        x_label="UTC day",
        summary=f"Usage value was {money(included)} included and {money(on_demand)} on-demand "
        f"in {window_words(choice)}.",
        note="The value of what was used. Only its on-demand part is paid on top of the seat fees.",
    )


def _by_cycle(cycles: list[Row]) -> Chart:
    names = tuple(f"{cycle['first_day']}{' (open)' if cycle['is_open_cycle'] else ''}" for cycle in cycles)

    def values(measure: str) -> tuple[Decimal | None, ...]:
        return tuple(cycle[measure] for cycle in cycles)

    newest = cycles[-1] if cycles else None
    return Chart(
        key="cost_by_cycle",
        title="Cost by billing cycle",
        kind="category",
        unit="usd",
        x=names,
        series=(
            Series("Seat fees", "seat_fee", values("seat_fee_usd"), stack="cash"),
            Series("On-demand usage", "on_demand", values("on_demand_usd"), stack="cash"),
            Series("Included usage (no cash)", "included", values("included_usage_usd")),
        ),
        x_label="Billing cycle, by its first day",
        summary="No billing cycle is known."
        if newest is None
        else f"The newest cycle, from {newest['first_day']}, costs {money(newest['cash_cost_usd'])} in cash so far.",
        note="The whole seat fee of each cycle. A gap: nobody knows who held a seat.",
    )


def _notes(choice: Choice, unpriced: int, cycles: list[Row]) -> tuple[str, ...]:
    notes = []
    if unpriced:
        has = "has" if unpriced == 1 else "have"
        notes.append(f"{plural(unpriced, 'developer-day')} {has} no price: the sums are a lower bound.")
    if choice.window.key in _CYCLE_WINDOWS:
        notes.append(
            "Whole UTC days: the billing cycle begins and ends within a day, so that the verdict, the forecast and the "
            "chart by cycle differ by that part of a day."
        )
    partial = [str(cycle["first_day"]) for cycle in cycles if not cycle["is_fully_covered"]]
    if partial:
        notes.append(f"Not all days are loaded of the cycle from {', '.join(partial)}: its usage is a lower bound.")
    return tuple(notes)
