"""Says how a run ended; a team that failed makes the run fail, after the others were published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from cursor_usage.pipeline.build import failed_run
from cursor_usage.pipeline.errors import PublishError, TeamsFailedError
from cursor_usage.pipeline.publish import newest_publication
from cursor_usage.pipeline.run import TeamTask
from cursor_usage.settings import DataDir
from cursor_usage.warehouse.connection import connected, writer
from cursor_usage.warehouse.runs import passed_at, teams_recorded


def conclude(data: DataDir, run_id: str, tasks: Iterable[TeamTask], failures: Mapping[str, str] | None = None) -> None:
    """Silent where every team was loaded and the marts are published.

    ``failures``: the sentence of each step for all teams (prepare, build, publish) that failed, in order.

    Raises:
        TeamsFailedError: a team failed; one sentence each.
        PublishError: the teams were loaded, the marts were not published, or not all that goes with them.
    """
    loaded: set[str] = set()
    built_at: datetime | None = None
    if data.warehouse.exists():
        with writer(data.warehouse, purpose=f"concluding run {run_id}"), connected(data.warehouse) as warehouse:
            loaded, built_at = teams_recorded(warehouse, run_id), passed_at(warehouse, run_id)
    said = " ".join(f"{step} failed: {sentence}" for step, sentence in (failures or {}).items())
    failed = [failed_run(data, task) for task in tasks if task.team_id not in loaded]
    if failed:
        sentences = [f"Team {run.team_id!r} failed: {run.error}" for run in failed]
        raise TeamsFailedError(" ".join([*sentences, said]).strip())
    publication = newest_publication(data.published)
    # Another run may have published since, with this one's rows.
    if built_at is None or publication is None or publication[1] < built_at:
        raise PublishError(
            f"Run {run_id} published nothing: {data.published} holds what was there before. "
            f"{said or 'The log of its first failed task says why; mend that, then clear the task.'}"
        )
    if said and publication[0] == run_id:
        raise PublishError(f"Run {run_id} published its marts, but not all that goes with them. {said}")
