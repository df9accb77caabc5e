"""The sentence that a run ends with: it names each team and each step that failed, so nobody has to look for it."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest

from cursor_usage.pipeline.conclude import conclude
from cursor_usage.pipeline.errors import PublishError, TeamsFailedError
from cursor_usage.pipeline.prepare import team_task_from, team_tasks
from cursor_usage.pipeline.run import TeamRunFile, write_run_file
from cursor_usage.pipeline.windows import resolve_window
from cursor_usage.settings import DataDir
from cursor_usage.warehouse.connection import connected
from cursor_usage.warehouse.runs import begin_build, pass_build
from tests.pipeline.pipeline_runner import Team

NOW = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
TASK = team_task_from(team_tasks("run_1", resolve_window(now=NOW), [Team("cursor_default", "acme", "")])[0])


def test_a_run_that_never_came_to_its_teams_says_what_stopped_it(tmp_path):
    said = (
        r"Run run_1 published nothing: .*published holds what was there before\. prepare failed: START=x is no date\.$"
    )
    with pytest.raises(PublishError, match=said):
        conclude(DataDir(tmp_path), "run_1", [], {"prepare": "START=x is no date."})


def test_where_no_step_left_a_sentence_it_says_where_to_look(tmp_path):
    with pytest.raises(PublishError, match="The log of its first failed task says why; mend that, then clear the task"):
        conclude(DataDir(tmp_path), "run_1", [])


def test_a_failed_team_and_a_failed_step_are_both_named(tmp_path):
    data = DataDir(tmp_path)
    run = TeamRunFile(
        run_id="run_1",
        team_id="acme",
        connection_id="cursor_default",
        started_at=NOW,
        finished_at=NOW,
        errors={"extract": "Cursor refused the key; make another."},
    )
    write_run_file(data.landing, run)
    said = (
        r"^Team 'acme' failed: Cursor refused the key; make another\. "
        r"build failed: dbt failed: a model\. Mend the cause\.$"
    )
    with pytest.raises(TeamsFailedError, match=said):
        conclude(data, "run_1", [TASK], {"build": "dbt failed: a model. Mend the cause."})


def test_a_team_whose_tasks_left_nothing_is_named_with_what_to_do(tmp_path):
    with pytest.raises(TeamsFailedError, match=r"Team 'acme' failed: .*Mend that, then clear the task\.$"):
        conclude(DataDir(tmp_path), "run_1", [TASK])


@pytest.mark.parametrize("published_by", ["run_1", "run_2"])
def test_a_step_that_failed_after_its_marts_were_published_is_not_green(tmp_path, published_by):
    data = DataDir(tmp_path)
    with connected(data.warehouse) as warehouse:
        begin_build(warehouse, "run_1", "project")
        pass_build(warehouse, "run_1")
    data.published.mkdir()
    with duckdb.connect(str(data.published / "marts.duckdb")) as published:
        published.execute("create schema marts.marts")
        published.execute(
            "create table marts.marts.publications as "
            "select ? as run_id, cast(now() at time zone 'UTC' as timestamp) + interval 1 minute as published_at",
            [published_by],
        )
    failures = {"publish": "report.html cannot be written."}
    if published_by == "run_1":
        with pytest.raises(PublishError, match=r"not all that goes with them\. publish failed: report\.html cannot be"):
            conclude(data, "run_1", [], failures)
    else:  # a later run published this one's rows, and all that goes with them
        conclude(data, "run_1", [], failures)
