"""Whether a data directory that was struck ends like its undisturbed twin.

Some columns cannot be equal, and nothing else is left out:

- ``load_id``, ``fetch_id``, ``landing_path``: a fetch's own name has chance in it.
- ``run_id`` and ``published_at``: each run has its own; what it published is compared.
- instants of fetches (``snapshot_at``, ``fetch_started_at``, …): runs of one still instant differ by microseconds and
  milliseconds, so they are compared by the second.
- what verification_history says of the past, and since when: a build less that passed is a verdict less that was said.
  What it says now is compared. The same of endpoint_access: a run less that did not fail is an answer less.
- how many loads there are: a try more is a load more. What the loads say of each day, from the first to the last
  change, is compared.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from cursor_usage.settings import DataDir
from tests.faults.invariants import Row, Violation, fingerprints, read_published

NEVER_EQUAL = {"load_id", "run_id", "published_at", "load_number", "loaded_at", "landing_path"}

_RAW_ROWS = {
    "raw.cursor_usage_events": "select * from raw.cursor_usage_events",
    "raw.cursor_usage_events_open_day": "select * from raw.cursor_usage_events_open_day",
    "raw.cursor_daily_usage": "select * from raw.cursor_daily_usage",
}
# A try more is a snapshot more, equal to the others of its second.
_SNAPSHOTS = {
    "raw.cursor_members": "select distinct * exclude (load_id, snapshot_at), date_trunc('second', snapshot_at) as at "
    "from raw.cursor_members",
    "raw.cursor_spend": "select distinct * exclude (load_id, snapshot_at), date_trunc('second', snapshot_at) as at "
    "from raw.cursor_spend",
}
_NEWEST_SNAPSHOTS = {
    name: f"{query} qualify snapshot_at = max(snapshot_at) over (partition by team_id)".replace("distinct ", "")
    for name, query in _SNAPSHOTS.items()
}
_MARTS = {
    "endpoint_access": "select team_id, endpoint, access, status_code, message from marts.endpoint_access",
    "verification_history": "select team_id, measure, reference_source, window_start_date, window_end_date, "
    "warehouse_value, reference_value, verdict, is_settled from marts.verification_history where is_current",
}
_DAYS = (
    "from raw.loads as l, generate_series(cast(l.window_start_date as timestamp), "
    "cast(l.window_end_date as timestamp), interval 1 day) as s (day) where not l.is_open_day"
)
_LOADED_DAYS = {
    "the days that were loaded, and when last": "select team_id, endpoint, s.day, "
    f"date_trunc('second', max(fetch_started_at)) {_DAYS} group by all",
}
_HISTORY = {
    "what the loads say of each day, change by change": f"""
        with totals as (
            select l.team_id, s.day, l.load_number, to_json(list_filter(
                from_json(l.totals, '["json"]'), lambda t: t ->> '$.usage_date' = strftime(s.day, '%Y-%m-%d')
            )) as of_day {_DAYS} and l.endpoint = 'usage_events'
        )
        select team_id, day, of_day, count(*) over (partition by team_id, day order by load_number)
        from (
            select * from totals
            qualify of_day is distinct from lag(of_day) over (partition by team_id, day order by load_number)
        )
    """,
}


def compare_raw(struck: Path, twin: Path, *, same_history: bool = True) -> None:
    """Raises Violation where raw differs; without ``same_history`` only what holds now is compared, not how it came."""
    queries = _RAW_ROWS | ({**_SNAPSHOTS, **_LOADED_DAYS, **_HISTORY} if same_history else _NEWEST_SNAPSHOTS)
    with _warehouse(struck) as left, _warehouse(twin) as right:
        for name, query in queries.items():
            _compare(name, left, right, query)


def compare_marts(struck: Path, twin: Path) -> None:
    """Raises Violation where marts or what is published differ, or what is published is not the marts."""
    with _warehouse(struck) as left, _warehouse(twin) as right:
        marts, others = fingerprints(left, "marts"), fingerprints(right, "marts")
        if marts.keys() != others.keys() or not marts:
            raise Violation(f"there are the marts {sorted(marts)}, and {sorted(others)} in the twin")
        for name in sorted(marts):
            _compare(f"mart {name}", left, right, _MARTS.get(name, f'select * from marts."{name}"'))
    for root, of_root in ((struck, marts), (twin, others)):
        published = read_published(DataDir(root).published)
        tables = {name: rows for name, rows in published.tables.items() if name != "publications"}
        if tables != of_root:
            raise Violation(f"published and built marts differ in {_differing(tables, of_root)} of {root}")
        if published.parquet != published.tables:
            raise Violation(f"Parquet files and marts.duckdb differ in {_differing(published.parquet, tables)}")
    if leftover := [*DataDir(struck).published.glob("*partial*")]:
        raise Violation(f"old files were left behind: {leftover}")


def _differing(left: dict[str, Any], right: dict[str, Any]) -> list[str]:
    return sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))


def _warehouse(root: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(DataDir(root).warehouse), read_only=True)


def _compare(name: str, left: duckdb.DuckDBPyConnection, right: duckdb.DuckDBPyConnection, query: str) -> None:
    found, expected = _rows(left, query), _rows(right, query)
    if found != expected:
        more, less = found - expected, expected - found
        raise Violation(
            f"{name}: {more.total()} rows that the twin has not, e.g. {_few(more)}; "
            f"{less.total()} that only the twin has, e.g. {_few(less)}"
        )


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Counter[Row]:
    answer = connection.execute(query)
    names = [column[0] for column in answer.description]
    kept = [at for at, name in enumerate(names) if name not in NEVER_EQUAL]
    is_fetch = {at for at, name in enumerate(names) if name.endswith("_at") and name != "event_at"}
    return Counter(tuple(_value(row[at], at in is_fetch) for at in kept) for row in answer.fetchall())


def _value(value: Any, is_instant_of_fetch: bool) -> Any:  # noqa: FBT001  # one use, beside its meaning
    if is_instant_of_fetch and isinstance(value, datetime):
        return value.replace(microsecond=0)
    return tuple(value) if isinstance(value, list) else value


def _few(rows: Counter[Row]) -> list[Row]:
    return list(rows)[:2]
