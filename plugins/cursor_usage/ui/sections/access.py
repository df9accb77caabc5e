"""What this key may read, and which marts stay empty because of what it may not."""

from __future__ import annotations

from typing import Any

from cursor_usage.ui.choice import Choice
from cursor_usage.ui.published import PublishedFile
from cursor_usage.ui.tables import TableQuery, make_table
from cursor_usage.ui.view import Column, Figure, Section, Value
from cursor_usage.wording import plural, words

_ENDPOINTS = """
select endpoint_order, endpoint, access, access_since_at, last_checked_at, last_granted_at, status_code, message,
    empty_marts, consequence
from endpoint_access
where team_id = ?
"""


def endpoints(choice: Choice) -> TableQuery:
    return TableQuery(
        key="endpoints",
        caption="What this key may read",
        columns=(
            Column("endpoint", "Endpoint", "text"),
            Column("access", "Access", "text"),
            Column("access_since_at", "Since", "instant", "When the unbroken run of this answer began."),
            Column("last_checked_at", "Last asked", "instant"),
            Column("last_granted_at", "Last granted", "instant"),
            Column("message", "What Cursor says", "text", is_sortable=False),
            Column("empty_marts", "Empty without it", "text", "Marts without a row.", is_sortable=False),
            Column("consequence", "Not known without it", "text", is_sortable=False),
        ),
        sql=_ENDPOINTS,
        parameters=[choice.team_id],
        default_sort="endpoint",
        empty="This key was never tried.",
        order={"endpoint": "endpoint_order"},
        written=_written,
    )


def make(marts: PublishedFile, choice: Choice) -> Section:
    """The newest answer of each endpoint to this team's key."""
    table = make_table(marts, endpoints(choice), choice)
    rows = marts.rows(f"select endpoint, access from ({_ENDPOINTS})", [choice.team_id])
    refused = [words(row["endpoint"]) for row in rows if row["access"] == "refused"]
    granted = sum(row["access"] == "granted" for row in rows)
    if refused:
        lead = f"Refused to this key: {', '.join(refused)}. The table says what stays empty because of it."
    elif rows:
        lead = f"This key may read {plural(granted, 'endpoint')} of the {len(rows):,} that were asked; none refused it."
    else:
        lead = "No run of this team has asked Cursor anything yet."
    return Section(
        key="access",
        title="Key access",
        lead=lead,
        tone="warning" if refused else "good" if granted else "neutral",
        figures=(
            Figure("Granted", granted, "count", "endpoints", "good" if granted else "neutral"),
            Figure("Refused", len(refused), "count", "endpoints", "warning" if refused else "neutral"),
        ),
        tables=(table,),
    )


def _written(row: dict[str, Any]) -> dict[str, Value]:
    return {"endpoint": words(row["endpoint"]), "access": words(row["access"])}
