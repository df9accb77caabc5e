"""Counts what a landed window holds: DuckDB passes over the records, no row ever reaches Python.

It is one pass, and for usage events a second one where the first says that something is wrong with one of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from cursor_usage.quality.conditions import (
    DAILY_USAGE_COUNTS,
    EVENT_COUNTS,
    EVENT_FAULTS,
    EVENT_GROUPS,
    MEMBER_COUNTS,
    SPEND_COUNTS,
    count_of,
    counted,
    faults_of,
    with_instants,
)
from cursor_usage.quality.fields import FIELDS
from cursor_usage.quality.judgement import IsKnown, QualityError, UnreadableRecordsError, WindowToJudge
from cursor_usage.sql_text import file_literal

NAMES_SHOWN = 5
NO_NAME = "(none)"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WindowProfile:
    """Counts of one window, and in ``details`` which fields or names are behind a count, and how often."""

    window: WindowToJudge
    counts: dict[str, int]
    details: dict[str, dict[str, int]] = field(default_factory=dict)


def profile_windows(
    windows: Sequence[WindowToJudge], *, is_known_kind: IsKnown, is_known_model: IsKnown
) -> list[WindowProfile]:
    """A profile for each window, in their order. Daily usage is compared with the members among ``windows``.

    Raises:
        UnreadableRecordsError: a landed file is missing or is no JSON lines.
        QualityError: a window lacks the bounds of its endpoint, or there are no checks for it.
        duckdb.OutOfMemoryException: the machine, not what landed, is at fault.
    """
    for window in windows:
        _refuse_unusable(window)
    # No temp directory: records have personal values, and these counts fit into memory.
    with duckdb.connect(config={"temp_directory": ""}) as connection:
        _limit_threads(connection, windows)
        _tabulate(connection, windows)
        profiles: dict[int, WindowProfile] = {}
        for endpoint in dict.fromkeys(window.endpoint for window in windows):
            numbers = [number for number, window in enumerate(windows) if window.endpoint == endpoint]
            try:
                if endpoint == "usage_events":
                    rows = list(_event_profiles(connection, windows, numbers, is_known_kind, is_known_model))
                else:
                    rows = list(_profiles(connection, endpoint, windows, numbers))
            except duckdb.OutOfMemoryException:
                raise
            except duckdb.Error as error:
                labels = ", ".join(windows[number].label for number in numbers[:NAMES_SHOWN])
                raise UnreadableRecordsError(
                    f"The landed {endpoint} of {labels} cannot be read as lines of JSON: a file is damaged or was cut."
                ) from error
            profiles.update(rows)
        return [profiles[number] for number in range(len(windows))]


def _refuse_unusable(window: WindowToJudge) -> None:
    if window.endpoint not in FIELDS:
        raise QualityError(f"There are no checks for the endpoint {window.endpoint!r}.")
    if not window.records_path.is_file():
        raise UnreadableRecordsError(
            f"The landed {window.endpoint} of {window.label} are not at {window.records_path}."
        )
    bounds: dict[str, tuple[Any, Any]] = {
        "usage_events": (window.start_at, window.end_at),
        "daily_usage": (window.start_date, window.end_date),
    }
    if None in bounds.get(window.endpoint, ()):
        raise QualityError(f"The {window.endpoint} of {window.label} came without the window that was asked for.")


def _limit_threads(connection: duckdb.DuckDBPyConnection, windows: Sequence[WindowToJudge]) -> None:
    """As many threads as files that have records, at most.

    A compressed file is read by one thread. One of DuckDB 1.5 that is left without a file at times spends as much
    processor time on waiting as the one that reads, which other work on the machine has to do without.
    """
    files = len({window.records_path for window in windows if window.records_received})
    usual = connection.execute("select current_setting('threads')").fetchall()[0][0]
    connection.execute(f"set threads = {max(1, min(files, usual))}")


def _tabulate(connection: duckdb.DuckDBPyConnection, windows: Sequence[WindowToJudge]) -> None:
    connection.execute(
        """
        create temp table windows (
            number integer, path varchar, start_ms bigint, end_ms bigint, start_date date, end_date date
        )
        """
    )
    connection.executemany(
        "insert into windows values (?, ?, ?, ?, ?, ?)",
        [
            (
                number,
                str(window.records_path.resolve()),
                _milliseconds(window.start_at),
                _milliseconds(window.end_at),
                window.start_date,
                window.end_date,
            )
            for number, window in enumerate(windows)
        ],
    )


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // timedelta(milliseconds=1)


def _profiles(
    connection: duckdb.DuckDBPyConnection, endpoint: str, windows: Sequence[WindowToJudge], numbers: Sequence[int]
) -> Iterator[tuple[int, WindowProfile]]:
    own_counts = {"members": MEMBER_COUNTS, "spend": SPEND_COUNTS, "daily_usage": DAILY_USAGE_COUNTS}[endpoint]
    counts = {"records_in_file": "count(*)", **counted(faults_of(endpoint)), **own_counts}
    select = _select(_records(endpoint, windows, numbers), numbers, counts)
    connection.execute(f"create or replace temp table {endpoint} as {select}")
    rows = _rows_by_window(connection, endpoint, counts)
    strangers = _unknown_users(connection, windows, numbers) if endpoint == "daily_usage" else None
    for number in numbers:
        profile = _profile(endpoint, windows[number], rows[number])
        if strangers is not None:
            profile.counts["records_of_unknown_users"] = strangers.get(number, 0)
        yield number, profile


def _event_profiles(
    connection: duckdb.DuckDBPyConnection,
    windows: Sequence[WindowToJudge],
    numbers: Sequence[int],
    is_known_kind: IsKnown,
    is_known_model: IsKnown,
) -> Iterator[tuple[int, WindowProfile]]:
    if not _count_faultless_events(connection, windows, numbers):
        _count_events(connection, windows, numbers)
    rows = _rows_by_window(connection, "usage_events", (*EVENT_COUNTS, *EVENT_FAULTS))
    kinds = _unknown_names(connection, "kind", is_known_kind)
    models = _unknown_names(connection, "model", is_known_model)
    with_cost = _by_name(connection, "kind", kinds, "records_with_cost")
    without_cost = _by_name(connection, "kind", kinds, "objects - records_with_cost")
    of_unknown_model = _by_name(connection, "model", models, "objects")
    for number in numbers:
        profile = _profile("usage_events", windows[number], rows[number])
        for column, found in (
            ("records_of_unknown_kinds_with_cost", with_cost),
            ("records_of_unknown_kinds_without_cost", without_cost),
            ("records_of_unknown_models", of_unknown_model),
        ):
            profile.details[column] = found.get(number, {})
            profile.counts[column] = sum(profile.details[column].values())
        yield number, profile


def _count_events(
    connection: duckdb.DuckDBPyConnection, windows: Sequence[WindowToJudge], numbers: Sequence[int]
) -> None:
    """Makes the table of counts by window, kind and model."""
    counts = {**EVENT_COUNTS, **counted(EVENT_FAULTS)}
    select = _select(with_instants(_records("usage_events", windows, numbers)), numbers, counts, EVENT_GROUPS)
    connection.execute(f"create or replace temp table usage_events as {select}")


def _count_faultless_events(
    connection: duckdb.DuckDBPyConnection, windows: Sequence[WindowToJudge], numbers: Sequence[int]
) -> bool:
    """The same table in half the time, of events among which is nothing to find; False where there is something.

    All faults are one condition here, and DuckDB reads the records into columns at once, which it refuses to do for
    one that is no object, holds something else in an object's place or has a key twice.
    """
    columns_of_objects = {f"wrong_type.{field.name}" for field in FIELDS["usage_events"] if field.type == "object"}
    faults = [fault for column, fault in EVENT_FAULTS.items() if column not in columns_of_objects]
    counts = {**EVENT_COUNTS, "faulty": count_of(" or ".join(f"({fault})" for fault in faults))}
    select = _select(with_instants(_events_in_columns(windows, numbers)), numbers, counts, EVENT_GROUPS)
    no_faults = ", ".join(f'0 as "{column}"' for column in EVENT_FAULTS)
    try:
        connection.execute(f"create or replace temp table usage_events as select *, {no_faults} from ({select})")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        return False  # whether a file is damaged or a record odd, who counts one by one finds out
    return connection.execute("select count(*) from usage_events where faulty > 0").fetchall() == [(0,)]


def _profile(endpoint: str, window: WindowToJudge, row: dict[str, int]) -> WindowProfile:
    wrong_types = {f.name: row.pop(f"wrong_type.{f.name}") for f in FIELDS[endpoint]}
    negatives = {f.name: row.pop(f"negative.{f.name}") for f in FIELDS[endpoint] if f.is_counter}
    for key in ("day", "timestamp"):
        wrong_types[key] = wrong_types.get(key, 0) + row.pop(f"wrong_{key}", 0)
    details = {
        "values_of_wrong_type": {name: count for name, count in wrong_types.items() if count},
        "negative_counters": {name: count for name, count in negatives.items() if count},
    }
    totals = {column: sum(found.values()) for column, found in details.items()}
    return WindowProfile(window, {**row, **totals}, details)


def _rows_by_window(
    connection: duckdb.DuckDBPyConnection, table: str, counts: Iterable[str]
) -> dict[int, dict[str, int]]:
    """Sums by window of the columns ``counts``; a window without a record has zeros."""
    sums = ", ".join(f'coalesce(sum(c."{column}"), 0)' for column in counts)
    rows = connection.execute(
        f"select w.number, {sums} from windows as w left join {table} as c on c.number = w.number group by w.number"
    ).fetchall()
    return {row[0]: dict(zip(counts, map(int, row[1:]), strict=True)) for row in rows}


def _select(
    records: str, numbers: Sequence[int], counts: Mapping[str, str], groups: Mapping[str, str] | None = None
) -> str:
    """SQL that counts ``records`` (see :func:`_records`) by window and ``groups``."""
    grouped = "".join(f", {expression} as {name}" for name, expression in (groups or {}).items())
    columns = ",\n            ".join(f'{expression} as "{column}"' for column, expression in counts.items())
    return f"""
        select
            w.number{grouped},
            {columns}
        from ({records}) as records
        join windows as w on w.path = records.filename
        where w.number in ({", ".join(map(str, numbers))})
        group by all
    """


def _records(endpoint: str, windows: Sequence[WindowToJudge], numbers: Sequence[int]) -> str:
    """SQL that reads landed files: is a record an object (``is_object``), its fields (``r``), those inside one (``u``).

    A field is the text of its value as JSON, with its type still to be seen; anything else would be cast silently.
    """
    inner = _keys(endpoint, is_inside=True)
    nested = f", json_transform(r.tokenUsage, '{_structure(inner)}') as u" if inner else ""
    return f"""
            select *{nested}
            from (
                select
                    filename,
                    starts_with(json, '{{') as is_object,
                    json_transform(json, '{_structure(_keys(endpoint, is_inside=False))}') as r
                from {_source("read_json_objects", windows, numbers)}
            )"""


def _events_in_columns(windows: Sequence[WindowToJudge], numbers: Sequence[int]) -> str:
    """SQL like :func:`_records`, of objects only. A record that is null reads as one without any field."""
    usage = ", ".join(f'"{key}" JSON' for key in _keys("usage_events", is_inside=True))
    types = dict.fromkeys(_keys("usage_events", is_inside=False), "JSON") | {"tokenUsage": f"STRUCT({usage})"}
    columns = ", ".join(f"'{key}': '{type_of_key}'" for key, type_of_key in types.items())
    source = _source("read_json", windows, numbers, f", columns = {{{columns}}}")
    return f"select filename, true as is_object, r, r.tokenUsage as u from {source} as r"


def _keys(endpoint: str, *, is_inside: bool) -> list[str]:
    return [field.key for field in FIELDS[endpoint] if bool(field.inside) == is_inside]


def _structure(keys: Sequence[str]) -> str:
    return json.dumps(dict.fromkeys(keys, "JSON"))


def _source(function: str, windows: Sequence[WindowToJudge], numbers: Sequence[int], more: str = "") -> str:
    """A call of DuckDB's ``function`` for the windows' files, with ``more`` arguments."""
    # A file that two windows share is read once.
    paths = dict.fromkeys(str(windows[number].records_path.resolve()) for number in numbers)
    literals = ", ".join(file_literal(path) for path in paths)
    return (
        f"{function}([{literals}], format = 'newline_delimited', compression = 'zstd', "
        f"filename = true, hive_partitioning = false{more})"
    )


def _unknown_users(
    connection: duckdb.DuckDBPyConnection, windows: Sequence[WindowToJudge], numbers: Sequence[int]
) -> dict[int, int] | None:
    """Daily-usage records by window whose user is none of the members; None where no members were landed."""
    members = [number for number, window in enumerate(windows) if window.endpoint == "members"]
    if not members:
        return None
    email = "nullif(lower(trim(json ->> '$.email')), '')"
    rows = connection.execute(
        f"""
        with known as (
            select json ->> '$.id' as user_id, {email} as email from {_source("read_json_objects", windows, members)}
        ),
        used as (
            select filename, nullif(json ->> '$.userId', '') as user_id, {email} as email, count(*) as records
            from {_source("read_json_objects", windows, numbers)}
            group by all
        )
        select w.number, sum(used.records)
        from used
        join windows as w on w.path = used.filename
        where w.number in ({", ".join(map(str, numbers))})
            and coalesce(used.user_id, used.email) is not null
            and not exists (select 1 from known where known.user_id = used.user_id)
            and not exists (select 1 from known where known.email = used.email)
        group by w.number
        """
    ).fetchall()
    return {number: int(records) for number, records in rows}


def _unknown_names(connection: duckdb.DuckDBPyConnection, column: str, is_known: IsKnown) -> list[str | None]:
    """The JSON texts of names that are not known; None stands for records without one."""
    texts = [row[0] for row in connection.execute(f"select distinct {column} from usage_events").fetchall()]
    return [text for text in texts if not is_known(_name(text))]


def _by_name(
    connection: duckdb.DuckDBPyConnection, column: str, names: Sequence[str | None], records: str
) -> dict[int, dict[str, int]]:
    """Records by window and name, of these names only."""
    rows = connection.execute(
        f"""
        select number, {column}, cast(sum({records}) as bigint) as records
        from usage_events
        where list_contains($names, coalesce({column}, ''))
        group by all
        having records > 0
        order by records desc, {column}
        """,
        {"names": [name or "" for name in names]},
    ).fetchall()
    found: dict[int, dict[str, int]] = {}
    for number, text, count in rows:
        by_name = found.setdefault(number, {})
        by_name[_name(text)] = by_name.get(_name(text), 0) + count
    return found


def _name(text: str | None) -> str:
    value = None if text is None else json.loads(text)
    return (value.strip() if isinstance(value, str) else text) or NO_NAME
