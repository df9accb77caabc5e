"""Frees landing of records that a later fetch has replaced; what raw is made of stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cursor_usage.landing import Landing, team_ids
from cursor_usage.landing.prune import Prunable, prunable
from cursor_usage.pipeline.errors import PipelineError
from cursor_usage.pipeline.ledger import loads_with_rows, note_in_ledger, read_ledgers
from cursor_usage.settings import DataDir
from cursor_usage.warehouse.connection import connected, in_memory, writer


@dataclass(frozen=True, slots=True)
class Freed:
    """What was, or in a dry run would be, deleted."""

    records: Sequence[Prunable]
    is_dry_run: bool

    @property
    def size_bytes(self) -> int:
        return sum(found.size_bytes for found in self.records)


def keep_days_from(text: str) -> int:
    """The age in days from which records may go.

    Raises:
        PipelineError: not a whole number of 1 or more.
    """
    value = text.strip()
    # Five digits are longer ago than anything can have been landed.
    if not re.fullmatch("0*[1-9][0-9]{0,4}", value):
        raise PipelineError(
            f"KEEP_DAYS={text[:20]!r} is not a whole number of days of 1 or more: say for example KEEP_DAYS=90."
        )
    return int(value)


def prune(data: DataDir, keep_days: int, *, is_dry_run: bool = False, now: datetime | None = None) -> Freed:
    """Deletes the records of fetches older than ``keep_days`` days that were loaded and that nothing needs.

    Never goes: the newest fetch of a window, a members or spend snapshot, a fetch that was not loaded, and records that
    a replay takes rows from. The manifests and the ledger stay, so that ``raw.loads`` can be built again in full.

    Raises:
        PipelineError: there is no landing.
        WarehouseError: the warehouse is held by another process.
    """
    teams = team_ids(data.landing)
    if not teams:
        raise PipelineError(f"There is nothing to prune: {data.landing} has no team's landing yet.")
    with writer(data.warehouse, purpose="pruning landing"):
        if data.warehouse.exists():
            with connected(data.warehouse) as warehouse:
                note_in_ledger(data.landing, warehouse)
        with in_memory() as connection:
            loads = read_ledgers(data.landing, connection)
        before = (now or datetime.now(UTC)) - timedelta(days=keep_days)
        loaded, needed = {load.load_id for load in loads}, loads_with_rows(loads)
        found = [
            records
            for team_id in teams
            for records in prunable(Landing(data.landing, team_id), before=before, loaded=loaded, needed=needed)
        ]
        if not is_dry_run:
            for records in found:
                records.path.unlink()
    return Freed(found, is_dry_run)
