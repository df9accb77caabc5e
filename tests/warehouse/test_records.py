"""Records become rows as a plain reading of their text would make them, whichever way DuckDB takes through them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from cursor_usage.warehouse.records import USAGE_EVENTS, Field, Table, source_of

FIELDS = (*USAGE_EVENTS.fields, *USAGE_EVENTS.older_keys)
OUTER = {field.key for field in FIELDS if field.inside is None}
INNER = {field.key for field in FIELDS if field.inside is not None}


class Number(str):
    """A JSON number as its text."""

    __slots__ = ()


def rows_of(folder: Path, records: list[str]) -> list[dict[str, Any]]:
    """What the table's select makes of these records, in their order."""
    path = folder / "records.jsonl.zst"
    path.write_bytes(zstandard.compress("".join(f"{record}\n" for record in records).encode()))
    with duckdb.connect() as connection:
        found = connection.execute(USAGE_EVENTS.select(source_of(str(path))))
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


# --- a reading of its own: Python's, with numbers as text -------------------------------------------------------------


def plainly_read(record: str) -> dict[str, Any]:
    parsed = parse(record)
    row = {field.column: value_of(field, parsed) for field in USAGE_EVENTS.fields}
    row["kind"] = row["kind"] or value_of(USAGE_EVENTS.older_keys[0], parsed)
    return {**row, "rest": rest_of(parsed)}


def parse(record: str) -> dict[str, Any]:
    return dict(json.loads(record, parse_float=Number, parse_int=Number, object_pairs_hook=first_of_each))


