"""Puts a run's verdict into its note in Airflow's UI (entry point ``airflow.plugins``).

Airflow 3.3 gives a task no way to write its run's note (apache/airflow#64890 asks for one): the task SDK has no call
for it, and the REST API would need a user's token. A listener is told of the run's end where the run's row is at hand,
and copies what the last task left. Once the task SDK has that call, the last task can make it, and this file goes.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

from cursor_usage.hooks.run_report import REPORT_KEY

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

DAG_ID = "cursor_usage_daily"
LAST_TASK_ID = "conclude"
HEADING = "**Cursor usage:** "  # on the line of the first verdict: the UI shows one line of a note
# Airflow's column. PostgreSQL refuses a longer text, and with it what else the scheduler was about to write.
MAX_NOTE_CHARACTERS = 1000
_PARAGRAPH = "\n\n"


@hookimpl
def on_dag_run_success(dag_run: DagRun, msg: str) -> None:  # noqa: ARG001 - Airflow's signature
    _note(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: DagRun, msg: str) -> None:  # noqa: ARG001 - Airflow's signature
    _note(dag_run)


class RunNotePlugin(AirflowPlugin):
    """Registers this module as a listener."""

    name = "cursor_usage_run_note"
    listeners = [sys.modules[__name__]]  # noqa: RUF012 - Airflow declares it as an attribute of instances


def note_with(note: str | None, report: str) -> str:
    """A run's note with the newest report at its end.

    What a person wrote stays as it is, an earlier report goes. Where the rest leaves no room the report is cut, at the
    most to nothing.
    """
    parts = [part.strip("\n") for part in (note or "").split(_PARAGRAPH)]
    kept = [part for part in parts if part and not part.startswith(HEADING.strip())]
    written = _PARAGRAPH.join(kept)
    room = MAX_NOTE_CHARACTERS - len(written) - len(_PARAGRAPH) * bool(kept)
    text = HEADING + re.sub(r"\n{2,}", "\n", report.strip("\n"))
    if len(text) > room:
        text = text[: max(room - 1, 0)] + "…"
    return written if room <= len(HEADING) else _PARAGRAPH.join([*kept, text])


def _note(dag_run: DagRun) -> None:
    if dag_run.dag_id != DAG_ID:
        return
    # Of the server's side, and slow to import: other processes load this plugin too.
    from airflow.models.xcom import XComModel  # noqa: PLC0415
    from sqlalchemy.orm import object_session  # noqa: PLC0415

    session = object_session(dag_run)
    if session is None:  # of `airflow dags test`, which no UI shows
        return
    # The scheduler is in the middle of its own work with this session: nothing of it is written before its time.
    with session.no_autoflush:
        left = session.scalars(
            XComModel.get_many(
                run_id=dag_run.run_id, dag_ids=dag_run.dag_id, task_ids=LAST_TASK_ID, key=REPORT_KEY, limit=1
            )
        ).first()
        report = XComModel.deserialize_value(left) if left is not None else None
        if isinstance(report, dict) and report.get("note"):
            dag_run.note = note_with(dag_run.note, str(report["note"]))
