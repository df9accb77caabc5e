"""Builds the warehouse again from landing alone, beside the old one, and puts it in its place when it is whole.

No API, no key. ``team=…/ledger`` says which fetches were loaded and in which order, the landed records have the rows.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import duckdb

from cursor_usage.disk import is_full, sync
from cursor_usage.landing import Landing, team_ids
from cursor_usage.pipeline.build import build_marts
from cursor_usage.pipeline.errors import PipelineError
from cursor_usage.pipeline.ledger import loads_with_rows, note_in_ledger, read_ledgers
from cursor_usage.pipeline.load import landed_fetch
from cursor_usage.pipeline.publish import publish
from cursor_usage.pipeline.run import read_run_file
from cursor_usage.settings import DataDir
from cursor_usage.warehouse.connection import (
    WarehouseError,
    WarehouseLockedError,
    clear_database,
    clear_log,
    connected,
    writer,
)
from cursor_usage.warehouse.ledger import NotedLoad, newest_loaded_run, put_back_loads, put_back_the_rest
from cursor_usage.warehouse.load import load

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 5.0
# A new warehouse is about as large as the old one; dbt writes a table anew before it drops the old.
SIZE_OF_OLD_WAREHOUSE = 1.5
# Without an old one to go by: rows and marts beside records that zstd has made small.
SIZE_OF_LANDED_RECORDS = 8


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay brought back. ``published``: the marts too; not so where no run ever loaded a team whole."""

    teams: Sequence[str]
    loads: int
    rows: int
    is_published: bool


def replay(data: DataDir) -> Replayed:
    """Rebuilds raw, marts and what is published, equal row for row to the warehouse that it replaces.

    Raises:
        PipelineError: there is no landing to rebuild from, records it needs are gone, or the disk is too small.
        WarehouseError: the warehouse is held by another process, or a landed file is damaged.
        BuildError: the marts did not pass their tests. In each of these cases the old warehouse stays as it was.
        PublishError: a run came between the swap and publishing, which is outside the lock, and failed to build. The
            new warehouse is in place; the next run that passes publishes it.
    """
    teams = team_ids(data.landing)
    if not teams:
        raise PipelineError(
            f"There is nothing to replay: {data.landing} has no team's landing. "
            f"Put it back from a back-up, or set CURSOR_DATA_DIR to where it is."
        )
    # Its own data directory, so that dbt's step works in it while this one holds the real warehouse.
    scratch = DataDir(data.root / "replay")
    with writer(data.warehouse, purpose="replaying landing"):
        shutil.rmtree(scratch.root, ignore_errors=True)
        _catch_up_ledger(data)
        _refuse_small_disk(data)
        scratch.root.mkdir(parents=True, mode=0o700)
        try:
            run_id, loads, rows = _rebuild(data, scratch, teams)
            _swap(scratch.warehouse, data.warehouse)
        finally:
            clear_database(scratch.warehouse)
        shutil.rmtree(scratch.root, ignore_errors=True)
    if run_id is not None:
        publish(data, run_id)
    return Replayed(teams, loads, rows, is_published=run_id is not None)


def _catch_up_ledger(data: DataDir) -> None:
    """What a step did before it died is known to the old warehouse only, where it is still there."""
    if not data.warehouse.exists():
        return
    try:
        with connected(data.warehouse) as warehouse:
            note_in_ledger(data.landing, warehouse)
    except WarehouseLockedError:
        raise
    except (WarehouseError, duckdb.Error) as error:
        if is_full(error):
            raise
        log.warning(
            "The old warehouse cannot be read (%s): it is replaced from landing alone.", str(error).split("\n")[0]
        )