def first_of_each(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Of a key that comes twice the first counts."""
    return dict(reversed(list(pairs)))


def value_of(field: Field, parsed: dict[str, Any]) -> Any:
    holder = parsed if field.inside is None else parsed.get(field.inside) or {}
    value = holder.get(field.key)
    if field.type == "integer":
        return None if value is None else int(value)
    return value if field.type == "boolean" else value or None


def rest_of(parsed: dict[str, Any]) -> Any:
    """What is beside the known keys; a group that holds nothing else is no part of it."""
    rest = {key: value for key, value in parsed.items() if key not in OUTER and key != "tokenUsage"}
    inner = {key: value for key, value in (parsed.get("tokenUsage") or {}).items() if key not in INNER}
    return {**rest, **({"tokenUsage": inner} if inner else {})} or None


def assert_same(found: dict[str, Any], record: str) -> None:
    expected = plainly_read(record)
    assert as_numbers(json.loads(found.pop("rest") or "null")) == as_numbers(expected.pop("rest"))
    for field in USAGE_EVENTS.fields:
        value, theirs = found[field.column], expected[field.column]
        is_only_one = len(re.findall(rf'"{field.key}"\s*:', record)) == 1
        if isinstance(theirs, Number) and not (field.type == "amount" and is_only_one):
            # A number passes through a double where its digits are not promised.
            value, theirs = float(value), float(theirs)
        assert value == theirs, field.column


def as_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_numbers(inner) for inner in value]
    return float(value) if isinstance(value, (Number, int, float)) else value


# --- records ----------------------------------------------------------------------------------------------------------

numbers = st.one_of(
    st.from_regex(
        r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", fullmatch=True, alphabet="0123456789.eE+-"
    ),
    st.decimals(-10_000, 10_000, places=6).map(lambda amount: str(amount.normalize() + 0)),
    st.floats(-1e9, 1e9).map(json.dumps),
    st.sampled_from(["0", "-0", "0.0", "5.00", "1E5", "5e-07", "0.00001", "0.0001", "37.330000000000001", "1" * 16]),
)
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
    st.sampled_from(["", "null", '"chargedCents":7,', '\\"totalCents\\": 8', "a\nb", "{}", "é😀", "1" * 20]),
)
quoted = st.builds(json.dumps, texts, ensure_ascii=st.booleans())
VALUES = {
    "text": quoted,
    "integer": st.integers(0, 2**53).map(str) | st.integers(0, 10**13).map(lambda number: f'"{number}"'),
    "boolean": st.sampled_from(["true", "false"]),
    "number": numbers,
    "amount": numbers | numbers.map(json.dumps) | st.just('""'),
}
unknown = st.one_of(
    st.tuples(
        st.sampled_from(["novel", 'quo"te', "chargedcents", "é"]).map(json.dumps), quoted | numbers | st.just("null")
    ),
    numbers.map(lambda number: ('"nested"', f'{{"chargedCents":{number},"tokenUsage":{{"totalCents":[{number}]}}}}')),
)


def members(fields: list[Field]) -> st.SearchStrategy[list[tuple[str, str]]]:
    """Keys and values as JSON text: of some of these fields, of one twice, and of something unknown at times."""
    known = [st.tuples(st.just(json.dumps(field.key)), VALUES[field.type] | st.just("null")) for field in fields]
    few = st.lists(st.one_of(known), max_size=6, unique_by=lambda member: member[0])
    all_of_them = st.tuples(*known).map(list)
    more: st.SearchStrategy[list[tuple[str, str]]] = st.one_of(
        st.just([]), st.just([]), st.lists(unknown, max_size=2, unique_by=lambda member: member[0])
    )
    return st.tuples(few | all_of_them, more).map(lambda parts: parts[0] + parts[1]).flatmap(st.permutations)


@st.composite
def records(draw: st.DrawFn) -> str:
    is_spaced = draw(st.integers(0, 4)) == 0
    colon, comma = (": ", " , ") if is_spaced else (":", ",")

    def joined(parts: list[tuple[str, str]]) -> str:
        return "{" + comma.join(f"{key}{colon}{value}" for key, value in parts) + "}"

    outer = draw(members([field for field in FIELDS if field.inside is None]))
    usage = draw(st.sampled_from(["absent", "null", "object", "object", "object"]))
    if usage != "absent":
        inner = joined(draw(members([field for field in FIELDS if field.inside]))) if usage == "object" else "null"
        outer.insert(draw(st.integers(0, len(outer))), ('"tokenUsage"', inner))
    if outer and draw(st.integers(0, 9)) == 0:
        outer.append(draw(st.sampled_from(outer)))
    return joined(outer)


@settings(max_examples=40, deadline=None)
@given(batch=st.lists(records(), min_size=1, max_size=12))
def test_a_row_is_what_a_plain_reading_of_the_record_gives(tmp_path_factory, batch):
    rows = rows_of(tmp_path_factory.mktemp("records"), batch)
    assert len(rows) == len(batch)
    for row, record in zip(rows, batch, strict=True):
        assert_same(row, record)


@settings(max_examples=40, deadline=None)
@given(batch=st.lists(records(), min_size=1, max_size=12))
def test_the_short_cut_for_plain_records_changes_nothing(tmp_path_factory, batch):
    folder = tmp_path_factory.mktemp("records")
    found = rows_of(folder, batch)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Table, "_plain_record", lambda _: "no record is")
        assert rows_of(folder, batch) == found


@pytest.mark.parametrize(
    ("record", "is_plain"),
    [
        (
            '{"timestamp":"1","userEmail":"a\\"b","tokenUsage":{"inputTokens":5,"totalCents":40.167},"chargedCents":0}',
            True,
        ),
        ('{"kindLabel":"Usage-based","tokenUsage":null,"maxMode":null,"chargedCents":-0.000123}', True),
        ("{}", True),
        ('{"chargedCents":12345678.1234567}', True),
        ('{"chargedCents":123456789.1234567}', False),
        ('{"chargedCents":0.00001}', False),
        ('{"chargedCents":5.0}', False),
        ('{"chargedCents":-0}', False),
        ('{"chargedCents":1e5}', False),
        ('{"novel":1}', False),
        ('{"tokenUsage":{"chargedCents":1}}', False),
        ('{"totalCents":1}', False),
    ],
)
def test_the_short_cut_is_taken_by_records_of_known_keys_and_short_numbers(record, is_plain):
    """Were it taken by none, nothing but the time would tell."""
    with duckdb.connect() as connection:
        found = connection.execute("select regexp_full_match(?, ?)", [record, USAGE_EVENTS._plain_record()]).fetchone()
    assert found == (is_plain,)
