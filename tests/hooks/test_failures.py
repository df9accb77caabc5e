"""What a step's error means for Airflow: fail at once, or try again."""

from __future__ import annotations

import errno

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from cursor_usage.cursor_api import CursorAuthError, CursorServerError
from cursor_usage.hooks.failures import failing_by_meaning
from cursor_usage.pipeline.errors import JudgementError
from cursor_usage.warehouse.connection import WarehouseLockedError


def raised_for(error: BaseException) -> BaseException:
    with pytest.raises(BaseException) as raised, failing_by_meaning():  # noqa: PT011  # which one is what is asked
        raise error
    return raised.value


@pytest.mark.parametrize("error", [CursorAuthError("The key is wrong"), JudgementError("It did not pass.")])
def test_what_another_try_cannot_mend_fails_at_once(error):
    found = raised_for(error)
    assert isinstance(found, AirflowFailException)
    assert str(found) == str(error)


@pytest.mark.parametrize("error", [CursorServerError("503"), WarehouseLockedError("It is open elsewhere.")])
def test_what_may_pass_is_left_to_the_retries(error):
    found = raised_for(error)
    assert isinstance(found, AirflowException)
    assert not isinstance(found, AirflowFailException)
    assert str(found) == str(error)


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("IO Error: … No space left on device")],
)
def test_a_full_disk_is_said_in_words(error):
    assert "The disk is full. Free some space" in str(raised_for(error))


def test_another_error_of_the_system_keeps_its_words():
    assert "Read-only file system" in str(raised_for(OSError(errno.EROFS, "Read-only file system")))


@pytest.mark.parametrize("error", [KeyError("a bug"), KeyboardInterrupt()])
def test_a_bug_and_an_interrupt_come_out_as_themselves(error):
    assert raised_for(error) is error
