"""Readers of what is published, each in a process of its own: they look again and again and say what they saw."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb

from tests.faults.invariants import Fingerprint, fingerprint, fingerprints

State = Mapping[str, Fingerprint]


@dataclass
class Seen:
    """How often a reader saw each of the states, and what it saw that it should not have."""

    reads_by_state: Counter[int] = field(default_factory=Counter)
    problem: str | None = None


def read_database_until(folder: Path, states: Sequence[State], stop: Event, answers: Queue[Seen]) -> None:
    """Attaches ``marts.duckdb`` to a fresh connection each time; each look must be one of the states, whole."""

    def look(seen: Seen) -> str | None:
        with duckdb.connect() as session:
            session.execute(f"attach '{folder / 'marts.duckdb'}' as published (read_only)")
            session.execute("use published.marts")
            runs = session.execute("select distinct run_id, published_at from publications").fetchall()
            counts = dict(session.execute("select mart, row_count from publications").fetchall())
            found = fingerprints(session, "marts", "published")
        if len(runs) != 1:
            return f"marts.duckdb names several runs: {runs}"
        found.pop("publications")
        if counts != {name: rows[0] for name, rows in found.items()}:
            return f"row counts are not those of the publication: {counts}"
        if found not in states:
            return f"marts.duckdb holds neither state: {found}"
        seen.reads_by_state[states.index(found)] += 1
        return None

    _look_until(look, stop, answers)


def read_parquet_until(folder: Path, states: Sequence[State], stop: Event, answers: Queue[Seen]) -> None:
    """Reads each Parquet file by itself; each is of one of the states, and files of one moment may be of both.

    It opens a file once, and reads what it opened. DuckDB's ``read_parquet`` and pyarrow's ``read_table`` of a path
    open it twice, for its schema and for its rows, and end with an error where it was replaced in between.
    """
    marts = sorted(states[0])
    opened = folder.parent / f"opened-{os.getpid()}.parquet"

    def look(seen: Seen) -> str | None:
        with duckdb.connect() as session:
            for mart in marts:
                shutil.copyfile(folder / f"{mart}.parquet", opened)
                found = fingerprint(session, f"read_parquet('{opened}')")
                fitting = [at for at, state in enumerate(states) if state[mart] == found]
                if not fitting:
                    return f"{mart}.parquet holds neither state: {found}"
                if len(fitting) == 1:
                    seen.reads_by_state[fitting[0]] += 1
        return None

    _look_until(look, stop, answers)


def _look_until(look: Callable[[Seen], str | None], stop: Event, answers: Queue[Seen]) -> None:
    seen = Seen()
    try:
        while not stop.is_set() and seen.problem is None:
            seen.problem = look(seen)
    except Exception as error:  # noqa: BLE001  # any error of a reader is what the test is about
        seen.problem = f"{type(error).__name__}: {error}"
    answers.put(seen)
