"""What each run's verdicts were: kept from build to build, said once, and back after a replay."""

from __future__ import annotations

import csv

import pytest

from cursor_usage.pipeline.build import build
from cursor_usage.pipeline.publish import publish
from cursor_usage.pipeline.replay import replay
from tests.cursor_api_simulator import Simulator
from tests.pipeline.pipeline_runner import PipelineRunner

HISTORY = "select * from verification_history order by all"
NOTED = "select * from raw.verdicts order by all"


@pytest.mark.timeout(1200)  # three builds and a replay
def test_history_grows_by_what_changed_and_survives_the_warehouse(tmp_path, monkeypatch):
    with Simulator(seed=5, seats=8, events_per_day=40, clock="2026-11-10T05:30:00Z") as simulator:
        runner = PipelineRunner(simulator, tmp_path / "data")
        task = runner.run()
    first = runner.mart(HISTORY)
    totals = runner.mart("select count(*) from verification_totals")[0][0]
    assert len(first) == totals == len(runner.raw(NOTED))
    assert runner.mart("select distinct run_id, is_current from verification_history") == [(task.run_id, True)]

    # Said the same again, also where everything is built anew; then one figure more is read off the dashboard.
    monkeypatch.setattr("cursor_usage.pipeline.build.project_checksum", lambda: "another one")
    build(runner.data, task.run_id, [task], {})
    publish(runner.data, task.run_id)
    assert runner.mart(HISTORY) == first
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    with (seeds / "dashboard_totals.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [
                ("team_id", "measure", "start_date", "end_date", "value", "read_at"),
                ("acme", "requests", "2026-10-27", "2026-11-09", "1", "2026-11-10 08:00:00"),
            ]
        )
    monkeypatch.setenv("CURSOR_SEEDS_DIR", str(seeds))
    build(runner.data, task.run_id, [task], {})
    publish(runner.data, task.run_id)
    second = runner.mart(HISTORY)
    assert len(second) == len(first) + 1
    (new,) = runner.mart(
        "select measure, reference_source, verdict from verification_history where said_at > all "
        "(select min(said_at) from verification_history)"
    )
    assert new[:2] == ("requests", "dashboard")
    # What was said of the measure without a reference is history now.
    assert runner.mart("select measure from verification_history where not is_current") == [("requests",)]

    noted = runner.raw(NOTED)
    runner.data.warehouse.unlink()
    replay(runner.data)
    assert runner.raw(NOTED) == noted
    assert runner.mart(HISTORY) == second
