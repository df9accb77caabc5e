"""Loads what a run has landed and judged for one team."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

from cursor_usage.landing import Landing, Manifest
from cursor_usage.pipeline.drift import NOTICE, drift_findings, note_drift
from cursor_usage.pipeline.ledger import note_in_ledger
from cursor_usage.pipeline.run import TeamRunFile, noting_error, require_run, write_run_file
from cursor_usage.settings import DataDir
from cursor_usage.warehouse import load as warehouse_load
from cursor_usage.warehouse.connection import connected, writer
from cursor_usage.warehouse.load import LandedFetch
from cursor_usage.warehouse.runs import Access, TeamRun, record_team_run

log = logging.getLogger(__name__)


def load(data: DataDir, team_id: str, run_id: str) -> TeamRunFile:
    """Puts each landed window of the run into raw, one transaction each, and notes that the team's run succeeded.

    Raises:
        PipelineError: the run has not landed anything for this team, or what it landed failed.
        WarehouseError: the warehouse is held by another process, or a landed file is damaged.
    """
    run = require_run(data.landing, team_id, run_id, "extract", "judge")
    with noting_error(data.landing, run, "load"):
        _load(data, run)
        write_run_file(data.landing, run)
    log.info("loaded %s rows of %s", f"{sum(run.rows_loaded.values()):,}", team_id)
    return run


def _load(data: DataDir, run: TeamRunFile) -> None:
    landing = Landing(data.landing, run.team_id)
    run.rows_loaded, run.windows_loaded, run.windows_unchanged = {}, {}, {}
    with (
        writer(data.warehouse, purpose=f"loading {run.team_id}, run {run.run_id}"),
        connected(data.warehouse) as warehouse,
    ):
        for path in run.fetches:
            manifest = landing.manifest(path)
            fetch = landed_fetch(manifest, path, data.landing, run.run_id)
            done = warehouse_load.load(warehouse, fetch)
            note_drift(warehouse, fetch, manifest)
            for counts, amount in (
                (run.rows_loaded, done.rows),
                (run.windows_loaded, 1),
                (run.windows_unchanged, int(done.is_unchanged)),
            ):
                counts[done.endpoint] = counts.get(done.endpoint, 0) + amount
        run.finished_at = datetime.now(UTC)
        record_team_run(warehouse, team_run(run))
        note_in_ledger(data.landing, warehouse, ended=run)
        notices = drift_findings(warehouse, run.team_id, run.run_id)
    run.findings = [*(fact for fact in run.findings if fact.severity != NOTICE), *notices]
    for notice in notices:
        log.warning("%s", notice.text)


def landed_fetch(manifest: Manifest, path: str, landing_root: Path, run_id: str) -> LandedFetch:
    """A manifest in the warehouse's words."""
    window = manifest.window
    return LandedFetch(
        load_id=manifest.fetch_id,
        run_id=run_id,
        team_id=manifest.team_id,
        endpoint=window.endpoint,
        is_open_day=window.is_open_day,
        start_date=window.start_date,
        end_date=window.end_date,
        covered_until_at=window.end_at,
        started_at=manifest.started_at,
        finished_at=manifest.finished_at,
        cycle_start_at=manifest.cycle_start_at,
        records_announced=manifest.records_announced,
        records_received=manifest.records_received,
        pages=manifest.pages,
        bytes_received=manifest.bytes_received,
        checksum=manifest.checksum,
        landing_path=path,
        records_path=landing_root / manifest.records_path,
    )


def team_run(run: TeamRunFile) -> TeamRun:
    """A run's file in the warehouse's words."""
    return TeamRun(
        run_id=run.run_id,
        team_id=run.team_id,
        connection_id=run.connection_id,
        started_at=run.started_at,
        finished_at=run.finished_at,
        error=run.error,
        access=tuple(Access(a.endpoint, a.outcome, a.checked_at, a.status_code, a.message) for a in run.access),
    )
