"""A fetch that was cut off goes on from its last finished window, and inside a window from its last whole page."""

from __future__ import annotations

import functools
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import zstandard

from cursor_usage.cursor_api import CursorAnswerError, CursorAuthError, CursorServerError
from cursor_usage.landing import Landing, LandingBusyError
from cursor_usage.pipeline import load as load_step
from cursor_usage.pipeline.errors import JudgementError, SeedError
from cursor_usage.pipeline.extract import extract
from cursor_usage.pipeline.prepare import make_data_dir
from cursor_usage.quality import UnreadableRecordsError
from cursor_usage.warehouse.connection import WarehouseLockedError, writer
from tests.cursor_api_simulator import Simulator
from tests.pipeline.killed_fetch import killed_at
from tests.pipeline.pipeline_runner import PipelineRunner, half_landed

START, END = date(2026, 10, 20), date(2026, 11, 2)
SECOND_WINDOW = date(2026, 10, 27)  # windows of seven days, cut from the oldest


@pytest.fixture(scope="module")
def busy_company():
    """Two settled windows of several pages each."""
    with Simulator(seed=3, seats=12, events_per_day=900, clock="2026-11-24T05:30:00Z") as running:
        yield running


@pytest.fixture
def simulator(busy_company):
    busy_company.faults.clear()
    busy_company.clock.set("2026-11-24T05:30:00Z")
    busy_company.forget_requests()
    yield busy_company
    busy_company.faults.clear()


@pytest.fixture
def pipeline(simulator, tmp_path):
    return PipelineRunner(simulator, tmp_path / "data")


@pytest.fixture
def undisturbed(simulator, tmp_path):
    """Another data directory, in which nothing ever went wrong."""
    runner = PipelineRunner(simulator, tmp_path / "undisturbed")
    runner.until_load(START, END)
    simulator.forget_requests()
    return runner


def pages_asked(pipeline: PipelineRunner, start: date) -> list[int]:
    """The pages of the window that begins on this day, as they were asked for since the requests were forgotten."""
    at = int(datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp() * 1000)
    return sorted(body["page"] for body in pipeline.requests("usage_events") if body["startDate"] == at)


def fetches(pipeline: PipelineRunner) -> dict[str, tuple[str, int, int]]:
    """The newest fetch of each closed window: checksum, records and pages."""
    found = {}
    for row in pipeline.raw(
        "select endpoint || window_start_date, checksum, records_received, pages from raw.loads "
        "where window_start_date is not null and not is_open_day order by load_number"
    ):
        found[row[0]] = row[1:]
    return found


def test_a_killed_fetch_goes_on_behind_its_last_whole_page(pipeline, simulator, undisturbed):
    pages = fetches(undisturbed)[f"usage_events{START}"][2]
    assert pages > 4
    # Pages come side by side, so a page is held up until the ones before it are sure to be written.
    simulator.faults.add("slow", "usage_events", page=3, start_date=START.isoformat(), seconds=0.5)
    simulator.faults.add("slow", "usage_events", page=4, start_date=START.isoformat(), seconds=1.5)
    simulator.faults.add("slow", "usage_events", page=1, start_date=SECOND_WINDOW.isoformat(), seconds=1.0)
    killed_at(pipeline, pipeline.task(START, END), window_start=SECOND_WINDOW, page=2)
    assert half_landed(pipeline.data)
    time.sleep(1.5)  # answers that were under way are noted by the simulator when they are made
    simulator.forget_requests()
    run_file = pipeline.until_load(START, END)
    asked = pages_asked(pipeline, START)
    assert asked[0] in {3, 4}, "from the page behind the last whole one"
    assert asked == list(range(asked[0], pages + 1))
    assert fetches(pipeline) == fetches(undisturbed)
    assert pipeline.raw_rows() == undisturbed.raw_rows()
    assert half_landed(pipeline.data) == []
    assert run_file.error is None
    # What is settled goes by when the answer began, so the fetch keeps the earlier one's beginning.
    (began,) = pipeline.raw(
        f"select fetch_started_at from raw.loads where window_start_date = '{START}' and endpoint = 'usage_events'"
    )
    assert began[0].replace(tzinfo=UTC) < pipeline.clock.now() - timedelta(minutes=50)


