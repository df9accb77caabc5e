"""Compares a built mart with the rows it must hold, cell by cell, and says which rows and cells differ."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    import duckdb

Row = dict[str, Any]
SHARE_PRECISION = 1e-12
SHOWN = 40


class StandIn:
    """Stands for every cell that it allows."""

    def allows(self, found: Any) -> bool:
        raise NotImplementedError


class _Anything(StandIn):
    """Stands for a cell that nobody promised."""

    def allows(self, found: Any) -> bool:
        return True

    def __repr__(self) -> str:
        return "(anything)"


class _SomeText(StandIn):
    """Stands for a sentence: its words are not promised, that it is there is."""

    def allows(self, found: Any) -> bool:
        return isinstance(found, str) and bool(found.strip())

    def __repr__(self) -> str:
        return "(some text)"


@dataclass(frozen=True)
class TextWith(StandIn):
    """Stands for a sentence that must name something."""

    name: str

    def allows(self, found: Any) -> bool:
        return isinstance(found, str) and self.name in found


@dataclass(frozen=True)
class Near(StandIn):
    """Stands for a figure that may differ by so much, where it was worked out in doubles and rounded at the end."""

    value: Decimal | float
    by: Decimal | float

    def allows(self, found: Any) -> bool:
        return type(found) is type(self.value) and bool(abs(found - self.value) <= self.by)

    def __str__(self) -> str:
        return f"{self.value} ± {self.by}"


ANYTHING = _Anything()
SOME_TEXT = _SomeText()


def is_same(expected: Any, found: Any) -> bool:
    """Equal in value and type: a double where a decimal is promised is a difference, and so is a missing value."""
    if isinstance(expected, StandIn):
        return expected.allows(found)
    if type(expected) is not type(found):
        return False
    if isinstance(expected, float):
        return bool(abs(expected - found) <= SHARE_PRECISION)
    return bool(expected == found)


def differences(expected: Sequence[Row], found: Sequence[Row], key_columns: Sequence[str]) -> list[str]:
    """Lines that say which rows are missing, extra or doubled, and which cells differ; empty where all is equal."""
    missing, extra, doubled, unequal = [], [], [], []
    expected_by, found_by = _by_key(expected, key_columns), _by_key(found, key_columns)
    for key in sorted(
        expected_by.keys() | found_by.keys(), key=lambda key: [(cell is None, str(cell)) for cell in key]
    ):
        told = ", ".join(f"{column}={cell}" for column, cell in zip(key_columns, key, strict=True))
        ours, theirs = expected_by.get(key, []), found_by.get(key, [])
        if len(ours) > 1:
            raise ValueError(f"Expected rows are not one per key: {len(ours)} of {told}")
        if not theirs:
            missing.append(f"missing   {told}")
        elif not ours:
            extra.append(f"extra     {told}: {_shown(theirs[0], key_columns)}")
        elif len(theirs) > 1:
            doubled.append(f"{len(theirs)} times   {told}")
        else:
            cells = [
                f"{column} is {_cell(theirs[0][column])}, expected {_cell(value)}"
                for column, value in ours[0].items()
                if not is_same(value, theirs[0][column])
            ]
            if cells:
                unequal.append(f"differs   {told}: " + "; ".join(cells))
    return [*missing, *extra, *doubled, *unequal]


def assert_mart_equals(
    connection: duckdb.DuckDBPyConnection,
    mart: str,
    expected_rows: Sequence[Row],
    key_columns: Sequence[str],
    *,
    team_id: str | None = None,
) -> None:
    """Fails with a readable list of differences unless the mart holds exactly the expected rows.

    Args:
        connection: an open connection in which the mart can be selected from.
        mart: its name; without a schema, in schema ``marts``.
        expected_rows: dicts of all the columns to compare; further columns of the mart are left alone.
        key_columns: what identifies a row; nulls are values here.
        team_id: compare the rows of this team only.
    """
    name = mart if "." in mart else f"marts.{mart}"
    columns = list(expected_rows[0]) if expected_rows else list(key_columns)
    found = fetch(connection, name, columns, team_id)
    lines = differences(expected_rows, found, key_columns)
    if not lines:
        return
    heading = f"{name}: {len(lines)} differences, {len(expected_rows)} rows expected, {len(found)} found"
    left_off = [f"… and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    raise AssertionError("\n".join([heading, *lines[:SHOWN], *left_off]))


def fetch(connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], team_id: str | None) -> list[Row]:
    listed = ", ".join(f'"{column}"' for column in columns)
    query = f"select {listed} from {name} where team_id = ? or ? is null"
    return [dict(zip(columns, row, strict=True)) for row in connection.execute(query, [team_id, team_id]).fetchall()]


def _by_key(rows: Sequence[Row], key_columns: Sequence[str]) -> dict[tuple[Any, ...], list[Row]]:
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[column] for column in key_columns)].append(row)
    return groups


def _shown(row: Row, key_columns: Sequence[str]) -> str:
    return ", ".join(f"{column}={_cell(value)}" for column, value in row.items() if column not in key_columns)


def _cell(value: Any) -> str:
    return "null" if value is None else f"{value!r}" if isinstance(value, float | str) else str(value)
