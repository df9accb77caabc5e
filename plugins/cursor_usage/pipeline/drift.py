"""Unknown fields of what a run loads: kept in raw, counted, and said once a run in one sentence each."""

from __future__ import annotations

import duckdb

from cursor_usage.landing import Manifest
from cursor_usage.pipeline.run import FindingFact
from cursor_usage.quality.checks import showable
from cursor_usage.quality.fields import CONTRACTS
from cursor_usage.warehouse.drift import Expected, UnknownField, note_unknown_fields, unknown_fields
from cursor_usage.warehouse.load import LandedFetch

NOTICE = "notice"
FIELDS_SAID_A_RUN = 20


def note_drift(warehouse: duckdb.DuckDBPyConnection, fetch: LandedFetch, manifest: Manifest) -> None:
    """Notes the unknown fields of one load and of the answers it came in."""
    contract = CONTRACTS[fetch.endpoint]
    expected = Expected(contract.groups, contract.seen_elsewhere, contract.envelope)
    note_unknown_fields(warehouse, fetch, (manifest.first_envelope, manifest.last_envelope), expected)


def drift_findings(warehouse: duckdb.DuckDBPyConnection, team_id: str, run_id: str) -> list[FindingFact]:
    """One sentence for each unknown field of what the run loaded, without any value of it."""
    found = unknown_fields(warehouse, team_id, run_id)
    said = [FindingFact(NOTICE, _sentence(field)) for field in found[:FIELDS_SAID_A_RUN]]
    if more := len(found) - len(said):
        said.append(FindingFact(NOTICE, f"{more} more unknown fields came; raw.unknown_fields lists all."))
    return said


def _sentence(field: UnknownField) -> str:
    endpoint, name = field.endpoint.replace("_", " "), showable(field.field)
    what = f"{name} ({' or '.join(field.json_types)})"
    since = f"first seen {field.first_seen_at:%Y-%m-%d %H:%M} UTC"
    if field.is_envelope:
        return f"{endpoint}: the answer has the unknown field {what}, {since}; it is kept in the manifests."
    records = f"{field.records:,} {'record has' if field.records == 1 else 'records have'}"
    return f"{endpoint}: {records} the unknown field {what}, {since}; it is kept in the column rest."
