"""Can these figures be trusted: what was compared with what, since when, and what each difference is made of."""

from __future__ import annotations

from typing import Any

from cursor_usage.ui.choice import Choice
from cursor_usage.ui.published import PublishedFile
from cursor_usage.ui.sections._shared import in_unit
from cursor_usage.ui.tables import TableQuery, make_table
from cursor_usage.ui.view import Column, Figure, Section, Tone, Value
from cursor_usage.wording import words

TONES: dict[str, Tone] = {
    "matched": "good",
    "matched_within_tolerance": "good",
    "inconclusive": "warning",
    "drift": "bad",
}
REFERENCES = {
    "cursor_spend_api": "Cursor's spend figures",
    "cursor_daily_usage_api": "Cursor's daily usage",
    "dashboard": "the dashboard",
    "invoice": "an invoice",
}
# The order of a reader who looks for trouble.
_WORST_FIRST = (
    "case verdict when 'drift' then 1 when 'inconclusive' then 2 when 'matched_within_tolerance' then 3 "
    "when 'matched' then 4 else 5 end"
)
# A verdict's age is that of the unbroken run of the same verdict. Ranges move on from day to day and are one story;
# those of a dashboard's or an invoice's figure stay, and each is its own.
_TOTALS = """
with said as (
    select
        measure, reference_source, verdict, said_at, is_current, window_start_date, window_end_date,
        case when reference_source in ('dashboard', 'invoice') then window_start_date end as range_start_date,
        case when reference_source in ('dashboard', 'invoice') then window_end_date end as range_end_date
    from verification_history
    where team_id = $1
),

ages as (
    select
        newest.measure, newest.reference_source, newest.window_start_date, newest.window_end_date,
        min(said.said_at) as verdict_since_at
    from said as newest
    inner join said
        on newest.measure = said.measure
        and newest.reference_source is not distinct from said.reference_source
        and newest.range_start_date is not distinct from said.range_start_date
        and newest.range_end_date is not distinct from said.range_end_date
        and newest.verdict = said.verdict
    where
        newest.is_current
        and not exists (
            select 1
            from said as other
            where
                other.measure = newest.measure
                and other.reference_source is not distinct from newest.reference_source
                and other.range_start_date is not distinct from newest.range_start_date
                and other.range_end_date is not distinct from newest.range_end_date
                and other.verdict <> newest.verdict
                and other.said_at > said.said_at
        )
    group by all
)

select
    totals.measure, totals.measure_order, totals.label, totals.reference_source, totals.unit,
    totals.window_start_date, totals.window_end_date, totals.warehouse_value, totals.reference_value,
    totals.difference, totals.verdict, ages.verdict_since_at, totals.explanation
from verification_totals as totals
left join ages
    on totals.measure = ages.measure
    and totals.reference_source is not distinct from ages.reference_source
    and totals.window_start_date is not distinct from ages.window_start_date
    and totals.window_end_date is not distinct from ages.window_end_date
where totals.team_id = $1
"""
_CAUSES = """
select
    totals.measure_order, totals.label, causes.reference_source, causes.unit, causes.window_start_date,
    causes.window_end_date, causes.cause, causes.cause_order, causes.difference, causes.upper_bound, causes.addresses,
    causes.explanation
from verification_causes as causes
inner join verification_totals as totals
    on causes.team_id = totals.team_id
    and causes.measure = totals.measure
    and causes.reference_source = totals.reference_source
    and causes.window_start_date is not distinct from totals.window_start_date
    and causes.window_end_date is not distinct from totals.window_end_date
where causes.team_id = ?
"""


