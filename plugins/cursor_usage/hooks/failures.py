"""Errors in Airflow's words: what another try cannot mend fails at once, the rest is left to the task's retries."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from airflow.sdk import get_current_context
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from cursor_usage.disk import is_full

log = logging.getLogger(__name__)

FAILURE_KEY = "failure"


@contextmanager
def failing_by_meaning() -> Iterator[None]:
    """Turns an error with ``is_retryable`` into the exception that Airflow understands; its sentence stays.

    The sentence is left with the task too, so that the run's last task can say what stopped it.

    Raises:
        AirflowFailException: trying again is useless (a wrong key, bad dates, failed quality checks).
        AirflowException: trying again later may help (a rate limit, a dropped connection, a locked warehouse).
    """
    try:
        yield
    except (AirflowException, KeyboardInterrupt):
        raise
    # Whatever a step raises ends its task; what is told apart is only whether another try may help.
    except Exception as error:
        meant = _meaning(error)
        _leave_sentence(str(meant or f"{type(error).__name__}: {error}. This is a bug; the task's log has its trace."))
        if meant is None:
            raise
        # Where the sentence says all, the trace behind it would only bury it.
        raise meant from (None if hasattr(error, "is_retryable") else error)


def earlier_failures(context: Context, task_ids: Iterable[str]) -> dict[str, str]:
    """The sentence of each of those tasks that failed in this run, in the order asked for."""
    ti, wanted = context["ti"], list(task_ids)
    # A sentence of an earlier try stays with a task that was cleared and has not begun again: its state tells.
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=wanted, run_ids=[ti.run_id]).get(ti.run_id, {})
    failed = [task_id for task_id in wanted if states.get(task_id) == "failed"]
    return {
        task_id: ti.xcom_pull(task_ids=task_id, key=FAILURE_KEY) or "it was ended from outside, its log says more."
        for task_id in failed
    }


def _meaning(error: Exception) -> AirflowException | None:
    """What Airflow is told, or None where it is a bug and comes out as itself."""
    is_retryable = getattr(error, "is_retryable", None)
    if is_retryable is not None:
        return (AirflowException if is_retryable else AirflowFailException)(str(error))
    if is_full(error):
        return AirflowException(
            "The disk is full. Free some space, then run again; what was landed, loaded and published before is whole."
        )
    if isinstance(error, OSError):
        return AirflowException(f"{error}. Mend this, then run again; nothing was lost.")
    return None


def _leave_sentence(sentence: str) -> None:
    try:
        context = get_current_context()
    except RuntimeError:  # not inside of a task
        return
    try:
        context["ti"].xcom_push(FAILURE_KEY, sentence)
    # The task's own error is what counts; without this the last task points to the log.
    except Exception as error:  # noqa: BLE001
        log.warning("The sentence could not be left for the run's last task (%s).", type(error).__name__)