@pytest.mark.parametrize("nth", [1, 3, 9])
def test_wherever_it_is_killed_the_next_run_ends_like_an_undisturbed_one(pipeline, undisturbed, nth):
    killed_at(pipeline, pipeline.task(START, END), nth=nth)
    killed_at(pipeline, pipeline.task(START, END), nth=nth)
    pipeline.until_load(START, END)
    assert fetches(pipeline) == fetches(undisturbed)
    assert pipeline.raw_rows() == undisturbed.raw_rows()
    assert half_landed(pipeline.data) == []


def broken_off(pipeline: PipelineRunner, page: int = 4) -> None:
    """A run whose first window fails at that page, for as long as it is asked for; the other one is landed."""
    # Its error comes out when its turn comes: the pages before it are written by then.
    pipeline.simulator.faults.add(
        "status", "usage_events", page=page, start_date=START.isoformat(), times=None, code=503
    )
    with pytest.raises(CursorServerError):
        pipeline.extract(pipeline.task(START, END))
    pipeline.simulator.faults.clear()
    assert len(half_landed(pipeline.data)) >= 1
    pipeline.simulator.forget_requests()


def test_a_failed_fetch_goes_on_as_well(pipeline, undisturbed):
    broken_off(pipeline)
    pipeline.until_load(START, END)
    pages = fetches(undisturbed)[f"usage_events{START}"][2]
    assert pages_asked(pipeline, START) == list(range(4, pages + 1))
    assert fetches(pipeline) == fetches(undisturbed)
    assert half_landed(pipeline.data) == []


def test_an_announced_count_that_has_moved_since_means_from_the_first_page(pipeline, simulator, undisturbed):
    broken_off(pipeline)
    simulator.faults.add("count_off", "usage_events", start_date=START.isoformat(), times=1)
    pipeline.until_load(START, END)
    assert 1 in pages_asked(pipeline, START)
    assert fetches(pipeline) == fetches(undisturbed)
    assert half_landed(pipeline.data) == []


def test_pages_that_were_changed_on_the_disk_are_fetched_again(pipeline, undisturbed):
    broken_off(pipeline)
    for path in pipeline.data.landing.rglob("*.unfinished/records.jsonl.zst"):
        path.write_bytes(zstandard.compress(b'{"made":"up"}\n' * 5000))
    pipeline.until_load(START, END)
    assert pages_asked(pipeline, START)[0] == 1
    assert fetches(pipeline) == fetches(undisturbed)


def test_days_that_were_not_settled_begin_anew(pipeline, simulator):
    simulator.clock.set("2026-10-30T05:30:00Z")
    unsettled = date(2026, 10, 27)  # to the 28th, which has been over for 29 hours; several pages

    def fetch() -> None:
        task, clock = pipeline.task(START, date(2026, 10, 29)), pipeline.clock
        extract(pipeline.open_client, task, pipeline.data, look_back_days=1, clock=clock.now, sleep=clock.sleep)

    simulator.faults.add("status", "usage_events", page=2, start_date=unsettled.isoformat(), times=None, code=503)
    make_data_dir(pipeline.data)
    with pytest.raises(CursorServerError):
        fetch()
    simulator.faults.clear()
    simulator.forget_requests()
    fetch()
    assert pages_asked(pipeline, unsettled)[0] == 1


def test_answers_that_cannot_be_right_are_not_gone_on_with(pipeline, simulator, undisturbed):
    simulator.faults.add("other_shape", "usage_events", page=4, start_date=START.isoformat(), times=None)
    with pytest.raises(CursorAnswerError):
        pipeline.extract(pipeline.task(START, START + timedelta(days=6)))
    assert half_landed(pipeline.data) == []
    simulator.faults.clear()
    pipeline.until_load(START, END)
    assert fetches(pipeline) == fetches(undisturbed)


