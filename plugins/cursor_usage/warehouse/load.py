"""Puts landed answers into raw: a window replaces its days in one transaction, a snapshot is added.

Whatever the order in which fetches are loaded, raw ends with the newest one of each day: a day that a later fetch has
already filled is left alone. A fetch is loaded once, however often it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from cursor_usage.warehouse.connection import WarehouseError
from cursor_usage.warehouse.records import DAILY_USAGE, MEMBERS, SPEND, USAGE_EVENTS, Table, source_of

_SNAPSHOTS: Mapping[str, Table] = {"members": MEMBERS, "spend": SPEND}


class DamagedFetchError(WarehouseError):
    """A fetch is not what its manifest says of it, so that it is to be fetched anew."""

    is_of_what_landed = True


@dataclass(frozen=True, slots=True)
class LandedFetch:
    """What a load needs to know of one landed fetch. Instants are aware and in UTC; dates are inclusive."""

    load_id: str
    run_id: str
    team_id: str
    endpoint: str
    is_open_day: bool
    start_date: date | None
    end_date: date | None
    covered_until_at: datetime | None
    started_at: datetime
    finished_at: datetime
    cycle_start_at: datetime | None
    records_announced: int | None
    records_received: int
    pages: int
    bytes_received: int
    checksum: str
    landing_path: str
    records_path: Path


@dataclass(frozen=True, slots=True)
class Load:
    """How a fetch was loaded: ``rows`` is what went in, 0 where the rows were there already."""

    load_id: str
    endpoint: str
    rows: int
    is_unchanged: bool


def load(connection: duckdb.DuckDBPyConnection, fetch: LandedFetch, *, is_known_to_be_new: bool = False) -> Load:
    """Loads one fetch in one transaction.

    ``is_known_to_be_new``: its rows are put in whatever was noted of the window before; for rebuilding raw, where notes
    may stand without their rows.

    Raises:
        DamagedFetchError: the records are not what the manifest says; nothing was changed.
    """
    connection.begin()
    try:
        done = _load(connection, fetch, is_known_to_be_new=is_known_to_be_new)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    return done


def _load(connection: duckdb.DuckDBPyConnection, fetch: LandedFetch, *, is_known_to_be_new: bool) -> Load:
    if connection.execute("select 1 from raw.loads where load_id = ?", [fetch.load_id]).fetchone():
        return Load(fetch.load_id, fetch.endpoint, 0, is_unchanged=True)
    is_unchanged = False
    if fetch.endpoint in _SNAPSHOTS:
        rows = _add_snapshot(connection, fetch, _SNAPSHOTS[fetch.endpoint])
    # The open day's rows always carry their newest load: its covered_until_at is what they are known up to.
    elif not fetch.is_open_day and not is_known_to_be_new and _is_in_place(connection, fetch):
        rows, is_unchanged = 0, True
    else:
        rows = _replace_window(connection, fetch)
    connection.execute(
        """
        insert into raw.loads by name
        select
            (select coalesce(max(load_number), 0) + 1 from raw.loads) as load_number,
            ? as load_id, ? as run_id, ? as team_id, ? as endpoint, ? as is_open_day,
            ? as window_start_date, ? as window_end_date, ? as covered_until_at,
            ? as fetch_started_at, ? as fetch_finished_at, ? as cycle_start_at,
            ? as records_announced, ? as records_received, ? as pages, ? as bytes_received,
            ? as checksum, ? as landing_path, ? as is_unchanged, ? as totals, ? as loaded_at
        """,
        [
            fetch.load_id,
            fetch.run_id,
            fetch.team_id,
            fetch.endpoint,
            fetch.is_open_day,
            fetch.start_date,
            fetch.end_date,
            _naive(fetch.covered_until_at),
            _naive(fetch.started_at),
            _naive(fetch.finished_at),
            _naive(fetch.cycle_start_at),
            fetch.records_announced,
            fetch.records_received,
            fetch.pages,
            fetch.bytes_received,
            fetch.checksum,
            fetch.landing_path,
            is_unchanged,
            _totals_before(connection, fetch) if is_unchanged else _totals(connection, fetch),
            _naive(datetime.now(UTC)),
        ],
    )
    return Load(fetch.load_id, fetch.endpoint, rows, is_unchanged)


def _naive(at: datetime | None) -> datetime | None:
    """DuckDB's timestamp has no zone; all of ours are UTC."""
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None)


