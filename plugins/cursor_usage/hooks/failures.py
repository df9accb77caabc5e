"""Errors in Airflow's words: what another try cannot mend fails at once, the rest is left to the task's retries."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def failing_by_meaning() -> Iterator[None]:
    """Turns an error with ``is_retryable`` into the exception that Airflow understands; its sentence stays.

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
        is_retryable = getattr(error, "is_retryable", None)
        if is_retryable is not None:
            # The sentence says all; the trace behind it would only bury it.
            raise (AirflowException if is_retryable else AirflowFailException)(str(error)) from None
        if getattr(error, "errno", None) in _DISK_FULL or "No space left on device" in str(error):
            raise AirflowException(
                "The disk is full. Free some space, then run again; what was landed, loaded and published before is "
                "whole."
            ) from error
        if isinstance(error, OSError):
            raise AirflowException(f"{error}. Mend this, then run again; nothing was lost.") from error
        raise
