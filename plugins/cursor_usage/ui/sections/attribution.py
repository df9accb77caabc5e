"""Whose usage it is, and who is missing and why."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cursor_usage.ui.choice import Choice
from cursor_usage.ui.published import PublishedFile, Row
from cursor_usage.ui.tables import TableQuery, make_table
from cursor_usage.ui.view import Chart, Column, Figure, Section, Series, Value
from cursor_usage.wording import money, total, words

# A known person's usage; where a person is missing is the others.
_STATES_OF_MEMBERS = ("attributed", "joined_after_window", "no_daily_row", "alias_of_another_address")
_STATES = """
select state, people, requests, usage_value_usd, usage_value_share, what_to_do, window_start_date, window_end_date
from usage_attribution
where team_id = ?
order by usage_value_usd desc, state
"""
_MISSING = """
select people.email, people.name, people.state, people.alias_of, people.requests, people.usage_value_usd,
    people.last_active_date, states.what_to_do, people.seat_key
from usage_attribution_by_developer as people
inner join usage_attribution as states on people.team_id = states.team_id and people.state = states.state
where people.team_id = ? and people.state <> 'attributed'
"""


def missing(choice: Choice) -> TableQuery:
    return TableQuery(
        key="missing",
        caption="Who is missing, and why",
        columns=(
            Column("state", "What is missing", "text"),
            Column("email", "E-mail", "text", "Empty where the usage has none.", is_person=True),
            Column("name", "Name", "text", is_person=True),
            Column("alias_of", "Also known as", "text", is_person=True),
            Column("requests", "Requests", "count"),
            Column("usage_value_usd", "Usage value", "usd"),
            Column("last_active_date", "Last active", "date"),
            Column("what_to_do", "What to do", "text", is_sortable=False),
        ),
        sql=_MISSING,
        parameters=[choice.team_id],
        default_sort="usage_value_usd",
        is_default_descending=True,
        empty="Nobody is missing: all usage is that of members.",
        written=_written,
    )


def make(marts: PublishedFile, choice: Choice) -> Section:
    """Usage of the verified 14 days by how sure it is whose it is, whatever window is chosen."""
    states = marts.rows(_STATES, [choice.team_id])
    used = [state for state in states if state["usage_value_usd"] != 0]
    others = [state for state in used if state["state"] not in _STATES_OF_MEMBERS]
    whole = total(state["usage_value_usd"] for state in states)
    lost = total(state["usage_value_usd"] for state in others)
    return Section(
        key="attribution",
        title="Attribution",
        lead=_lead(whole, lost, others),
        tone="good" if whole > 0 and not others else "neutral",
        figures=(
            Figure("Usage of members", float(1 - lost / whole) if whole > 0 else None, "share", "of usage value"),
            *(_figure(state) for state in others),
        ),
        charts=(_chart(used, whole, lost),),
        tables=(make_table(marts, missing(choice), choice),),
        notes=tuple(f"{words(state['state']).capitalize()}: {state['what_to_do']}" for state in others),
    )


def _figure(state: Row) -> Figure:
    note = f"{state['requests']:,} requests"
    return Figure(words(state["state"]).capitalize(), state["usage_value_usd"], "usd", note)


def _lead(whole: Decimal, lost: Decimal, others: list[Row]) -> str:
    if whole <= 0:
        return "No usage value is loaded in the verified 14 days."
    if not others:
        return f"All of {money(whole)} of usage value is that of members."
    named = ", ".join(words(state["state"]) for state in others)
    return f"{1 - lost / whole:.1%} of {money(whole)} of usage value is that of members; the rest is {named}."


def _chart(used: list[Row], whole: Decimal, lost: Decimal) -> Chart:
    return Chart(
        key="usage_by_state",
        title="Usage value by attribution",
        kind="category",
        unit="usd",
        x=tuple(words(state["state"]) for state in used),
        series=(Series("Usage value", "other", tuple(state["usage_value_usd"] for state in used)),),
        x_label="Attribution",
        summary=f"{money(lost)} of {money(whole)} is not that of a member.",
    )


def _written(row: dict[str, Any]) -> dict[str, Value]:
    return {"state": words(row["state"])}