def test_a_window_that_a_killed_run_finished_is_not_fetched_again(pipeline, simulator, undisturbed):
    # The open day is asked for when all closed windows are landed.
    killed_at(pipeline, pipeline.task(START, END), window_start=date(2026, 11, 24))
    simulator.forget_requests()
    pipeline.until_load(START, END)
    assert pages_asked(pipeline, START) == pages_asked(pipeline, SECOND_WINDOW) == []
    assert pipeline.requests("daily_usage") == []
    assert fetches(pipeline) == fetches(undisturbed)
    assert pipeline.raw_rows() == undisturbed.raw_rows()


def test_days_that_are_loaded_are_fetched_again_by_whoever_asks_for_them(pipeline, simulator):
    pipeline.until_load(START, END)
    simulator.forget_requests()
    pipeline.until_load(START, END)
    assert pages_asked(pipeline, START)[0] == 1
    assert pages_asked(pipeline, SECOND_WINDOW)[0] == 1


def test_a_fetch_that_was_never_loaded_does_not_count_for_ever(pipeline, simulator):
    pipeline.extract(pipeline.task(START, END))
    simulator.forget_requests()
    simulator.clock.advance(timedelta(days=8))
    pipeline.until_load(START, END)
    assert pages_asked(pipeline, START)[0] == 1


def test_a_day_that_was_not_settled_when_it_was_fetched_is_fetched_again(pipeline, simulator):
    simulator.clock.set("2026-11-04T05:30:00Z")
    pipeline.extract(pipeline.task(date(2026, 11, 1), date(2026, 11, 3)))
    simulator.forget_requests()
    pipeline.until_load(date(2026, 11, 1), date(2026, 11, 3))
    assert pages_asked(pipeline, date(2026, 11, 1)) == [], "settled: two days and more over"
    assert pages_asked(pipeline, date(2026, 11, 2))[0] == 1
    assert pages_asked(pipeline, date(2026, 11, 3))[0] == 1


@pytest.mark.parametrize("by", ["the same run", "the next run"])
def test_what_did_not_pass_the_checks_is_fetched_again(pipeline, simulator, undisturbed, by):
    simulator.faults.add("missing_field", "usage_events", start_date=START.isoformat(), field="timestamp", times=None)
    task = pipeline.task(START, END)
    pipeline.extract(task)
    with pytest.raises(JudgementError):
        pipeline.judge(task)
    simulator.faults.clear()
    simulator.forget_requests()
    if by == "the next run":
        task = pipeline.task(START, END)
    pipeline.extract(task)
    assert pages_asked(pipeline, START)[0] == 1
    pipeline.judge(task)
    pipeline.load(task)
    assert fetches(pipeline) == fetches(undisturbed)


def landed_records(pipeline: PipelineRunner, start: date) -> Path:
    (path,) = pipeline.data.landing.glob(f"*/endpoint=usage_events/window={start}_*/*/records.jsonl.zst")
    return path


@pytest.mark.parametrize("by", ["the same run", "the next run"])
def test_what_cannot_be_read_any_more_is_fetched_again_and_whole_everywhere(pipeline, simulator, undisturbed, by):
    task = pipeline.task(START, END)
    pipeline.extract(task)
    records = landed_records(pipeline, START)
    whole = records.read_bytes()
    records.write_bytes(b"<html>" + whole)
    with pytest.raises(UnreadableRecordsError, match="cannot be read as lines of JSON"):
        pipeline.judge(task)
    simulator.forget_requests()
    if by == "the next run":
        task = pipeline.task(START, END)
    pipeline.extract(task)
    assert pages_asked(pipeline, START)[0] == 1
    pipeline.judge(task)
    pipeline.load(task)
    assert fetches(pipeline) == fetches(undisturbed)
    assert pipeline.raw_rows() == undisturbed.raw_rows()
    assert landed_records(pipeline, START).read_bytes() == whole


