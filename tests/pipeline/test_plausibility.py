"""Which window sizes deserve a look."""

from __future__ import annotations

from datetime import date, timedelta

from cursor_usage.pipeline.plausibility import plausible_events, plausible_members
from tests.cursor_api_simulator import Simulator
from tests.pipeline.pipeline_runner import PipelineRunner

MONDAY = date(2026, 11, 23)
WEEK = timedelta(days=7)
KNOWN = {
    MONDAY - WEEK: 100,
    MONDAY - 2 * WEEK: 40,
    MONDAY: 9_000,
    MONDAY - timedelta(days=1): 7,
    MONDAY - timedelta(days=8): 3,
}


def test_a_day_is_compared_with_its_weekday_and_never_with_itself():
    assert plausible_events(MONDAY, MONDAY, KNOWN) == (8, 500)


def test_a_window_of_days_adds_up_its_weekdays():
    known = KNOWN | {MONDAY - timedelta(days=15): 5}
    assert plausible_events(MONDAY - timedelta(days=1), MONDAY, known) == (8, 525)


def test_with_too_little_known_nothing_is_said():
    assert plausible_events(MONDAY + timedelta(days=2), MONDAY + timedelta(days=2), KNOWN) is None
    assert plausible_events(MONDAY, MONDAY, {}) is None


def test_members_are_compared_with_the_snapshot_before():
    assert plausible_members(76) == (38, 152)
    assert plausible_members(None) is None


def test_a_day_that_is_many_times_its_weekday_is_a_warning_and_is_loaded_all_the_same(tmp_path):
    with Simulator(seed=3, seats=12, events_per_day=60, clock="2026-11-24T05:30:00Z") as simulator:
        pipeline = PipelineRunner(simulator, tmp_path / "data")
        pipeline.until_load(start=date(2026, 11, 3), end=date(2026, 11, 22))
        pipeline.until_load(start=MONDAY, end=MONDAY)
        host = simulator.url
    with Simulator(seed=3, seats=12, events_per_day=3_000, clock="2026-11-24T05:30:00Z", port=_port(host)) as busier:
        pipeline.simulator = busier
        task = pipeline.task(MONDAY, MONDAY)
        pipeline.extract(task)
        pipeline.judge(task)
        findings = [finding.sentence for finding in pipeline.run_file(task).findings]
        assert any("2026-11-23" in sentence and "usual" in sentence for sentence in findings), findings
        pipeline.load(task)


def _port(url: str) -> int:
    return int(url.rsplit(":", 1)[1])
