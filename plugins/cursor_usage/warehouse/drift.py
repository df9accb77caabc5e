"""Which unknown fields came with a load: their names, JSON types and counts, never a value of theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from cursor_usage.warehouse.load import LandedFetch

# A key that is made of data (an e-mail, a date) would come in thousands; the most frequent ones tell of it.
FIELDS_KEPT_A_LOAD = 100
_TABLES = {
    "members": "raw.cursor_members",
    "spend": "raw.cursor_spend",
    "daily_usage": "raw.cursor_daily_usage",
    "usage_events": "raw.cursor_usage_events",
}
_OPEN_DAY = "raw.cursor_usage_events_open_day"
_BY_DUCKDB_TYPE = {"VARCHAR": "text", "BOOLEAN": "boolean", "OBJECT": "object", "ARRAY": "list"}


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of an endpoint's answers: ``groups`` hold known fields, ``fields`` and ``envelope`` are no news."""

    groups: AbstractSet[str]
    fields: AbstractSet[str]
    envelope: AbstractSet[str]


@dataclass(frozen=True, slots=True)
class UnknownField:
    """An unknown field in the loads of one run. ``first_seen_at`` is naive, UTC: when the first fetch with it began.

    ``is_envelope``: it stands around the records; ``records`` is null then.
    """

    endpoint: str
    field: str
    is_envelope: bool
    json_types: tuple[str, ...]
    records: int | None
    first_seen_at: datetime


def note_unknown_fields(
    connection: duckdb.DuckDBPyConnection,
    fetch: LandedFetch,
    envelopes: Iterable[Mapping[str, Any]],
    expected: Expected,
) -> None:
    """Counts what the rows of a load, and the answers they came in, have beside the known fields; once a load.

    Null, an empty text and a missing key are the same: none of them is a field.
    """
    if connection.execute("select 1 from raw.unknown_fields where load_id = ?", [fetch.load_id]).fetchone():
        return
    found: list[tuple[str, bool, str, int | None]] = [
        (name, False, kind, records) for name, kind, records in _in_rows(connection, fetch, expected)
    ]
    found += [(name, True, kind, None) for name, kind in _in_envelopes(envelopes, expected.envelope)]
    if not found:
        return
    # One statement, so that a load has all of its fields or, where the process dies, none of them.
    connection.execute(
        f"""
        insert into raw.unknown_fields by name
        select $team_id as team_id, $endpoint as endpoint, $load_id as load_id, cast($seen_at as timestamp) as seen_at,
            f.field, f.is_envelope, f.json_type, f.records
        from (values {", ".join(f"($f{n}, $e{n}, $t{n}, cast($r{n} as bigint))" for n in range(len(found)))})
            as f (field, is_envelope, json_type, records)
        """,
        {
            "team_id": fetch.team_id,
            "endpoint": fetch.endpoint,
            "load_id": fetch.load_id,
            "seen_at": fetch.started_at,
            **{
                f"{letter}{number}": value
                for number, row in enumerate(found)
                for letter, value in zip("fetr", row, strict=True)
            },
        },
    )


def _in_rows(
    connection: duckdb.DuckDBPyConnection, fetch: LandedFetch, expected: Expected
) -> list[tuple[str, str, int]]:
    # The window's days, so that the load's rows are found without reading all of history.
    days = "" if fetch.start_date is None else "and usage_date between $first and $last"
    bounds = {} if fetch.start_date is None else {"first": fetch.start_date, "last": fetch.end_date}
    rows = connection.execute(
        f"""
        with outer_fields as (
            select e.key, e.type, e.value
            from {_OPEN_DAY if fetch.is_open_day else _TABLES[fetch.endpoint]} as t, json_each(t.rest) as e
            where t.team_id = $team_id and t.load_id = $load_id and t.rest is not null {days}
        ),
        fields as (
            select key as field, type, value from outer_fields
            where not (list_contains($groups, key) and type = 'OBJECT')
            union all
            select o.key || '.' || e.key, e.type, e.value
            from outer_fields as o, json_each(o.value) as e
            where list_contains($groups, o.key) and o.type = 'OBJECT'
        )
        select field, type, count(*) as records from fields
        where type <> 'NULL' and cast(value as varchar) <> '""' and not list_contains($known, field)
        group by all
        order by records desc, field, type
        limit {FIELDS_KEPT_A_LOAD}
        """,
        {
            "team_id": fetch.team_id,
            "load_id": fetch.load_id,
            # An empty list has no type, and no field is called so.
            "groups": ["", *expected.groups],
            "known": ["", *expected.fields],
            **bounds,
        },
    ).fetchall()
    by_type: dict[tuple[str, str], int] = {}
    for name, duckdb_type, records in rows:
        key = name, _BY_DUCKDB_TYPE.get(duckdb_type, "number")
        by_type[key] = by_type.get(key, 0) + records
    return [(name, json_type, records) for (name, json_type), records in by_type.items()]


def _in_envelopes(envelopes: Iterable[Mapping[str, Any]], known: AbstractSet[str]) -> list[tuple[str, str]]:
    found = {
        (path, _json_type(value))
        for envelope in envelopes
        for path, value in _paths(envelope, known)
        if path not in known and value is not None and value != ""
    }
    return sorted(found)[:FIELDS_KEPT_A_LOAD]


def _paths(envelope: Mapping[str, Any], known: AbstractSet[str]) -> Iterator[tuple[str, Any]]:
    """Each field by its path; an object is opened where known fields are inside it."""
    groups = {path.partition(".")[0] for path in known if "." in path}
    for key, value in envelope.items():
        if key in groups and isinstance(value, dict):
            yield from ((f"{key}.{inner}", inner_value) for inner, inner_value in value.items())
        else:
            yield key, value


def _json_type(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "text"
    return "object" if isinstance(value, dict) else "list" if isinstance(value, list) else "number"


def unknown_fields(connection: duckdb.DuckDBPyConnection, team_id: str, run_id: str) -> list[UnknownField]:
    """The unknown fields of what a run loaded, one row a field, most frequent first."""
    rows = connection.execute(
        """
        with of_run as (
            select f.endpoint, f.field, f.is_envelope, list(distinct f.json_type order by f.json_type) as json_types,
                sum(f.records) as records
            from raw.unknown_fields as f
            join raw.loads as l using (load_id)
            where f.team_id = $team_id and l.run_id = $run_id
            group by all
        )
        select r.endpoint, r.field, r.is_envelope, r.json_types, cast(r.records as bigint), min(f.seen_at)
        from of_run as r
        join raw.unknown_fields as f on f.team_id = $team_id and f.endpoint = r.endpoint
            and f.field = r.field and f.is_envelope = r.is_envelope
        group by all
        order by r.endpoint, r.is_envelope, 5 desc, r.field
        """,
        {"team_id": team_id, "run_id": run_id},
    ).fetchall()
    return [UnknownField(endpoint, field, env, tuple(types), n, at) for endpoint, field, env, types, n, at in rows]
