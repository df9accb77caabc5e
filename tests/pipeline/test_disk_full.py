"""A disk that fills up at each writing step: one clear sentence, nothing lost, and the same step is good afterwards.

A limit on the size of files stands for the full disk where DuckDB or dbt write (in a process of its own); where Python
writes, the named file refuses its bytes.
"""

from __future__ import annotations

import errno
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

import msgspec
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from cursor_usage.hooks.failures import failing_by_meaning
from cursor_usage.pipeline.build import build
from cursor_usage.pipeline.prune import prune
from cursor_usage.pipeline.publish import newest_publication, publish
from cursor_usage.pipeline.run import TeamTask
from tests.cursor_api_simulator import Simulator
from tests.pipeline.pipeline_runner import PipelineRunner, half_landed, run_script

DAYS = date(2026, 11, 14), date(2026, 11, 20)
SAYS = "The disk is full. Free some space, then run again; what was landed, loaded and published before is whole."
IS_FULL = 3


@pytest.fixture(scope="module")
def company():
    with Simulator(seed=3, seats=12, events_per_day=120, clock="2026-11-24T05:30:00Z") as running:
        yield running


@pytest.fixture(scope="module")
def undisturbed(company, tmp_path_factory):
    """Raw of a run that had all the space it wanted."""
    twin = PipelineRunner(company, tmp_path_factory.mktemp("undisturbed") / "data")
    twin.until_load(*DAYS)
    return twin.raw_rows()


@pytest.fixture
def runner(company, tmp_path):
    return PipelineRunner(company, tmp_path / "data")


def sentence_on_full_disk(runner: PipelineRunner, step: str, task: TeamTask, limit_bytes: int) -> str:
    """Does the step where no file may grow beyond the limit, as a task of the DAG does it; returns what it said."""
    script = f"""
        import importlib, resource, sys
        from pathlib import Path
        from types import SimpleNamespace
        import msgspec
        from cursor_usage.hooks.failures import failing_by_meaning
        from cursor_usage.pipeline.build import build
        from cursor_usage.pipeline.publish import publish
        from cursor_usage.pipeline.run import TeamTask
        from tests.pipeline.pipeline_runner import PipelineRunner

        clock = SimpleNamespace(now_ms=lambda: {runner.simulator.clock.now_ms()})
        remote = SimpleNamespace(url={runner.simulator.url!r}, key={runner.key!r}, clock=clock)
        runner = PipelineRunner(remote, Path({str(runner.data.root)!r}))
        task = msgspec.json.decode({msgspec.json.encode(task)!r}, type=TeamTask)
        steps = {{
            "extract": lambda: runner.extract(task),
            "load": lambda: runner.load(task),
            "build": lambda: build(runner.data, task.run_id, [task], {{}}),
            "publish": lambda: publish(runner.data, task.run_id),
        }}
        resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_bytes}, {limit_bytes}))
        try:
            with failing_by_meaning():
                steps[{step!r}]()
        except Exception as error:
            print(error)
            sys.exit({IS_FULL})
    """
    done = run_script(script)
    assert done.returncode == IS_FULL, (done.stdout + done.stderr)[-2000:]
    return done.stdout.strip().splitlines()[-1]


def refuse_bytes(monkeypatch: pytest.MonkeyPatch, part_of_path: str) -> None:
    """Files of that name are opened for writing as ever, and take nothing."""
    real = Path.open

    def open_file(path: Path, mode: str = "r", *arguments: Any, **words: Any) -> Any:
        file: Any = real(path, mode, *arguments, **words)
        if "w" in mode and part_of_path in str(path):
            file.close()
            # Opened for reading: its own write would say something else.
            file = _Full(real(path, "rb"))
        return file

    monkeypatch.setattr(Path, "open", open_file)


class _Full:
    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, _: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@pytest.mark.parametrize("file", ["records.jsonl.zst", "manifest.json", "/runs/", "team.json"])
def test_while_landing(runner, undisturbed, monkeypatch, file):
    task = runner.task(*DAYS)
    with monkeypatch.context() as patch:
        refuse_bytes(patch, file)
        with pytest.raises(Exception, match=SAYS) as raised, failing_by_meaning():
            runner.extract(task)
    assert str(raised.value) == SAYS
    assert not runner.data.warehouse.exists()
    runner.extract(task)
    runner.load(task)
    assert runner.raw_rows() == undisturbed
    assert half_landed(runner.data) == []


