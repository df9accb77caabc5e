"""Runs of a back-fill go side by side: Airflow's max_active_runs does not count them, the steps interleave."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest

from cursor_usage.pipeline import build as build_step
from cursor_usage.pipeline import judge as judge_step
from cursor_usage.pipeline import load as load_step
from cursor_usage.pipeline.build import build
from cursor_usage.pipeline.conclude import conclude
from cursor_usage.pipeline.errors import PublishError
from cursor_usage.pipeline.judge import judge
from cursor_usage.pipeline.known_names import known_kind
from cursor_usage.pipeline.publish import newest_publication, publish, published_run
from cursor_usage.settings import PROJECT_DIR
from cursor_usage.warehouse.connection import WarehouseLockedError, connected, writer


def loaded(pipeline, day: date):
    task = pipeline.task(day, day)
    pipeline.extract(task)
    judge(pipeline.data, task.team_id, task.run_id)
    pipeline.load(task)
    return task


def test_a_build_between_a_runs_build_and_its_publishing_harms_neither(pipeline):
    first, second = loaded(pipeline, date(2026, 11, 20)), loaded(pipeline, date(2026, 11, 21))
    build(pipeline.data, first.run_id, [first], {})
    build(pipeline.data, second.run_id, [second], {})
    publish(pipeline.data, first.run_id)
    publish(pipeline.data, second.run_id)
    assert published_run(pipeline.data.published) == second.run_id
    for task in (first, second):
        conclude(pipeline.data, task.run_id, [task])
    days = pipeline.mart("select distinct usage_date from usage_costs_daily where requests is not null order by all")
    assert days == [(date(2026, 11, 20),), (date(2026, 11, 21),)]


def test_marts_that_another_runs_build_left_untested_are_not_published(pipeline):
    published = pipeline.run()
    before = newest_publication(pipeline.data.published)
    task = loaded(pipeline, date(2026, 11, 20))
    build(pipeline.data, task.run_id, [task], {})
    with connected(pipeline.data.warehouse) as warehouse:
        begun_at = (datetime.now(UTC) + timedelta(seconds=1)).replace(tzinfo=None)
        warehouse.execute("insert into raw.builds (run_id, started_at) values ('another', ?)", [begun_at])
    with pytest.raises(PublishError, match="when run another built them"):
        publish(pipeline.data, task.run_id)
    with pytest.raises(PublishError, match="published nothing"):
        conclude(pipeline.data, task.run_id, [task])
    assert newest_publication(pipeline.data.published) == before
    conclude(pipeline.data, published.run_id, [published])


@contextmanager
def held_by_another_run(pipeline) -> Iterator[subprocess.Popen[str]]:
    """A process that has the warehouse until something is written to it."""
    script = (
        "from pathlib import Path; from cursor_usage.warehouse.connection import writer\n"
        f"with writer(Path({str(pipeline.data.warehouse)!r}), purpose='loading acme, run first'):\n"
        "    print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(PROJECT_DIR / "plugins")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_run_waits_until_the_first_has_let_the_warehouse_go(pipeline):
    task = pipeline.task(date(2026, 11, 20), date(2026, 11, 20))
    pipeline.extract(task)
    with held_by_another_run(pipeline) as first:
        second = threading.Thread(target=pipeline.load, args=[task])
        second.start()
        second.join(0.5)
        assert second.is_alive()
        assert not pipeline.data.warehouse.exists()
        first.communicate("go on\n")
        second.join()
    assert pipeline.raw("select count(*) > 0 from raw.cursor_usage_events") == [(True,)]


def test_a_second_run_that_waits_too_long_names_the_first_and_changes_nothing(pipeline, monkeypatch):
    pipeline.until_load(date(2026, 11, 19), date(2026, 11, 19))
    task = pipeline.task(date(2026, 11, 20), date(2026, 11, 20))
    pipeline.extract(task)
    before = pipeline.raw_rows()
    monkeypatch.setattr(load_step, "writer", functools.partial(writer, wait_seconds=0.2))
    with held_by_another_run(pipeline) as first:
        says = rf"is being written by process {first.pid} \(loading acme, run first, since .*Wait until it has ended"
        with pytest.raises(WarehouseLockedError, match=says):
            pipeline.load(task)
    assert pipeline.raw_rows() == before
    pipeline.load(task)
    assert pipeline.raw_rows() != before


def test_two_teams_that_are_judged_side_by_side_leave_each_other_their_seeds(pipeline, monkeypatch):
    data, folders = pipeline.data, []

    def while_another_one_is_judged(seeds):
        folders.append(seeds)
        if len(folders) == 1:
            judge_step._known_names(data)
        return known_kind(seeds)

    monkeypatch.setattr(judge_step, "known_kind", while_another_one_is_judged)
    is_known_kind, is_known_model = judge_step._known_names(data)
    assert is_known_kind("Usage-based")
    assert is_known_model("gpt-5")
    assert len(set(folders)) == 2
    assert list(data.work.iterdir()) == []


def test_a_reader_that_comes_between_the_pipeline_and_dbt_is_named_and_the_build_is_tried_again(pipeline, monkeypatch):
    task = loaded(pipeline, date(2026, 11, 20))
    real = build_step._dbt_build

    def with_a_reader(*arguments, **words):
        with duckdb.connect(str(pipeline.data.warehouse), read_only=True):
            real(*arguments, **words)

    with monkeypatch.context() as patch:
        patch.setattr(build_step, "_dbt_build", with_a_reader)
        with pytest.raises(WarehouseLockedError, match=rf"is open in .*\(process {os.getpid()}\)") as raised:
            build(pipeline.data, task.run_id, [task], {})
    assert raised.value.is_retryable
    build(pipeline.data, task.run_id, [task], {})
    publish(pipeline.data, task.run_id)
