"""Reads the published marts for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import duckdb

from cursor_usage.sql_text import literal

Row = dict[str, Any]


class MissingMartError(Exception):
    """The published file cannot answer; the message says which part of it is not there."""


class Marts:
    """The published file, attached read-only to a connection of its own, so that a replaced file is seen anew."""

    def __init__(self, path: Path) -> None:
        self._connection = duckdb.connect()
        try:
            self._connection.execute("set timezone = 'UTC'")
            self._connection.execute(f"attach {literal(path)} as published (read_only)")
        except duckdb.Error:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def columns(self, mart: str) -> set[str]:
        rows = self._connection.execute(
            "select column_name from duckdb_columns() "
            "where database_name = 'published' and schema_name = 'marts' and table_name = ?",
            [mart],
        ).fetchall()
        return {str(name) for (name,) in rows}

    def rows(self, mart: str, columns: Sequence[str], optional: Sequence[str] = ()) -> list[Row]:
        """All rows as dicts; an optional column that is not there is null.

        Raises:
            MissingMartError: the file has no such mart, or it lacks a promised column.
        """
        there = self.columns(mart)
        if not there:
            raise MissingMartError(f"The published file has no mart {mart}: publish again with this version.")
        missing = [column for column in columns if column not in there]
        if missing:
            raise MissingMartError(
                f"The published mart {mart} lacks {', '.join(missing)}: publish again with this version."
            )
        wanted = [*columns, *(column for column in optional if column in there)]
        listed = ", ".join(f'"{column}"' for column in wanted)
        found = self._connection.execute(f"select {listed} from published.marts.{mart}").fetchall()
        nothing = dict.fromkeys(optional)
        return [nothing | dict(zip(wanted, row, strict=True)) for row in found]


def of_team(rows: Iterable[Row], team_id: str) -> list[Row]:
    return [row for row in rows if row["team_id"] == team_id]
