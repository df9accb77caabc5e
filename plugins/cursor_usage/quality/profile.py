"""Counts what a landed window holds: one pass of DuckDB over the records, no row ever reaches Python."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from cursor_usage.quality.fields import CONTRACTS, EMPTY_TEXT_IS_NULL, FIELDS, Field
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
    own_counts = {"members": _MEMBER_COUNTS, "spend": _SPEND_COUNTS, "daily_usage": _DAILY_USAGE_COUNTS}[endpoint]
    counts = {**_common_counts(endpoint), **own_counts}
    connection.execute(f"create or replace temp table {endpoint} as {_select(endpoint, windows, numbers, counts)}")
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
    counts = {**_common_counts("usage_events"), **_EVENT_COUNTS}
    # By kind and model, so that names are looked up once each and not once a record.
    names = {"kind": "cast(coalesce(r.kind, r.kindLabel) as varchar)", "model": "cast(r.model as varchar)"}
    select = _select("usage_events", windows, numbers, counts, groups=names)
    connection.execute(f"create or replace temp table usage_events as {select}")
    rows = _rows_by_window(connection, "usage_events", counts)
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
    connection: duckdb.DuckDBPyConnection, table: str, counts: dict[str, str]
) -> dict[int, dict[str, int]]:
    """Sums by window; a window without a record has zeros."""
    sums = ", ".join(f'coalesce(sum(c."{column}"), 0)' for column in counts)
    rows = connection.execute(
        f"select w.number, {sums} from windows as w left join {table} as c on c.number = w.number group by w.number"
    ).fetchall()
    return {row[0]: dict(zip(counts, map(int, row[1:]), strict=True)) for row in rows}


def _select(
    endpoint: str,
    windows: Sequence[WindowToJudge],
    numbers: Sequence[int],
    counts: dict[str, str],
    groups: dict[str, str] | None = None,
) -> str:
    """SQL that counts by window (and ``groups``) over the landed files."""
    fields = FIELDS[endpoint]
    inner = [field for field in fields if field.inside]
    nested = f", json_transform(r.tokenUsage, '{_structure(inner)}') as u" if inner else ""
    grouped = "".join(f", {expression} as {name}" for name, expression in (groups or {}).items())
    columns = ",\n            ".join(f'{expression} as "{column}"' for column, expression in counts.items())
    return f"""
        select
            w.number{grouped},
            {columns}
        from (
            select *{nested}
            from (
                select
                    filename,
                    starts_with(json, '{{') as is_object,
                    json_transform(json, '{_structure([f for f in fields if not f.inside])}') as r
                from {_source(windows, numbers)}
            )
        ) as records
        join windows as w on w.path = records.filename
        where w.number in ({", ".join(map(str, numbers))})
        group by all
    """


def _structure(fields: Sequence[Field]) -> str:
    # As JSON: the text of each value with its type still to be seen; anything else would be cast silently.
    return json.dumps({field.key: "JSON" for field in fields})


def _source(windows: Sequence[WindowToJudge], numbers: Sequence[int]) -> str:
    # A file that two windows share is read once.
    paths = dict.fromkeys(str(windows[number].records_path.resolve()) for number in numbers)
    literals = ", ".join(file_literal(path) for path in paths)
    return (
        f"read_json_objects([{literals}], format = 'newline_delimited', compression = 'zstd', "
        "filename = true, hive_partitioning = false)"
    )


def _value(field: Field) -> str:
    return f'u."{field.key}"' if field.inside else f'r."{field.key}"'


def _is_number(value: str) -> str:
    return f"(ascii({value}) between 48 and 57 or ascii({value}) = 45)"


def _is_amount(value: str) -> str:
    return f"({_is_number(value)} and try_cast({value} as double) <> 0)"


def _is_text(value: str) -> str:
    return f"starts_with({value}, '\"')"


def _is_blank(value: str) -> str:
    return f"({value} is null or trim({value}, '\" ') = '')"


def _has_type(field: Field) -> str:
    value = _value(field)
    if field.type == "whole_number":
        # try_cast rounds 1.5 to 2, so that the cast alone does not tell.
        return f"({_is_number(value)} and try_cast({value} as bigint) = try_cast({value} as double))"
    return {
        "text": _is_text(value),
        "id": f"({_is_text(value)} or {_is_number(value)})",
        "number": _is_number(value),
        "boolean": f"{value} in ('true', 'false')",
        "object": f"starts_with({value}, '{{')",
    }[field.type]


def _count(condition: str) -> str:
    return f"count(*) filter (where {condition})"


def _count_repeated(key: str, condition: str) -> str:
    return f"count(*) filter (where {condition}) - count(distinct {key}) filter (where {condition})"


def _common_counts(endpoint: str) -> dict[str, str]:
    counts = {
        "records_in_file": "count(*)",
        "records_that_are_no_objects": _count("not is_object"),
    }
    for column, keys in CONTRACTS[endpoint].keys.items():
        counts[column] = _count(" and ".join(["is_object", *(_is_blank(f'r."{key}"') for key in keys)]))
    for f in FIELDS[endpoint]:
        value = _value(f)
        not_null = f"{value} <> '\"\"' and " if endpoint in EMPTY_TEXT_IS_NULL else f"{value} is not null and "
        counts[f"wrong_type.{f.name}"] = _count(f"{not_null}coalesce(not {_has_type(f)}, true)")
        if f.is_counter:
            counts[f"negative.{f.name}"] = _count(f"starts_with({value}, '-') and try_cast({value} as double) < 0")
    return counts


# Text of digits, the documented form, or a number; anything that bigint would round or trim is not an instant.
_TIMESTAMP_TEXT = "trim(r.timestamp, '\"')"
_TIMESTAMP_MS = f"try_cast({_TIMESTAMP_TEXT} as bigint)"
_IS_INSTANT = f"coalesce(cast({_TIMESTAMP_MS} as varchar) = {_TIMESTAMP_TEXT}, false)"
_HAS_ID_TYPE = f"({_is_text('r.timestamp')} or {_is_number('r.timestamp')})"

_EVENT_COUNTS = {
    "objects": _count("is_object"),
    "wrong_timestamp": _count(f"not {_is_blank('r.timestamp')} and {_HAS_ID_TYPE} and not {_IS_INSTANT}"),
    "records_outside_window": _count(f"{_IS_INSTANT} and {_TIMESTAMP_MS} not between w.start_ms and w.end_ms"),
    "records_with_cost": _count(" or ".join(map(_is_amount, ("r.chargedCents", "r.cursorTokenFee", "u.totalCents")))),
}

_HAS_ID = f"not {_is_blank('r.id')}"

_MEMBER_COUNTS = {
    "records_without_email": _count(f"is_object and {_is_blank('r.email')}"),
    "repeated_ids": _count_repeated("r.id", _HAS_ID),
}

_HAS_USER = f"not ({_is_blank('r.userId')} and {_is_blank('r.email')})"
_USER = "coalesce(nullif(r.userId, '\"\"'), r.email)"

_SPEND_COUNTS = {
    "repeated_users": _count_repeated(_USER, _HAS_USER),
}

_DAY_TEXT = "trim(r.day, '\"')"
_DAY = f"try_cast({_DAY_TEXT} as date)"
_IS_DAY = f"coalesce(cast({_DAY} as varchar) = {_DAY_TEXT}, false)"

_DAILY_USAGE_COUNTS = {
    "wrong_day": _count(f"not {_is_blank('r.day')} and {_is_text('r.day')} and not {_IS_DAY}"),
    "records_outside_window": _count(f"{_IS_DAY} and {_DAY} not between w.start_date and w.end_date"),
    "repeated_user_days": _count_repeated(f"{_DAY_TEXT} || {_USER}", f"{_HAS_USER} and {_IS_DAY}"),
}


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
            select json ->> '$.id' as user_id, {email} as email from {_source(windows, members)}
        ),
        used as (
            select filename, nullif(json ->> '$.userId', '') as user_id, {email} as email, count(*) as records
            from {_source(windows, numbers)}
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