def _add_snapshot(connection: duckdb.DuckDBPyConnection, fetch: LandedFetch, table: Table) -> int:
    extra = ", $cycle_start_at as cycle_start_at" if fetch.endpoint == "spend" else ""
    parameters = {"team_id": fetch.team_id, "snapshot_at": _naive(fetch.started_at), "load_id": fetch.load_id}
    if extra:
        parameters["cycle_start_at"] = _naive(fetch.cycle_start_at)
    inserted = connection.execute(
        f"""
        insert into raw.{table.name} by name
        select *, $team_id as team_id, $snapshot_at as snapshot_at, $load_id as load_id{extra}
        from ({table.select(source_of(str(fetch.records_path)))})
        """,
        parameters,
    ).fetchone()
    return _expect(fetch, inserted[0] if inserted else 0, fetch.records_received)


def _is_in_place(connection: duckdb.DuckDBPyConnection, fetch: LandedFetch) -> bool:
    """Whether the window's newest load has the same records and nothing else has touched its days since."""
    newest = connection.execute(
        """
        select checksum = $checksum and window_start_date = $start_date and window_end_date = $end_date
            and fetch_started_at <= $started_at
        from raw.loads
        where team_id = $team_id and endpoint = $endpoint and is_open_day = $is_open_day
            and window_start_date <= $end_date and window_end_date >= $start_date
        order by fetch_started_at desc limit 1
        """,
        {**_window_of(fetch), "checksum": fetch.checksum},
    ).fetchone()
    return newest is not None and bool(newest[0])


def _window_of(fetch: LandedFetch) -> dict[str, object]:
    return {
        "team_id": fetch.team_id,
        "endpoint": fetch.endpoint,
        "is_open_day": fetch.is_open_day,
        "start_date": fetch.start_date,
        "end_date": fetch.end_date,
        "started_at": _naive(fetch.started_at),
    }


def _replace_window(connection: duckdb.DuckDBPyConnection, fetch: LandedFetch) -> int:
    table, select = _windowed(fetch)
    # Days that a later fetch has filled already are not ours to replace. There is one open day, whatever its date.
    connection.execute(
        """
        create or replace temp table days_to_replace as
        with days as (
            select cast(s.day as date) as usage_date
            from generate_series(
                cast($start_date as timestamp), cast($end_date as timestamp), interval 1 day
            ) as s (day)
        )
        select usage_date from days
        where not exists (
            select 1 from raw.loads
            where team_id = $team_id and endpoint = $endpoint and is_open_day = $is_open_day
                and (is_open_day or usage_date between window_start_date and window_end_date)
                and fetch_started_at > $started_at
        )
        """,
        _window_of(fetch),
    )
    of_days = "usage_date in (select usage_date from days_to_replace)"
    replaced = "exists (select 1 from days_to_replace)" if fetch.is_open_day else of_days
    connection.execute(f"delete from {table} where team_id = ? and {replaced}", [fetch.team_id])
    keys: dict[str, object] = {"team_id": fetch.team_id, "load_id": fetch.load_id}
    row = connection.execute(f"insert into {table} by name select * from ({select}) where {of_days}", keys).fetchone()
    inserted = int(row[0]) if row else 0
    if inserted != fetch.records_received:
        _explain_what_was_left_out(connection, fetch, select, keys)
    return inserted


def _explain_what_was_left_out(
    connection: duckdb.DuckDBPyConnection, fetch: LandedFetch, select: str, keys: dict[str, object]
) -> None:
    """Rows may be left out for a day that a later fetch has filled, and for nothing else."""
    row = connection.execute(
        f"select count(*), count(*) filter (where (usage_date between $first and $last) is not true) from ({select})",
        {**keys, "first": fetch.start_date, "last": fetch.end_date},
    ).fetchone()
    found, outside = row or (0, 0)
    if outside:
        raise DamagedFetchError(
            f"{outside} records of {fetch.endpoint} lie outside {fetch.start_date} to {fetch.end_date} "
            f"({fetch.landing_path}). Nothing was changed. Start a new run, which asks again; if it says the same, "
            f"Cursor answers other days than it is asked for: report it."
        )
    _expect(fetch, found, fetch.records_received)


def _windowed(fetch: LandedFetch) -> tuple[str, str]:
    """The raw table of a windowed endpoint, and the select that reads the fetch in its columns."""
    source = source_of(str(fetch.records_path))
    keys = "$team_id as team_id, $load_id as load_id"
    if fetch.endpoint == "daily_usage":
        return "raw.cursor_daily_usage", (
            f"select * exclude (day), try_cast(day as date) as usage_date, {keys} from ({DAILY_USAGE.select(source)})"
        )
    table = "raw.cursor_usage_events_open_day" if fetch.is_open_day else "raw.cursor_usage_events"
    return table, (
        f"select * exclude (timestamp_ms), epoch_ms(timestamp_ms) as event_at, "
        f"cast(epoch_ms(timestamp_ms) as date) as usage_date, {keys} from ({USAGE_EVENTS.select(source)})"
    )