def _refuse_small_disk(data: DataDir) -> None:
    if data.warehouse.exists():
        needed = data.warehouse.stat().st_size * SIZE_OF_OLD_WAREHOUSE
    else:
        needed = sum(path.stat().st_size for path in data.landing.rglob("records.*")) * SIZE_OF_LANDED_RECORDS
    free = shutil.disk_usage(data.root).free
    if free < needed:
        raise PipelineError(
            f"A replay needs about {_megabytes(needed)} beside the old warehouse, and the disk of {data.root} has "
            f"{_megabytes(free)} free. Free some space, then replay again; nothing was changed."
        )


def _megabytes(size_bytes: float) -> str:
    return f"{size_bytes / 1e6:,.0f} MB"


def _rebuild(data: DataDir, scratch: DataDir, teams: Sequence[str]) -> tuple[str | None, int, int]:
    """The run that loaded last, the loads, and the rows that they put in."""
    with connected(scratch.warehouse) as warehouse:
        loads = read_ledgers(data.landing, warehouse)
        if not loads:
            raise PipelineError(
                f"There is nothing to replay: no fetch in {data.landing} was ever noted as loaded. "
                f"`make run` loads and notes the next ones."
            )
        log.info("replaying %s loads of %s", f"{len(loads):,}", ", ".join(teams))
        rows = _put_back(data, warehouse, loads)
        put_back_the_rest(warehouse)
        newest = newest_loaded_run(warehouse)
        warehouse.execute("checkpoint")
    if newest is None:
        return None, len(loads), rows
    # The marts are those of the run that loaded last, so that what is published names it, as it did before.
    run_id, team_id = newest
    run = read_run_file(data.landing, team_id, run_id)
    log.info("building and testing the marts with dbt, as of run %s", run_id)
    build_marts(scratch, run_id, run.variables if run else {}, data.seeds)
    return run_id, len(loads), rows


def _put_back(data: DataDir, warehouse: duckdb.DuckDBPyConnection, loads: Sequence[NotedLoad]) -> int:
    """Each load in its order; rows come from those only whose rows are still there after the last one."""
    with_rows = loads_with_rows(loads)
    rows, progress = 0, _Progress(len(with_rows))
    for has_rows, group in groupby(loads, key=lambda noted: noted.load_id in with_rows):
        if not has_rows:
            put_back_loads(warehouse, [noted.load_id for noted in group])
            continue
        for noted in group:
            rows += _load_again(data, warehouse, noted)
            # What was noted counts: the number, the instant, and totals that other loads' rows were part of.
            put_back_loads(warehouse, [noted.load_id])
            progress.step(rows)
    return rows


def _load_again(data: DataDir, warehouse: duckdb.DuckDBPyConnection, noted: NotedLoad) -> int:
    try:
        manifest = Landing(data.landing, noted.team_id).manifest(noted.landing_path)
    except FileNotFoundError:
        manifest = None
    if manifest is None or not (data.landing / manifest.records_path).exists():
        raise PipelineError(
            f"The landed {noted.endpoint} {noted.landing_path} are gone, and raw has rows of them. Nothing changed. "
            f"Put the landing back from a back-up, then replay again."
        )
    return load(
        warehouse, landed_fetch(manifest, noted.landing_path, data.landing, manifest.run_id), is_known_to_be_new=True
    ).rows


class _Progress:
    """A line every few seconds: windows, rows, and the time left at the pace so far."""

    def __init__(self, windows: int) -> None:
        self._windows = windows
        self._done = 0
        self._began_at = self._said_at = time.monotonic()

    def step(self, rows: int) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._said_at < SECONDS_BETWEEN_LINES and self._done < self._windows:
            return
        self._said_at = now
        seconds_left = (now - self._began_at) / self._done * (self._windows - self._done)
        log.info(
            "replayed %d of %d windows, %s rows, about %.0f s left",
            self._done,
            self._windows,
            f"{rows:,}",
            seconds_left,
        )


def _swap(new: Path, old: Path) -> None:
    """Puts the new warehouse in the old one's place: a crash leaves one of them, whole."""
    sync(new)
    clear_log(old)
    new.replace(old)
    sync(old.parent)
