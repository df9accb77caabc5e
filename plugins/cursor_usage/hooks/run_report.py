"""A run's report, left with its last task: its callbacks tell people, the scheduler makes it the run's note.

Neither of them reads the data directory, which the scheduler and the DAG processor need not have.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from airflow.sdk import get_current_context

log = logging.getLogger(__name__)

REPORT_KEY = "run_report"


@contextmanager
def leaving_report(make: Callable[[str | None], Mapping[str, Any]]) -> Iterator[None]:
    """Leaves what ``make`` returns of how the block ended: None where it ended well, else its error's sentence.

    A report that cannot be made or left is a line in the log: the run ends as it ended.
    """
    try:
        yield
    except Exception as error:
        _leave(make, str(error))
        raise
    _leave(make, None)


def _leave(make: Callable[[str | None], Mapping[str, Any]], failure: str | None) -> None:
    try:
        get_current_context()["ti"].xcom_push(REPORT_KEY, dict(make(failure)))
    # Reading what is published, and Airflow's API, fail in their own ways.
    except Exception as error:  # noqa: BLE001
        log.warning("The run's note and messages lack its verdict: it could not be read or left (%s).", error)
