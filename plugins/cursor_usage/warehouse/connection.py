"""The warehouse file and its one writer."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import duckdb
import filelock
import msgspec

from cursor_usage.disk import says_full
from cursor_usage.settings import PUBLISHED_FILE

LOCK_WAIT_SECONDS = 120.0
# An analyst who has the file open in a client seldom closes it within a task's time: wait for a passing reader only.
OPEN_WAIT_SECONDS = 15.0
# DuckDB takes four fifths of the machine otherwise. Five million events load as fast with this much; what does not fit
# is written to a folder beside the warehouse.
MEMORY_LIMIT = "512MB"
_HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")


class WarehouseError(Exception):
    """The warehouse cannot be read or written as asked; the message says what to do."""

    is_retryable = False


class WarehouseLockedError(WarehouseError):
    """Another process has the warehouse."""

    is_retryable = True


@contextmanager
def writer(path: Path, *, purpose: str, wait_seconds: float = LOCK_WAIT_SECONDS) -> Iterator[None]:
    """Holds the right to change the warehouse and what is published from it: one process at a time, machine-wide.

    A pool of Airflow's is not enough: ``airflow dags test`` ignores pools, and two Airflows share none.

    Raises:
        WarehouseLockedError: another process holds it; the message names the process and what it does.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = filelock.FileLock(path.with_name(path.name + ".lock"))
    holder = path.with_name(path.name + ".holder")
    try:
        with lock.acquire(timeout=wait_seconds):
            facts = {"pid": os.getpid(), "purpose": purpose, "since": datetime.now(UTC).isoformat()}
            # It only tells others who it is. On a full disk it cannot be written, and pruning is what frees some.
            with suppress(OSError):
                holder.write_bytes(msgspec.json.encode(facts))
            try:
                yield
            finally:
                holder.unlink(missing_ok=True)
    except filelock.Timeout:
        raise WarehouseLockedError(
            f"The warehouse {path} is being written by {_read_holder(holder)}. Waited {wait_seconds:.0f} s. "
            f"Wait until it has ended, or stop it, then run again; nothing was changed."
        ) from None


def _read_holder(holder: Path) -> str:
    try:
        facts = msgspec.json.decode(holder.read_bytes())
        return f"process {facts['pid']} ({facts['purpose']}, since {facts['since'][:19]} UTC)"
    except (OSError, msgspec.DecodeError, KeyError):
        return "another process"


@contextmanager
def connected(
    path: Path, *, read_only: bool = False, wait_seconds: float = OPEN_WAIT_SECONDS
) -> Iterator[duckdb.DuckDBPyConnection]:
    """An open warehouse, with the raw tables made where they are missing. Call it inside :func:`writer`.

    Raises:
        WarehouseLockedError: a client (a SQL shell, a notebook) has the file open; the message names it.
        WarehouseError: the file is not a DuckDB database of a version that can be read.
        OSError: the disk is full.
    """
    if not read_only and not path.exists():
        _make(path)
    connection = _open(path, read_only=read_only, wait_seconds=wait_seconds)
    try:
        connection.execute("set timezone = 'UTC'")
        if not read_only:
            connection.execute("set preserve_insertion_order = false")
            connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
            make_raw(connection)
        yield connection
    finally:
        connection.close()


def _make(path: Path) -> None:
    """A new warehouse, which gets its name when it is whole: one that is half made could never be opened again."""
    new = path.with_name(f"{path.name}.new")
    clear_database(new)
    connection = _open(new, read_only=False, wait_seconds=0)
    try:
        make_raw(connection)
        connection.execute("checkpoint")
    finally:
        connection.close()
    clear_log(path)
    new.rename(path)


def clear_database(path: Path) -> None:
    """Deletes a database that nobody needs, with the log and the folder of spilled rows that DuckDB keeps beside it."""
    for left_behind in path.parent.glob(f"{path.name}*"):
        if left_behind.is_dir():
            shutil.rmtree(left_behind)
        else:
            left_behind.unlink()


def clear_log(path: Path) -> None:
    """Deletes the log that a dead writer left of a database that is gone: it would be read into the one that comes."""
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)


@contextmanager
def in_memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse without a file and without rows, to work something out in."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        make_raw(connection)
        yield connection


def make_raw(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the raw tables where they are missing."""
    connection.execute(resources.files("cursor_usage.warehouse").joinpath("schema.sql").read_text("utf-8"))


def _open(path: Path, *, read_only: bool, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only)
        except duckdb.IOException as error:
            text = str(error)
            if says_full(text):
                raise OSError(errno.ENOSPC, text.splitlines()[0], str(path)) from None
            if not says_locked(text):
                raise WarehouseError(_unusable(path, text)) from None
            if time.monotonic() >= deadline:
                raise open_elsewhere(path, text) from None
        except duckdb.Error as error:
            raise WarehouseError(_unusable(path, str(error))) from None
        time.sleep(0.5)


def says_locked(text: str) -> bool:
    """Whether a message (of DuckDB, of dbt) says that another process has the file open."""
    return "Could not set lock" in text


def open_elsewhere(path: Path, text: str) -> WarehouseLockedError:
    """The error of who meets that message; what it says of the other process is in the sentence."""
    found = _HOLDER.search(text)
    who = f"{found['program']} (process {found['pid']})" if found else "another process"
    return WarehouseLockedError(
        f"The warehouse {path} is open in {who}. Close it there and run again; nothing was changed. "
        f"To query, open {path.parent / 'published' / PUBLISHED_FILE} instead: it is made for readers."
    )


def _unusable(path: Path, text: str) -> str:
    first_line = text.splitlines()[0]
    return (
        f"The warehouse {path} cannot be opened: {first_line}. "
        f"Restore it from a back-up or move it away, then run again."
    )