def totals(choice: Choice) -> TableQuery:
    return TableQuery(
        key="totals",
        caption="What was compared with what",
        columns=(
            Column("label", "Figure", "text"),
            Column("reference_source", "Compared with", "text", "Nothing where no reference exists."),
            Column("window_start_date", "First day", "date"),
            Column("window_end_date", "Last day", "date"),
            Column("warehouse_value", "Here", "text", "By the loaded events, in the figure's own unit."),
            Column("reference_value", "Reference", "text"),
            Column("difference", "Difference", "text", "Here minus the reference."),
            Column("verdict", "Verdict", "text"),
            Column("verdict_since_at", "Since", "instant", "When the unbroken run of this verdict began."),
            Column("explanation", "Why", "text", is_sortable=False),
            Column("unit", "Unit", "text", is_sortable=False),
        ),
        sql=_TOTALS,
        parameters=[choice.team_id],
        default_sort="verdict",
        empty="Nothing was compared: no day of usage is loaded.",
        order={"verdict": f"{_WORST_FIRST}, measure_order", "label": "measure_order"},
        written=_written_total,
    )


def causes(choice: Choice) -> TableQuery:
    return TableQuery(
        key="causes",
        caption="What each difference is made of",
        columns=(
            Column("label", "Figure", "text"),
            Column("reference_source", "Compared with", "text"),
            Column("cause", "Cause", "text"),
            Column("difference", "Part of the difference", "text", "The parts of a figure sum to its difference."),
            Column("upper_bound", "At most", "text", "No part: how much may still come to be the cause."),
            Column("addresses", "Addresses", "count"),
            Column("explanation", "In words", "text", is_sortable=False),
            Column("unit", "Unit", "text", is_sortable=False),
        ),
        sql=_CAUSES,
        parameters=[choice.team_id],
        default_sort="label",
        empty="No figure was compared with a reference.",
        order={"label": "measure_order, cause_order", "cause": "cause_order"},
        written=_written_cause,
    )


def make(marts: PublishedFile, choice: Choice) -> Section:
    """The verdict and its evidence; of the verified days and the open cycle, whatever window is chosen."""
    said = marts.row("select * from verification_verdicts where team_id = ?", [choice.team_id])
    if said is None:
        return Section("verdict", "Verdict", "There is no verdict for this team.", tone="warning")
    primary = marts.row(
        f"select verdict_since_at, verdict from ({_TOTALS}) where measure = 'cycle_on_demand_usd' "
        "and reference_source = 'cursor_spend_api'",
        [choice.team_id],
    )
    since: tuple[Figure, ...] = ()
    if primary is not None and primary["verdict_since_at"] is not None:
        note = f"on-demand usage of the open cycle: {words(primary['verdict'])}"
        since = (Figure("Since", primary["verdict_since_at"], "instant", note),)
    return Section(
        key="verdict",
        title="Verdict",
        lead=said["sentence"],
        tone=TONES.get(said["verdict"], "neutral"),
        figures=(
            Figure("Verdict", words(said["verdict"]), "text", tone=TONES.get(said["verdict"], "neutral")),
            *since,
            Figure("Matched to the cent", said["matched_count"], "count", "figures"),
            Figure("Within tolerance", said["matched_within_tolerance_count"], "count", "figures"),
            Figure("Drift", said["drift_count"], "count", "figures", tone="bad" if said["drift_count"] else "neutral"),
            Figure(
                "Inconclusive",
                said["inconclusive_count"],
                "count",
                "figures",
                tone="warning" if said["inconclusive_count"] else "neutral",
            ),
            Figure("Compared with a snapshot of", said["snapshot_at"], "instant", "Cursor's spend figures"),
        ),
        tables=(make_table(marts, totals(choice), choice), make_table(marts, causes(choice), choice)),
    )


def _written_total(row: dict[str, Any]) -> dict[str, Value]:
    return {
        "reference_source": REFERENCES.get(row["reference_source"], row["reference_source"]),
        "warehouse_value": in_unit(row["warehouse_value"], row["unit"]),
        "reference_value": in_unit(row["reference_value"], row["unit"]),
        "difference": in_unit(row["difference"], row["unit"]),
        "verdict": words(row["verdict"]),
    }


def _written_cause(row: dict[str, Any]) -> dict[str, Value]:
    return {
        "reference_source": REFERENCES.get(row["reference_source"], row["reference_source"]),
        "cause": words(row["cause"]),
        "difference": in_unit(row["difference"], row["unit"]),
        "upper_bound": in_unit(row["upper_bound"], row["unit"]),
    }
