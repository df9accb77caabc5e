"""What is told of a run: in which words, and of what somebody wants to be told at all."""

from __future__ import annotations

import duckdb
import pytest

from cursor_usage.pipeline.run_report import TeamVerdict, compose, report_values
from cursor_usage.settings import DataDir

MATCHED = TeamVerdict("acme", "matched", "Matched to the cent: $5.00 here and $5.00 in Cursor's spend figures.")
DRIFT = TeamVerdict("globex", "drift", "Not matched: $5.00 here and $7.00 in Cursor's spend figures, $2.00 apart.")


@pytest.fixture
def data(tmp_path):
    """A published file with one team that matches and one that drifts, as run ``run_1`` left it."""
    data = DataDir(tmp_path)
    data.published.mkdir()
    with duckdb.connect(str(data.published / "marts.duckdb")) as published:
        published.execute("create schema marts.marts")
        published.execute("use marts.marts")
        published.execute("create table verification_verdicts (team_id text, verdict text, sentence text)")
        rows = [[one.team_id, one.verdict, one.sentence] for one in (DRIFT, MATCHED)]
        published.executemany("insert into verification_verdicts values (?, ?, ?)", rows)
        published.execute("create table publications (run_id text, published_at timestamp)")
        published.execute("insert into publications values ('run_1', '2026-11-30 05:40:00')")
    return data


def test_a_run_that_matches_is_noted_and_nobody_is_told():
    report = compose([MATCHED], None, is_own=True)
    assert report.events == []
    assert report.subject == "Cursor usage: matched"
    assert report.note == f"`acme`: **matched**. {MATCHED.sentence}"


def test_drift_is_told_with_the_teams_name_the_sentence_and_what_to_do():
    report = compose([MATCHED, DRIFT], None, is_own=True)
    assert report.events == ["drift"]
    assert report.subject == "Cursor usage: drift (globex)"
    assert f"Team globex: drift. {DRIFT.sentence}" in report.message.splitlines()
    assert report.message.splitlines()[-1].startswith("What to do: read verification_causes")


def test_a_drift_that_a_run_before_published_was_told_then():
    report = compose([DRIFT], "build failed: dbt failed.", is_own=False)
    assert report.events == ["failure"]
    assert report.message.splitlines()[:2] == [
        "The run failed. build failed: dbt failed.",
        "What is published is that of a run before:",
    ]
    assert "(of a run before)" in report.note


def test_a_team_that_failed_beside_one_that_drifts_is_both():
    report = compose([DRIFT], "Team 'acme' failed: Cursor refused the key.", is_own=True)
    assert report.events == ["failure", "drift"]
    assert report.subject == "Cursor usage: the run failed, drift (globex)"


def test_before_anything_is_published_a_report_says_so(tmp_path):
    assert report_values(DataDir(tmp_path), "run_1", None)["note"] == "Nothing is published yet."
    failed = report_values(DataDir(tmp_path), "run_1", "prepare failed: no.")
    assert (failed["events"], failed["note"]) == (["failure"], "**Run failed.** prepare failed: no.")


@pytest.mark.parametrize(("run_id", "events"), [("run_1", ["drift"]), ("run_2", [])])
def test_the_published_file_says_the_verdicts_and_whose_they_are(data, run_id, events):
    report = report_values(data, run_id, None)
    assert report["events"] == events
    assert MATCHED.sentence in report["message"]
    assert DRIFT.sentence in report["message"]
