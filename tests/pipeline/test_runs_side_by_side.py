"""Runs of a back-fill go side by side: Airflow's max_active_runs does not count them, the steps interleave."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cursor_usage.pipeline.build import build
from cursor_usage.pipeline.conclude import conclude
from cursor_usage.pipeline.errors import PublishError
from cursor_usage.pipeline.judge import judge
from cursor_usage.pipeline.publish import newest_publication, publish, published_run
from cursor_usage.warehouse.connection import connected


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
        warehouse.execute("insert into raw.builds values ('another', ?, null)", [begun_at])
    with pytest.raises(PublishError, match="when run another built them"):
        publish(pipeline.data, task.run_id)
    with pytest.raises(PublishError, match="published nothing"):
        conclude(pipeline.data, task.run_id, [task])
    assert newest_publication(pipeline.data.published) == before
    conclude(pipeline.data, published.run_id, [published])
