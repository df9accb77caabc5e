"""The published file as one request sees it: attached read-only to a session of its own, and closed to all else."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import duckdb

from cursor_usage.settings import PUBLISHED_FILE
from cursor_usage.sql_text import literal
from cursor_usage.ui.view import Problem

log = logging.getLogger(__name__)

Row = dict[str, Any]

MEMORY_LIMIT = "1GB"
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.05
_FETCHED_ROWS = 2_000

NOTHING_PUBLISHED = Problem(
    title="Nothing is published yet",
    sentence="The pipeline has not published any marts so far.",
    next_step="Trigger the DAG cursor_usage_daily and come back when its task publish is green.",
)
NOT_READABLE = Problem(
    title="The published file cannot be read",
    sentence=f"{PUBLISHED_FILE} is damaged, or it is no file that this version of DuckDB can open.",
    next_step="Clear the task publish of the newest run of cursor_usage_daily: it writes the file anew.",
)
OTHER_VERSION = Problem(
    title="The published file is of another version",
    sentence="It lacks a mart or a column that this page shows.",
    next_step="Trigger the DAG cursor_usage_daily once: it builds and publishes the marts of this version.",
)
TOO_MUCH = Problem(
    title="This selection cannot be computed",
    sentence="The query ran into its limits of memory or could not be finished.",
    next_step="Choose a shorter window. The API server's log names the error.",
)


class ProblemError(Exception):
    """What was asked for cannot be answered; ``problem`` is shown in place of it, with an HTTP status."""

    # To a task that makes the report: the next publish may bring what is missing.
    is_retryable = True

    def __init__(self, problem: Problem, status: int = 503) -> None:
        super().__init__(f"{problem.title}: {problem.sentence} {problem.next_step}")
        self.problem = problem
        self.status = status


class OtherVersionError(ProblemError):
    """A mart or a column is not there: a section can say so alone."""


class PublishedFile:
    """``with PublishedFile(folder / "marts.duckdb") as marts``: queries on what is published at this moment.

    A second ``connect`` to a path in one process returns the file as it was, so each use attaches it to a fresh
    in-memory database. A publish replaces the file by renaming: who has it open keeps the old one to the end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        """Opens the file.

        Raises:
            ProblemError: it is not there, or not readable as a DuckDB file.
        """
        self._session = self._opened()
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """All rows as dicts.

        Raises:
            OtherVersionError: the file lacks a mart or a column.
            ProblemError: the query did not come to an end.
        """
        cursor = self._executed(sql, parameters)
        names = _names(cursor)
        try:
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except duckdb.Error as error:
            raise _as_problem(error) from error

    def row(self, sql: str, parameters: Sequence[object] = ()) -> Row | None:
        """The first row, if there is one; raises as :meth:`rows` does."""
        return next(iter(self.rows(sql, parameters)), None)

    def stream(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows as tuples, a bounded number of them in memory; raises as :meth:`rows` does, before the first."""
        cursor = self._executed(sql, parameters)
        return self._fetched(cursor)

    @staticmethod
    def _fetched(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
        while batch := cursor.fetchmany(_FETCHED_ROWS):
            yield from batch

    def _executed(self, sql: str, parameters: Sequence[object]) -> duckdb.DuckDBPyConnection:
        try:
            return self._session.execute(sql, list(parameters))
        except duckdb.Error as error:
            raise _as_problem(error) from error

    def _opened(self) -> duckdb.DuckDBPyConnection:
        for attempt in range(1, _ATTEMPTS + 1):
            if not self._path.is_file():
                # A publish renames over the file, so that it is never missing once it was there.
                raise ProblemError(NOTHING_PUBLISHED)
            session = duckdb.connect()
            try:
                _attach(session, self._path)
            except duckdb.Error as error:
                session.close()
                log.warning("Attempt %d to open the published file: %s", attempt, error)
                if attempt == _ATTEMPTS:
                    raise ProblemError(NOT_READABLE) from error
                time.sleep(_PAUSE_SECONDS)
            else:
                return session
        raise ProblemError(NOT_READABLE)


def _attach(session: duckdb.DuckDBPyConnection, path: Path) -> None:
    session.execute("set timezone = 'UTC'")
    session.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    # No spilling: a page must not fill the disk of the machine that serves it.
    session.execute("set temp_directory = ''")
    session.execute(f"attach {literal(path)} as published (read_only)")
    # From here on SQL reaches the attached file only, whatever a parameter might have smuggled in.
    session.execute("set enable_external_access = false")
    session.execute("set lock_configuration = true")
    session.execute("use published.marts")


def _names(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    return [str(column[0]) for column in cursor.description or ()]


def _as_problem(error: duckdb.Error) -> ProblemError:
    log.warning("A query on the published file failed: %s", error)
    if isinstance(error, (duckdb.CatalogException, duckdb.BinderException)):
        return OtherVersionError(OTHER_VERSION)
    if isinstance(error, (duckdb.IOException, duckdb.FatalException, duckdb.SerializationException)):
        return ProblemError(NOT_READABLE)
    return ProblemError(TOO_MUCH)
