"""Before a run fetches: that data can be written, and what the steps of each team are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec

from cursor_usage.pipeline.errors import PipelineError
from cursor_usage.pipeline.run import TeamTask
from cursor_usage.pipeline.windows import RunWindow
from cursor_usage.settings import DataDir


def make_data_dir(data: DataDir) -> None:
    """Makes the data directory, readable by its owner only: it holds names, e-mails and what people cost.

    Raises:
        PipelineError: it cannot be made or written.
    """
    try:
        data.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = data.root / ".writable"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise PipelineError(
            f"The data directory {data.root} cannot be written: {error.strerror or error}. "
            f"Set CURSOR_DATA_DIR to a folder that this user may write, then run again."
        ) from None


class Team(Protocol):
    """A team and the connection that reads it."""

    @property
    def connection_id(self) -> str: ...
    @property
    def team_id(self) -> str: ...
    @property
    def host(self) -> str: ...


def team_tasks(run_id: str, window: RunWindow, teams: Iterable[Team]) -> list[dict[str, Any]]:
    """What the steps of each team are told, as plain JSON values; see :class:`TeamTask`."""
    return [
        msgspec.to_builtins(
            TeamTask(
                run_id=run_id,
                connection_id=team.connection_id,
                team_id=team.team_id,
                host=team.host,
                window=window,
            )
        )
        for team in teams
    ]


def team_task_from(values: Mapping[str, Any]) -> TeamTask:
    """The inverse of :func:`team_tasks`."""
    return msgspec.convert(values, TeamTask)


def dbt_variables(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The dbt vars that the run's parameters set; the defaults of all others are in dbt_project.yml."""
    names = ("idle_after_days", "grace_days", "tolerance_share")
    return {name: parameters[name] for name in names if parameters.get(name) is not None}
