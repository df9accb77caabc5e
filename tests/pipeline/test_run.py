"""A run's file: what a step that fails says of what was fetched."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cursor_usage.pipeline.errors import JudgementError, SeedError
from cursor_usage.pipeline.run import TeamRunFile, noting_error, read_run_file
from cursor_usage.quality import QualityError, UnreadableRecordsError
from cursor_usage.warehouse.connection import WarehouseError, WarehouseLockedError
from cursor_usage.warehouse.load import DamagedFetchError

AT = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
REFUSE = [JudgementError("a check failed"), DamagedFetchError("one record less"), UnreadableRecordsError("cut.")]
SAY_NOTHING_OF_IT = [
    SeedError("a typo in a CSV"),
    WarehouseError("cannot be opened"),
    WarehouseLockedError("is open in another process"),
    QualityError("the docs cannot be written."),
    OSError("the disk is full"),
    MemoryError(),
    KeyboardInterrupt(),
]


def after(root, run: TeamRunFile, error: BaseException, step: str = "judge") -> TeamRunFile:
    """The run's file as the step leaves it that fails so."""
    with pytest.raises(type(error)), noting_error(root, run, step):
        raise error
    written = read_run_file(root, run.team_id, run.run_id)
    assert written is not None
    assert written.errors[step]
    return written


@pytest.fixture
def run():
    return TeamRunFile(run_id="run", team_id="acme", connection_id="cursor_acme", started_at=AT, finished_at=AT)


@pytest.mark.parametrize("error", REFUSE, ids=lambda error: type(error).__name__)
def test_what_landed_is_refused_where_it_is_at_fault(tmp_path, run, error):
    assert after(tmp_path, run, error).is_refused


@pytest.mark.parametrize("error", SAY_NOTHING_OF_IT, ids=lambda error: type(error).__name__)
def test_what_landed_is_not_refused_where_something_else_is_at_fault(tmp_path, run, error):
    assert not after(tmp_path, run, error).is_refused


@pytest.mark.parametrize("error", SAY_NOTHING_OF_IT, ids=lambda error: type(error).__name__)
def test_what_was_refused_stays_so_where_another_try_fails_for_another_reason(tmp_path, run, error):
    run = after(tmp_path, run, JudgementError("a check failed"))
    assert after(tmp_path, run, error).is_refused


def test_what_was_refused_is_not_so_any_more_where_the_step_passes(tmp_path, run):
    run = after(tmp_path, run, JudgementError("a check failed"))
    with noting_error(tmp_path, run, "judge"):
        pass
    assert not run.is_refused
    assert run.error is None
