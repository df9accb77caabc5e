"""Raw's rows that no landed record holds, as JSON: read for the ledger, and put back where raw is built again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

TABLES = ("loads", "unknown_fields", "team_runs", "endpoint_access", "verdicts")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a warehouse stands: when its first load was made, a team's newest load, the newest build. Naive, UTC."""

    began_at: datetime | None
    load_number: int
    load_id: str | None
    build_at: datetime | None


@dataclass(frozen=True, slots=True)
class NotedLoad:
    """A load as the ledger has it, in loading order. Dates are inclusive, null for a snapshot; instants naive, UTC.

    ``is_unchanged`` is what the warehouse said that made the load; it may not be the one that made the load before.
    """

    load_id: str
    team_id: str
    endpoint: str
    is_open_day: bool
    start_date: date | None
    end_date: date | None
    fetch_started_at: datetime
    is_unchanged: bool
    landing_path: str
    checksum: str | None


def teams_in(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Every team that raw has a load or a run of."""
    rows = connection.execute("select team_id from raw.loads union select team_id from raw.team_runs order by 1")
    return [team_id for (team_id,) in rows.fetchall()]


def position(connection: duckdb.DuckDBPyConnection, team_id: str) -> Position:
    (row,) = connection.execute(
        """
        select
            (select min(loaded_at) from raw.loads), coalesce(max(load_number), 0), arg_max(load_id, load_number),
            (select max(started_at) from raw.builds)
        from raw.loads where team_id = ?
        """,
        [team_id],
    ).fetchall()
    return Position(*row)


def has_load(connection: duckdb.DuckDBPyConnection, load_number: int, load_id: str) -> bool:
    """Whether the load has that number here: not so where another, or an older, warehouse stands in its place."""
    return bool(
        connection.execute(
            "select 1 from raw.loads where load_number = ? and load_id = ?", [load_number, load_id]
        ).fetchone()
    )


def rows_since(
    connection: duckdb.DuckDBPyConnection,
    team_id: str,
    load_number: int,
    build_at: datetime | None,
    run_id: str | None = None,
) -> dict[str, str]:
    """A team's rows by table, as JSON arrays: loads after ``load_number``, how each run since then ended, and verdicts.

    Runs are those of these loads, those that a build after ``build_at`` (None: any) noted, and ``run_id``; verdicts are
    those that a build after ``build_at`` said.
    """
    facts = {"team_id": team_id, "load_number": load_number, "build_at": build_at, "run_id": run_id}
    runs = """
        select run_id from raw.loads where team_id = $team_id and load_number > $load_number
        union select run_id from raw.builds where started_at > $build_at or $build_at is null
        union select $run_id
    """
    of_runs = f"team_id = $team_id and run_id in ({runs})"
    conditions = {
        "loads": "team_id = $team_id and load_number > $load_number order by load_number",
        "unknown_fields": f"load_id in (select load_id from raw.loads where {of_runs}) order by load_id, field",
        "team_runs": of_runs,
        "endpoint_access": of_runs,
        "verdicts": "team_id = $team_id and (said_at > $build_at or $build_at is null)",
    }
    return {table: rows for table in TABLES if (rows := _as_json(connection, table, conditions[table], facts))}


def _as_json(connection: duckdb.DuckDBPyConnection, table: str, condition: str, facts: dict[str, Any]) -> str | None:
    used = {name: value for name, value in facts.items() if f"${name}" in condition}
    row = connection.execute(
        f"""
        select case when count(*) > 0 then cast(to_json(list(t)) as varchar) end
        from (select * from raw.{table} where {condition}) as t
        """,
        used,
    ).fetchone()
    return row[0] if row else None


def begin_noted(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables that :func:`add_noted` fills."""
    for table in TABLES:
        connection.execute(
            f"create or replace temp table noted_{table} as "
            f"select *, 0::bigint as entry, null::timestamp as began_at from raw.{table} limit 0"
        )


def add_noted(
    connection: duckdb.DuckDBPyConnection, table: str, rows_json: str, *, entry: int, began_at: datetime | None
) -> None:
    """Adds an entry's rows of one table. A column that the entry's time did not know is null."""
    described = connection.execute(f"describe raw.{table}").fetchall()
    structure = json.dumps([{name: column_type for name, column_type, *_ in described}])
    connection.execute(
        f"""
        insert into noted_{table} by name
        select unnest(json_transform(cast($rows as json), '{structure}'), recursive := true),
            $entry as entry, cast($began_at as timestamp) as began_at
        """,
        {"rows": rows_json, "entry": entry, "began_at": began_at},
    )


def settle_noted(connection: duckdb.DuckDBPyConnection) -> list[NotedLoad]:
    """Keeps the newest note of each load, run and verdict, and returns the loads in the order in which they were made.

    Loads of several warehouses (one was lost and begun anew, or put back from a back-up) are numbered through.
    """
    newest = {
        "loads": "qualify row_number() over (partition by team_id, load_id order by entry desc) = 1",
        "unknown_fields": "qualify entry = max(entry) over (partition by team_id, load_id)",
        # Before team_runs: how the endpoints answered goes by the newest note of its run.
        "endpoint_access": """where (team_id, run_id, entry) in (
            select (team_id, run_id, max(entry)) from noted_team_runs group by team_id, run_id
        )""",
        "team_runs": "qualify entry = max(entry) over (partition by team_id, run_id)",
        "verdicts": """qualify row_number() over (
            partition by team_id, measure, reference_source, window_start_date, window_end_date, said_at
            order by entry desc
        ) = 1""",
    }
    for table, clause in newest.items():
        connection.execute(f"create or replace temp table noted_{table} as select * from noted_{table} {clause}")
    connection.execute(
        """
        create or replace temp table noted_loads as
        select * exclude (is_one_history, place)
            replace (case when is_one_history then load_number else place end as load_number)
        from (
            select *, row_number() over (order by began_at, load_number, loaded_at, load_id) as place,
                count(distinct load_number) over () = count(*) over ()
                    and min(began_at) over () = max(began_at) over () as is_one_history
            from noted_loads
        )
        """
    )
    rows = connection.execute(
        """
        select load_id, team_id, endpoint, is_open_day, window_start_date, window_end_date, fetch_started_at,
            is_unchanged, landing_path, checksum
        from noted_loads order by load_number
        """
    ).fetchall()
    return [NotedLoad(*row) for row in rows]


def put_back_loads(connection: duckdb.DuckDBPyConnection, load_ids: Iterable[str]) -> None:
    """Gives raw.loads these loads as they were noted, in place of what stands there of them."""
    ids = list(load_ids)
    connection.execute("delete from raw.loads where list_contains($ids, load_id)", {"ids": ids})
    connection.execute(
        "insert into raw.loads by name "
        "select * exclude (entry, began_at) from noted_loads where list_contains($ids, load_id) order by load_number",
        {"ids": ids},
    )


def put_back_the_rest(connection: duckdb.DuckDBPyConnection) -> None:
    """Gives raw what was noted beside loads."""
    for table in TABLES:
        if table != "loads":
            connection.execute(
                f"insert into raw.{table} by name select * exclude (entry, began_at) from noted_{table} order by entry"
            )


def newest_loaded_run(connection: duckdb.DuckDBPyConnection) -> tuple[str, str] | None:
    """Run and team of the newest run that loaded its team whole; None where none did."""
    row = connection.execute(
        "select run_id, team_id from raw.team_runs where status = 'succeeded' "
        "order by finished_at desc, run_id, team_id limit 1"
    ).fetchone()
    return None if row is None else (str(row[0]), str(row[1]))