def test_what_a_typo_in_a_users_seed_kept_from_being_judged_is_not_fetched_again(pipeline, simulator):
    task = pipeline.task(START, END)
    pipeline.extract(task)
    pipeline.data.seeds.mkdir()
    (pipeline.data.seeds / "cursor_kinds.csv").write_text("kimd,category\n")
    with pytest.raises(SeedError):
        pipeline.judge(task)
    simulator.forget_requests()
    pipeline.until_load(START, END)
    assert pages_asked(pipeline, START) == pages_asked(pipeline, SECOND_WINDOW) == []


def test_what_was_refused_is_fetched_again_also_after_a_try_that_failed_before_it_came_to_fetching(pipeline, simulator):
    simulator.faults.add("missing_field", "usage_events", start_date=START.isoformat(), field="timestamp", times=None)
    task = pipeline.task(START, END)
    pipeline.extract(task)
    with pytest.raises(JudgementError):
        pipeline.judge(task)
    simulator.faults.clear()

    def no_client():
        raise CursorAuthError("the connection has no key")

    with pytest.raises(CursorAuthError):
        pipeline.extract(task, no_client)
    assert pipeline.run_file(task).is_refused
    assert set(pipeline.run_file(task).errors) == {"extract", "judge"}
    simulator.forget_requests()
    run_file = pipeline.extract(task)
    assert pages_asked(pipeline, START)[0] == 1
    assert not run_file.is_refused
    assert set(run_file.errors) == {"judge"}


def test_a_cleared_run_whose_records_were_pruned_fetches_them_again(pipeline, simulator, undisturbed):
    task = pipeline.task(START, END)
    pipeline.extract(task)
    landed_records(pipeline, START).unlink()
    simulator.forget_requests()
    pipeline.extract(task)
    assert pages_asked(pipeline, START)[0] == 1
    assert pages_asked(pipeline, SECOND_WINDOW) == []
    pipeline.load(task)
    assert pipeline.raw_rows() == undisturbed.raw_rows()


def test_what_a_lock_kept_from_being_loaded_is_not_fetched_again(pipeline, monkeypatch):
    task = pipeline.task(START, END)
    pipeline.extract(task)
    monkeypatch.setattr(load_step, "writer", functools.partial(writer, wait_seconds=0.1))
    with writer(pipeline.data.warehouse, purpose="a test"), pytest.raises(WarehouseLockedError):
        pipeline.load(task)
    pipeline.simulator.forget_requests()
    pipeline.until_load(START, END)
    assert pages_asked(pipeline, START) == pages_asked(pipeline, SECOND_WINDOW) == []


def test_a_try_that_finds_another_one_fetching_leaves_its_file_alone(pipeline, monkeypatch):
    task = pipeline.task(START, END)
    pipeline.extract(task)
    before = pipeline.run_file(task)
    monkeypatch.setattr(Landing, "claimed", functools.partialmethod(Landing.claimed, wait_seconds=0.1))
    with Landing(pipeline.data.landing, task.team_id).claimed(task.host), pytest.raises(LandingBusyError):
        pipeline.extract(task)
    assert pipeline.run_file(task) == before


def test_what_a_killed_try_landed_is_not_fetched_again_by_the_next_try_settled_or_not(pipeline, simulator):
    day = date(2026, 11, 23)
    task = pipeline.task(day, day)
    killed_at(pipeline, task, window_start=date(2026, 11, 24))
    assert "cut off" in (pipeline.run_file(task).error or "")
    simulator.forget_requests()
    run_file = pipeline.extract(task)
    assert pages_asked(pipeline, day) == []
    assert run_file.error is None
    assert len({path for path in run_file.fetches if f"window={day}_{day}" in path}) == 2  # events and daily usage