def _expect(fetch: LandedFetch, found: int, expected: int) -> int:
    if found != expected:
        raise DamagedFetchError(
            f"{fetch.landing_path} holds {found} records of {fetch.endpoint}, its manifest says {expected}. "
            f"The landed file was changed or is damaged; run again to fetch it anew. Nothing was changed."
        )
    return found


def _totals(connection: duckdb.DuckDBPyConnection, fetch: LandedFetch) -> str | None:
    """Events and cents by day and kind of the window as it stands in raw after this load."""
    if fetch.endpoint != "usage_events":
        return None
    table = "raw.cursor_usage_events_open_day" if fetch.is_open_day else "raw.cursor_usage_events"
    row = connection.execute(
        f"""
        select to_json(list(totals order by totals.usage_date, totals.kind)) from (
            select {{
                'usage_date': usage_date, 'kind': kind, 'events': count(*),
                'events_without_charge': count(*) filter (charged_cents is null or charged_cents = ''),
                -- The narrow type is many times faster to read; what does not fit goes through the wide one. DuckDB 1.5
                -- rounds a text with an exponent wrongly, a double rightly: for a note of the total that is enough.
                'charged_cents': cast(sum(
                    case when charged_cents like '%e%' or charged_cents like '%E%'
                        then cast(try_cast(charged_cents as double) as decimal(38, 6))
                        else coalesce(
                            try_cast(charged_cents as decimal(18, 6)), try_cast(charged_cents as decimal(38, 6))
                        )
                    end
                ) as varchar)
            }} as totals
            from {table}
            where team_id = $team_id and usage_date between $first and $last
            group by usage_date, kind
        )
        """,
        {"team_id": fetch.team_id, "first": fetch.start_date, "last": fetch.end_date},
    ).fetchone()
    return row[0] if row else None


def _totals_before(connection: duckdb.DuckDBPyConnection, fetch: LandedFetch) -> str | None:
    row = connection.execute(
        """
        select totals from raw.loads
        where team_id = ? and endpoint = ? and is_open_day = ? and window_start_date = ? and window_end_date = ?
        order by fetch_started_at desc limit 1
        """,
        [fetch.team_id, fetch.endpoint, fetch.is_open_day, fetch.start_date, fetch.end_date],
    ).fetchone()
    return row[0] if row else None


def loaded_days(connection: duckdb.DuckDBPyConnection, team_id: str, endpoint: str) -> dict[date, datetime]:
    """Each closed day of which a fetch was loaded, and when its newest fetch began (aware, UTC)."""
    rows = connection.execute(
        """
        select cast(s.day as date), max(l.fetch_started_at)
        from raw.loads as l,
            generate_series(
                cast(l.window_start_date as timestamp), cast(l.window_end_date as timestamp), interval 1 day
            ) as s (day)
        where l.team_id = ? and l.endpoint = ? and not l.is_open_day and l.window_start_date is not null
        group by 1
        """,
        [team_id, endpoint],
    ).fetchall()
    return {day: at.replace(tzinfo=UTC) for day, at in rows}


def rows_by_day(connection: duckdb.DuckDBPyConnection, team_id: str, days: int = 28) -> dict[date, int]:
    """Events of each of the newest loaded days that has any, for judging whether an answer's size is plausible."""
    (newest,) = connection.execute(
        "select max(window_end_date) from raw.loads "
        "where team_id = ? and endpoint = 'usage_events' and not is_open_day",
        [team_id],
    ).fetchall()[0]
    if newest is None:
        return {}
    # The day as a parameter: DuckDB then reads those parts of the table only that have such days.
    rows = connection.execute(
        "select usage_date, count(*) from raw.cursor_usage_events where team_id = ? and usage_date > ? group by all",
        [team_id, newest - timedelta(days=days)],
    ).fetchall()
    return dict(rows)


def newest_members(connection: duckdb.DuckDBPyConnection, team_id: str) -> int | None:
    """Members of the newest loaded snapshot, or None."""
    row = connection.execute(
        "select records_received from raw.loads where team_id = ? and endpoint = 'members' "
        "order by fetch_started_at desc limit 1",
        [team_id],
    ).fetchone()
    return None if row is None else int(row[0])
