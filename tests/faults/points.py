"""Named places in a run, and what strikes there. All is wrapped from outside: production code knows nothing of it.

The wrappers hold on to names that mean a step whatever the code inside looks like: the fetch's writer, renames of
files, statements that reach DuckDB, the lines that dbt prints. One that no longer exists is an error when it is
wrapped, and one that is no longer reached shows as a step that never struck.
"""

from __future__ import annotations

import errno
import functools
import os
import re
import resource
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import duckdb
import zstandard

import cursor_usage.quality as quality_package
from cursor_usage.landing import FetchWriter, Landing
from cursor_usage.landing.manifest import RECORDS_NAME
from cursor_usage.warehouse import load as warehouse_load

How = Literal["kill", "error", "disk full", "dbt dies"]

POINTS = (
    "extract: page received",
    "extract: page half written",
    "extract: page written",
    "extract: before manifest",
    "extract: between manifest and rename",
    "extract: after rename",
    "extract: before run file",
    "extract: after run file",
    "judge: before checks",
    "judge: query",
    "judge: after checks",
    "judge: before run file",
    "judge: after run file",
    "load: between windows",
    "load: query",
    "load: after delete",
    "load: after insert",
    "load: before commit",
    "load: after commit",
    "load: before run file",
    "load: after run file",
    "load: before ledger",
    "load: after ledger",
    "build: begun",
    "build: dbt node",
    "build: dbt passed",
    "build: after pass",
    "publish: query",
    "publish: before a parquet file",
    "publish: after a parquet file",
    "publish: before marts.duckdb",
    "publish: after marts.duckdb",
    "conclude: query",
)
_DELETE = re.compile(r"\s*delete\s+from\s+raw\.cursor_", re.IGNORECASE)
_INSERT = re.compile(r"\s*insert\s+into\s+raw\.cursor_", re.IGNORECASE)
_BUILD_BEGUN = re.compile(r"\s*insert\s+into\s+raw\.builds", re.IGNORECASE)
_BUILD_PASSED = re.compile(r"\s*update\s+raw\.builds\s+set\s+passed_at", re.IGNORECASE)
_COMMIT = re.compile(r"\s*commit\b", re.IGNORECASE)
_DBT_START = re.compile(r"\b\d+ of \d+ START ")


class InjectedError(RuntimeError):
    """What a step of the pipeline fails with where the harness says so."""


@dataclass(frozen=True)
class Strike:
    """Strikes at the n-th time (from 1) that a run reaches the point, in a team's steps where one is named."""

    point: str
    nth: int = 1
    how: How = "kill"
    team_id: str | None = None

    def __str__(self) -> str:
        team = f" of {self.team_id}" if self.team_id else ""
        return f"{self.how} at {self.point} #{self.nth}{team}"


class Points:
    """Counts how often each point is reached by a team's step, and strikes."""

    def __init__(self, strike: Strike | None) -> None:
        self.strike = strike
        self.step = "prepare"
        self.team_id: str | None = None
        self.reached: Counter[tuple[str | None, str]] = Counter()
        self.has_struck = False

    @contextmanager
    def during(self, step: str, team_id: str | None = None) -> Iterator[None]:
        self.step, self.team_id = step, team_id
        try:
            yield
        finally:
            self.step, self.team_id = "between", None

    def reach(self, name: str) -> bool:
        """Dies or raises where this is the point; true where the caller is to strike in its own way."""
        point = f"{self.step}: {name}"
        if point not in POINTS:
            return False
        self.reached[self.team_id, point] += 1
        strike = self.strike
        if strike is None or not self._is_struck(strike, point):
            return False
        self.has_struck = True
        if strike.how == "kill":
            kill_group()
        if strike.how == "error":
            raise InjectedError(f"injected: {strike}")
        if strike.how == "disk full":
            # From here on, no file of this process or its children can be longer: as on a full disk, the system itself
            # refuses, at whichever write comes next.
            _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (512, most))
            raise_if_python_writes(name)
        return True

    def kills_next(self, name: str) -> bool:
        """Whether the process dies when it reaches this point the next time."""
        point, strike = f"{self.step}: {name}", self.strike
        return strike is not None and strike.how == "kill" and self._is_struck(strike, point, ahead=1)

    def _is_struck(self, strike: Strike, point: str, ahead: int = 0) -> bool:
        is_here = strike.point == point and strike.team_id in {None, self.team_id}
        return is_here and strike.nth == self._times(point, strike.team_id) + ahead

    def _times(self, point: str, team_id: str | None) -> int:
        if team_id is not None:
            return self.reached[team_id, point]
        return sum(times for (_, reached), times in self.reached.items() if reached == point)


def raise_if_python_writes(name: str) -> None:
    """Small files fit below any limit on sizes: where the pipeline is about to write one, the refusal is made here."""
    if name in {"before manifest", "before run file", "page received"}:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def kill_group() -> None:
    """This process and all that it started (dbt), as a power cut would."""
    os.killpg(0, signal.SIGKILL)
    signal.pause()


