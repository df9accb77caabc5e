"""Errors in Airflow's words: what another try cannot mend fails at once, the rest is left to the task's retries."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException


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
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise AirflowException(
                f"The disk is full ({error.filename or 'data directory'}). Free some space, then run again; "
                f"what was landed, loaded and published before is whole."
            ) from error
        raise AirflowException(f"{error}. Mend this, then run again; nothing was lost.") from error
    except Exception as error:
        is_retryable = getattr(error, "is_retryable", None)
        if is_retryable is None:
            if "No space left on device" in str(error):
                raise AirflowException(
                    "The disk is full. Free some space, then run again; what was landed, loaded and published "
                    "before is whole."
                ) from error
            raise
        # The sentence says all; the trace behind it would only bury it.
        raise (AirflowException if is_retryable else AirflowFailException)(str(error)) from None
