"""``replay`` and ``prune`` as a person says them: what is printed, and with which status they end."""

from __future__ import annotations

import errno
import io
import os
from datetime import date, timedelta

import pytest
from rich.console import Console

from cursor_usage.console import maintenance
from cursor_usage.pipeline import replay as replay_module
from tests.cursor_api_simulator import Simulator
from tests.pipeline.pipeline_runner import PipelineRunner


@pytest.fixture
def said():
    return Console(file=io.StringIO(), width=200)


@pytest.fixture
def pipeline(tmp_path, monkeypatch):
    with Simulator(seed=3, seats=6, events_per_day=30, clock="2026-01-10T05:30:00Z") as simulator:
        runner = PipelineRunner(simulator, tmp_path / "data")
        for kind in ("Usage-based", "Included in Business"):
            simulator.faults.add("wrong_type", endpoint="usage_events", times=None, field="kind", value=kind)
            runner.until_load(date(2026, 1, 8), date(2026, 1, 8))
            simulator.faults.clear()
            simulator.clock.advance(timedelta(hours=5))
        monkeypatch.setenv("CURSOR_DATA_DIR", str(runner.data.root))
        monkeypatch.setattr(replay_module, "build_marts", lambda *_: None)
        monkeypatch.setattr(replay_module, "publish", lambda *_: {})
        # Where nothing is published there is nothing to report.
        monkeypatch.setattr(maintenance, "write_report", lambda *_, **__: None)
        yield runner


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_pruning_says_what_would_go_and_then_what_went(pipeline, said):
    before = len(list(pipeline.data.landing.glob("**/records.jsonl.zst")))
    assert maintenance.prune_landing("90", said, is_dry_run=True) == 0
    assert "acme, usage_events: 2 fetches" in text_of(said)
    assert "2 superseded fetches, 0.0 MB would be freed; nothing was deleted." in text_of(said)
    assert len(list(pipeline.data.landing.glob("**/records.jsonl.zst"))) == before
    maintenance.prune_landing("90", said, is_dry_run=False)
    assert "2 superseded fetches, 0.0 MB freed." in text_of(said)
    assert len(list(pipeline.data.landing.glob("**/records.jsonl.zst"))) == before - 2
    maintenance.prune_landing("90", said, is_dry_run=False)
    assert "0 superseded fetches" in text_of(said)


def test_an_age_that_is_none_ends_with_a_sentence(pipeline, said):
    with pytest.raises(SystemExit, match="KEEP_DAYS='soon' is not a whole number of days"):
        maintenance.prune_landing("soon", said, is_dry_run=True)


def test_a_replay_says_how_far_it_is_and_what_came_back(pipeline, said, monkeypatch):
    reports = []
    monkeypatch.setattr(replay_module, "SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr(
        maintenance, "write_report", lambda folder, *, with_people: reports.append((folder, with_people))
    )
    assert maintenance.replay_landing(said) == 0
    assert reports == [(pipeline.data.published, True)]
    text = text_of(said)
    loads = pipeline.raw("select count(*) from raw.loads")[0][0]
    assert f"replaying {loads} loads of acme" in text
    assert "replayed 1 of " in text
    assert f"Replayed {loads} loads with " in text
    assert "the marts are published" in text


def test_a_replay_without_landing_ends_with_a_sentence(said, tmp_path, monkeypatch):
    monkeypatch.setenv("CURSOR_DATA_DIR", str(tmp_path / "nothing"))
    with pytest.raises(SystemExit, match="There is nothing to replay"):
        maintenance.replay_landing(said)


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "The disk is full. Free some space"), (errno.EROFS, "Read-only file system")]
)
def test_an_error_of_the_system_ends_with_a_sentence_and_changes_nothing(pipeline, said, monkeypatch, number, says):
    def swap(*_):
        raise OSError(number, os.strerror(number))

    before = pipeline.raw_rows()
    monkeypatch.setattr(replay_module, "_swap", swap)
    with pytest.raises(SystemExit, match=says):
        maintenance.replay_landing(said)
    assert pipeline.raw_rows() == before
