"""The baton between the steps of one team's run: a file in its landing that says what was fetched and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from cursor_usage.landing import Landing
from cursor_usage.pipeline.errors import PipelineError
from cursor_usage.pipeline.windows import RunWindow

STEPS = ("extract", "judge", "load")


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
    """How far a run came for one team.

    ``fetches`` are manifest folders below the landing root, in loading order. ``errors`` says by step why it failed:
    a step that is tried again clears its own, and nothing goes on over an earlier step's. ``is_refused``: what was
    fetched is at fault (it did not pass the checks, cannot be read, or is not what its manifest says), and is not to be
    used again; not so where anything else stopped the step. ``variables``: dbt's, as the run built with.
    """

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
    errors: dict[str, str] = {}
    is_refused: bool = False
    variables: dict[str, Any] = {}

    @property
    def error(self) -> str | None:
        """Why the run failed for the team, by its first step that did; None where none did."""
        return next((self.errors[step] for step in STEPS if step in self.errors), None)


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


@contextmanager
def noting_error(landing_root: Path, run: TeamRunFile, step: str) -> Iterator[None]:
    """Clears the step's error, and notes a new one in the run's file, so that the verdict can name it.

    What was refused before is not so any more where the step passes, and stays so whatever else stops it.
    """
    run.errors.pop(step, None)
    was_refused, run.is_refused = run.is_refused, False
    try:
        yield
    except BaseException as error:
        run.is_refused = was_refused or getattr(error, "is_of_what_landed", False) is True
        run.errors[step] = str(error) or f"The step {step} was interrupted ({type(error).__name__})."
        # The disk may be what failed: the error itself counts, not the note of it.
        with suppress(OSError):
            write_run_file(landing_root, run)
        raise


def require_run(landing_root: Path, team_id: str, run_id: str, *before: str) -> TeamRunFile:
    """The run's file, for a step that goes on from the steps ``before`` it.

    Raises:
        PipelineError: the run has landed nothing for this team, or an earlier step of it failed.
    """
    run = read_run_file(landing_root, team_id, run_id)
    if run is None:
        raise PipelineError(f"Run {run_id} has landed nothing for team {team_id!r}: run it from its first task.")
    for step in before:
        if step in run.errors:
            raise PipelineError(f"Run {run_id} cannot go on for team {team_id!r}, {step} failed: {run.errors[step]}")
    return run