def wrap_all(points: Points) -> None:
    """Wraps every named place in this process. Only for a process that ends after it."""
    _wrap_writer(points)
    _wrap_function(points, Landing, "complete", before="before manifest")
    _wrap_renames(points)
    _wrap_function(points, quality_package, "judge", before="before checks", after="after checks")
    _wrap_loads(points)
    _wrap_duckdb(points)
    _wrap_dbt(points)


def _wrap_function(points: Points, owner: Any, name: str, *, before: str = "", after: str = "") -> None:
    real = getattr(owner, name)

    @functools.wraps(real)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        points.reach(before)
        result = real(*args, **kwargs)
        points.reach(after)
        return result

    setattr(owner, name, wrapped)


def _wrap_writer(points: Points) -> None:
    real = FetchWriter.add_page

    def add_page(writer: FetchWriter, records: Any, *args: Any, **kwargs: Any) -> Any:
        points.reach("page received")
        if points.kills_next("page half written"):
            _tear(writer, records)
        points.reach("page half written")
        result = real(writer, records, *args, **kwargs)
        points.reach("page written")
        return result

    FetchWriter.add_page = add_page  # type: ignore[method-assign,assignment]  # the point of a wrapper


def _tear(writer: FetchWriter, records: Any) -> None:
    """What a process leaves that dies while it writes: the beginning of a compressed block behind the pages before."""
    block = zstandard.ZstdCompressor().compress(b"\n".join(bytes(record) for record in records))
    with (writer._folder / RECORDS_NAME).open("ab") as file:
        file.write(block[: len(block) // 2])


def _wrap_renames(points: Points) -> None:
    """``Path.rename`` and ``Path.replace`` end in these."""
    for name in ("rename", "replace"):
        real = getattr(os, name)

        def wrapped(source: Any, target: Any, *args: Any, _real: Callable[..., None] = real, **kwargs: Any) -> None:
            before, after = _names_of_rename(Path(os.fspath(target)))
            points.reach(before)
            _real(source, target, *args, **kwargs)
            points.reach(after)

        setattr(os, name, wrapped)


def _names_of_rename(target: Path) -> tuple[str, str]:
    if target.name.startswith("fetch="):
        return "between manifest and rename", "after rename"
    if target.parent.name == "runs":
        return "before run file", "after run file"
    if target.parent.name == "ledger":
        return "before ledger", "after ledger"
    if target.suffix == ".parquet":
        return "before a parquet file", "after a parquet file"
    if target.name == "marts.duckdb":
        return "before marts.duckdb", "after marts.duckdb"
    return "", ""


def _wrap_loads(points: Points) -> None:
    real, loads = warehouse_load.load, [0]

    @functools.wraps(real)
    def load(*args: Any, **kwargs: Any) -> Any:
        loads[0] += 1
        if loads[0] > 1:
            points.reach("between windows")
        return real(*args, **kwargs)

    warehouse_load.load = load


class WatchedConnection:
    """A DuckDB connection whose statements are points."""

    def __init__(self, real: duckdb.DuckDBPyConnection, points: Points) -> None:
        self.real = real
        self._points = points

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        text = query if isinstance(query, str) else ""
        self._points.reach("query")
        if _COMMIT.match(text):
            self._points.reach("before commit")
        if _BUILD_PASSED.match(text):
            self._points.reach("dbt passed")
        result = self.statement(query, *args, **kwargs)
        for pattern, name in (
            (_DELETE, "after delete"),
            (_INSERT, "after insert"),
            (_COMMIT, "after commit"),
            (_BUILD_BEGUN, "begun"),
            (_BUILD_PASSED, "after pass"),
        ):
            if pattern.match(text):
                self._points.reach(name)
        return result

    def statement(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        """Where bugs on purpose come in."""
        return self.real.execute(query, *args, **kwargs)

    def commit(self) -> Any:
        self._points.reach("before commit")
        result = self.real.commit()
        self._points.reach("after commit")
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.real.close()


def _wrap_duckdb(points: Points) -> None:
    real = duckdb.connect

    @functools.wraps(real)
    def connect(*args: Any, **kwargs: Any) -> Any:
        return WatchedConnection(real(*args, **kwargs), points)

    duckdb.connect = connect


def _wrap_dbt(points: Points) -> None:
    """Dbt is a process of its own: what it does is known by the lines that it prints."""

    class WatchedPopen(subprocess.Popen):  # type: ignore[type-arg]  # text or bytes, as the caller says
        def __init__(self, command: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(command, *args, **kwargs)
            if "build" in command and self.stdout is not None:
                self.stdout = self._watched(self.stdout)

        def _watched(self, lines: Any) -> Any:
            for line in lines:
                if _DBT_START.search(line) and points.reach("dbt node"):
                    self.kill()
                yield line

        def __exit__(self, *error: object) -> None:
            self.wait()

    subprocess.Popen = WatchedPopen  # type: ignore[misc,assignment]  # the point of a wrapper
