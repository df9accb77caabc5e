"""The baton between the steps of one team's run: a file in its landing that says what was fetched and how it ended."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from cursor_usage.landing import Landing
from cursor_usage.pipeline.windows import RunWindow


class AccessFact(msgspec.Struct, frozen=True):
    """What one endpoint answered; ``outcome`` is ok, refused, failed or not_tried."""

    endpoint: str
    outcome: str
    checked_at: datetime
    status_code: int | None = None
    message: str | None = None


class FindingFact(msgspec.Struct, frozen=True):
    """A check that found something, without any personal value: what it says of the first window, and of how many."""

    severity: str
    sentence: str
    windows: int = 1

    @property
    def text(self) -> str:
        more = self.windows - 1
        return self.sentence + (f" The same in {more} more {'window' if more == 1 else 'windows'}." if more else "")


class TeamRunFile(msgspec.Struct, kw_only=True):
    """How far a run came for one team. ``fetches`` are manifest folders below the landing root, in loading order."""

    run_id: str
    team_id: str
    connection_id: str
    started_at: datetime
    finished_at: datetime
    fetches: list[str] = []
    access: list[AccessFact] = []
    checks: int | None = None
    findings: list[FindingFact] = []
    rows_loaded: dict[str, int] = {}
    windows_loaded: dict[str, int] = {}
    windows_unchanged: dict[str, int] = {}
    error: str | None = None


class TeamTask(msgspec.Struct, frozen=True, kw_only=True):
    """What the steps of one team are told; passed between tasks as plain JSON values, without the key."""

    run_id: str
    connection_id: str
    team_id: str
    host: str
    window: RunWindow


def read_run_file(landing_root: Path, team_id: str, run_id: str) -> TeamRunFile | None:
    """The run's file, or None where the run never came so far."""
    path = Landing(landing_root, team_id).run_file(run_id)
    return msgspec.json.decode(path.read_bytes(), type=TeamRunFile) if path.exists() else None


def write_run_file(landing_root: Path, run: TeamRunFile) -> None:
    Landing(landing_root, run.team_id).write_run_file(run.run_id, msgspec.json.encode(run))