def test_while_a_landed_window_grows(runner, undisturbed):
    task = runner.task(*DAYS)
    assert sentence_on_full_disk(runner, "extract", task, 4096) == SAYS
    runner.extract(task)
    runner.load(task)
    assert runner.raw_rows() == undisturbed
    assert half_landed(runner.data) == []


@pytest.mark.parametrize("limit_bytes", [4096, 30_000, 60_000])
def test_while_loading(runner, undisturbed, limit_bytes):
    task = runner.task(*DAYS)
    runner.extract(task)
    assert sentence_on_full_disk(runner, "load", task, limit_bytes) == SAYS
    runner.load(task)
    assert runner.raw_rows() == undisturbed
    assert runner.run_file(task).error is None


def test_while_loading_over_rows_that_are_there(runner, undisturbed):
    first = runner.task(*DAYS)
    runner.extract(first)
    runner.load(first)
    runner.simulator.faults.add("unknown_field", endpoint="usage_events", times=None, value="x" * 400)
    again = runner.task(*DAYS)
    runner.extract(again)
    runner.simulator.faults.clear()
    assert sentence_on_full_disk(runner, "load", again, 100_000) == SAYS
    assert [len(rows) for rows in runner.raw_rows().values()] == [len(rows) for rows in undisturbed.values()]
    runner.load(again)
    kept = runner.raw("select count(*) from raw.cursor_usage_events where rest is not null")
    assert kept == [(len(undisturbed["cursor_usage_events"]),)]


@pytest.mark.parametrize("file", ["/ledger/", "/runs/"])
def test_while_noting_what_was_loaded(runner, undisturbed, monkeypatch, file):
    task = runner.task(*DAYS)
    runner.extract(task)
    with monkeypatch.context() as patch:
        refuse_bytes(patch, file)
        with pytest.raises(Exception, match=SAYS), failing_by_meaning():
            runner.load(task)
    runner.load(task)
    assert runner.raw_rows() == undisturbed
    assert len(list((runner.data.landing / "team=acme" / "ledger").glob("*.json"))) >= 1
    assert runner.run_file(task).error is None


def test_while_judging(runner, monkeypatch):
    task = runner.task(*DAYS)
    runner.extract(task)
    with monkeypatch.context() as patch:
        refuse_bytes(patch, "/run/judgement.json")
        with pytest.raises(AirflowException, match=SAYS) as raised, failing_by_meaning():
            runner.judge(task)
    assert not isinstance(raised.value, AirflowFailException), "it is tried again"
    assert not runner.run_file(task).is_refused
    assert runner.judge(task).error is None


def test_pruning_frees_space_where_there_is_none(runner, monkeypatch):
    for value in ("old", "new"):
        runner.simulator.faults.add("unknown_field", endpoint="usage_events", times=None, value=value)
        runner.until_load(*DAYS)
        runner.simulator.faults.clear()
    refuse_bytes(monkeypatch, ".holder")
    freed = prune(runner.data, 1, now=datetime(2027, 11, 1, tzinfo=UTC))
    assert freed.size_bytes > 0
    assert list(runner.data.root.glob("*.holder")) == []


def test_while_building_and_while_publishing(runner):
    task = runner.task()
    runner.extract(task)
    runner.load(task)
    size = runner.data.warehouse.stat().st_size
    assert sentence_on_full_disk(runner, "build", task, size // 2) == SAYS
    build(runner.data, task.run_id, [task], {})
    assert sentence_on_full_disk(runner, "publish", task, 100_000) == SAYS
    assert newest_publication(runner.data.published) is None
    publish(runner.data, task.run_id)
    assert runner.mart("select verdict from verification_verdicts") == [("matched",)]
    before = newest_publication(runner.data.published)
    assert sentence_on_full_disk(runner, "publish", task, 100_000) == SAYS
    assert newest_publication(runner.data.published) == before
    publish(runner.data, task.run_id)
    assert list(runner.data.published.glob("*partial*")) == []
