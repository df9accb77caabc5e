"""A warehouse built again from landing equals the one it replaces, row for row, whatever its history, pruned or not."""

from __future__ import annotations

import shutil
import signal
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest

from cursor_usage.pipeline import replay as replay_module
from cursor_usage.pipeline.errors import PipelineError
from cursor_usage.pipeline.ledger import loads_with_rows
from cursor_usage.pipeline.prune import keep_days_from, prune
from cursor_usage.pipeline.replay import replay
from cursor_usage.settings import DataDir
from cursor_usage.warehouse.connection import WarehouseLockedError, writer
from cursor_usage.warehouse.ledger import NotedLoad
from tests.cursor_api_simulator import Simulator
from tests.pipeline.history import History, raw_of
from tests.pipeline.pipeline_runner import PipelineRunner, run_script

FIRST_MORNING = "2026-11-10T05:30:00Z"
RECORDS = "**/records.jsonl.zst"


@pytest.fixture
def without_marts(monkeypatch):
    """Raw alone: dbt takes ten seconds, and one test below is about the marts."""
    monkeypatch.setattr(replay_module, "build_marts", lambda *_: None)
    monkeypatch.setattr(replay_module, "publish", lambda *_: {})


@pytest.fixture(scope="module")
def company():
    """One simulated company for all histories: it keeps what it has drawn."""
    with Simulator(seed=5, seats=8, events_per_day=40, clock=FIRST_MORNING) as running:
        yield running


@pytest.fixture
def simulator(company):
    company.clock.set(FIRST_MORNING)
    company.faults.clear()
    return company


@pytest.mark.usefixtures("without_marts")
@pytest.mark.parametrize("seed", range(5))
def test_any_history_replays_to_the_same_rows_also_after_pruning(simulator, tmp_path, monkeypatch, seed):
    history = History(simulator, tmp_path / "data", seed, monkeypatch)
    history.go(9)
    runner = history.teams[0]
    before = raw_of(runner)
    assert len(before["loads"]) > 20
    replay(runner.data)
    assert raw_of(runner) == before, history.done

    landed = len(list(runner.data.landing.glob(RECORDS)))
    freed = prune(runner.data, 1, now=datetime(2027, 11, 1, tzinfo=UTC))
    assert len(list(runner.data.landing.glob(RECORDS))) == landed - len(freed.records)
    replay(runner.data)
    assert raw_of(runner) == before, history.done


@pytest.mark.usefixtures("without_marts")
def test_pruning_keeps_an_older_window_for_the_days_that_only_it_has(simulator, tmp_path):
    runner = PipelineRunner(simulator, tmp_path / "data")
    runner.until_load(date(2026, 11, 1), date(2026, 11, 7))
    simulator.clock.advance(timedelta(days=3))
    # Part of the first window, fetched twice: the first one of these is superseded, the week is not.
    for _ in range(2):
        simulator.faults.add("unknown_field", endpoint="usage_events", start_date="2026-11-03", value=str(_))
        runner.until_load(date(2026, 11, 3), date(2026, 11, 4))
    before = raw_of(runner)
    paths = {
        found.path for found in prune(runner.data, 1, now=datetime(2027, 1, 1, tzinfo=UTC), is_dry_run=True).records
    }
    assert all(path.exists() for path in paths)
    events = [path.parents[1].name for path in paths if "endpoint=usage_events" in str(path)]
    assert events == ["window=2026-11-03_2026-11-04"]
    freed = prune(runner.data, 1, now=datetime(2027, 1, 1, tzinfo=UTC))
    assert {found.path for found in freed.records} == paths
    assert freed.size_bytes > 0
    assert not any(path.exists() for path in paths)
    assert all((path.parent / "manifest.json").exists() for path in paths)
    replay(runner.data)
    assert raw_of(runner) == before


@pytest.mark.usefixtures("without_marts")
def test_pruning_frees_nothing_that_a_run_may_still_load_and_nothing_young(simulator, tmp_path):
    runner = PipelineRunner(simulator, tmp_path / "data")
    runner.until_load()
    simulator.clock.advance(timedelta(hours=9))
    waiting = runner.task(date(2026, 11, 7), date(2026, 11, 7))
    runner.extract(waiting)
    simulator.clock.advance(timedelta(hours=9))
    runner.until_load(date(2026, 11, 7), date(2026, 11, 7))
    at = datetime(2027, 1, 1, tzinfo=UTC)
    assert prune(runner.data, 60, now=at).records == []
    prunable = {found.path.parent for found in prune(runner.data, 30, now=at, is_dry_run=True).records}
    assert prunable
    assert prunable.isdisjoint(runner.data.landing / path for path in runner.run_file(waiting).fetches)
    prune(runner.data, 1, now=at)
    # Older than the newest fetch and loaded all the same: its records are there.
    runner.load(waiting)


def test_nothing_landed_is_pruned_before_its_age(simulator, tmp_path):
    runner = PipelineRunner(simulator, tmp_path / "data")
    for _ in range(2):
        runner.until_load(date(2026, 11, 7), date(2026, 11, 7))
        simulator.clock.advance(timedelta(hours=9))
    now = runner.clock.now()
    assert prune(runner.data, 2, now=now).records == []


@pytest.mark.parametrize("text", ["0", "-1", "ninety", "", "1.5", "9" * 20, "٣"])
def test_an_age_that_is_none_is_refused(text):
    with pytest.raises(PipelineError, match=r"KEEP_DAYS=.* is not a whole number of days of 1 or more"):
        keep_days_from(text)


def test_an_age_is_read():
    assert keep_days_from(" 090 ") == 90


def test_pruning_without_landing_is_a_clear_error(tmp_path):
    with pytest.raises(PipelineError, match="There is nothing to prune"):
        prune(DataDir(tmp_path / "data"), 90)
    assert not (tmp_path / "data").exists()


def test_replaying_without_landing_is_a_clear_error_and_makes_nothing(tmp_path):
    with pytest.raises(PipelineError, match=r"There is nothing to replay: .*landing has no team's landing"):
        replay(DataDir(tmp_path / "data"))
    assert not (tmp_path / "data").exists()


@pytest.mark.usefixtures("without_marts")
def test_a_lost_warehouse_comes_back_from_landing_alone(simulator, tmp_path):
    runner = PipelineRunner(simulator, tmp_path / "data")
    runner.until_load()
    before = raw_of(runner)
    runner.data.warehouse.unlink()
    replay(runner.data)
    assert raw_of(runner) == before


@pytest.mark.usefixtures("without_marts")
@pytest.mark.parametrize("days_later", [0, 1])
def test_a_warehouse_that_was_lost_and_begun_anew_comes_back_whole(simulator, tmp_path, days_later):
    """With the days that only the first one had; also where the new one was given the same answers again."""
    runner = PipelineRunner(simulator, tmp_path / "data")
    runner.until_load()
    first = runner.raw_rows()
    runner.data.warehouse.unlink()
    simulator.clock.advance(timedelta(days=days_later))
    runner.until_load()
    second = runner.raw_rows()
    replay(runner.data)
    for table, rows in runner.raw_rows().items():
        days = {usage_date for _, usage_date, *_ in second[table]}
        assert days
        assert Counter(rows) == Counter(second[table]) + Counter(row for row in first[table] if row[1] not in days)


@pytest.mark.usefixtures("without_marts")
def test_snapshots_of_a_warehouse_that_was_lost_and_begun_anew_come_back_too(simulator, tmp_path):
    runner = PipelineRunner(simulator, tmp_path / "data")
    runner.until_load()
    snapshots = runner.raw("select snapshot_at from raw.cursor_spend group by 1 order by 1")
    runner.data.warehouse.unlink()
    simulator.clock.advance(timedelta(days=1))
    runner.until_load()
    later = runner.raw("select snapshot_at from raw.cursor_spend group by 1 order by 1")
    for _ in range(2):
        replay(runner.data)
        assert runner.raw("select snapshot_at from raw.cursor_spend group by 1 order by 1") == snapshots + later
        numbers = [number for (number,) in runner.raw("select load_number from raw.loads order by fetch_started_at")]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        simulator.clock.advance(timedelta(days=1))
        runner.until_load()
        later = runner.raw("select snapshot_at from raw.cursor_spend group by 1 order by 1")[len(snapshots) :]


@pytest.mark.usefixtures("without_marts")
def test_what_a_restored_warehouse_found_unchanged_wins_over_what_the_lost_one_had_loaded_since(simulator, tmp_path):
    runner = PipelineRunner(simulator, tmp_path / "data")
    back_up, day = tmp_path / "back_up.duckdb", date(2026, 11, 7)
    runner.until_load(day, day)
    shutil.copyfile(runner.data.warehouse, back_up)
    simulator.clock.advance(timedelta(hours=1))
    simulator.faults.add("unknown_field", endpoint="usage_events", times=None, value="of the lost one")
    simulator.faults.add("unknown_field", endpoint="daily_usage", times=None, value="of the lost one")
    runner.until_load(day, day)
    simulator.faults.clear()
    shutil.copyfile(back_up, runner.data.warehouse)
    # What the lost one had loaded is landed and would be loaded again, for a week.
    simulator.clock.advance(timedelta(days=8))
    assert runner.until_load(day, day).windows_unchanged["usage_events"] == 1
    before = runner.raw_rows()
    replay(runner.data)
    assert runner.raw_rows() == before


NOON = datetime(2026, 11, 8, 12)  # noqa: DTZ001  # as DuckDB's timestamp


def noted(name: str, hour: int, checksum: str | None, *, is_unchanged: bool = False) -> NotedLoad:
    day, at = date(2026, 11, 7), NOON + timedelta(hours=hour)
    return NotedLoad(name, "acme", "usage_events", False, day, day, at, is_unchanged, name, checksum)  # noqa: FBT003


@pytest.mark.parametrize(
    ("loads", "owners"),
    [
        ([noted("a", 1, "R1"), noted("b", 2, "R2"), noted("c", 3, "R1", is_unchanged=True)], {"c"}),
        ([noted("a", 1, "R1"), noted("b", 2, "R1", is_unchanged=True)], {"a"}),
        ([noted("a", 1, "R1"), noted("c", 3, "R1", is_unchanged=True), noted("b", 2, "R2")], {"a"}),
        ([noted("c", 3, "R1", is_unchanged=True)], {"c"}),
        ([noted("a", 1, None), noted("b", 2, None), noted("c", 3, None, is_unchanged=True)], {"b"}),
    ],
    ids=["another in between", "the same", "an older one later", "without the one before", "without checksums"],
)
def test_an_unchanged_load_has_rows_where_its_answer_is_not_there(loads, owners):
    assert loads_with_rows(loads) == owners


@pytest.mark.usefixtures("without_marts")
@pytest.mark.parametrize("last", ["dies_in_load", "is_refused"])
def test_what_a_step_did_last_before_it_died_is_in_the_replay(simulator, tmp_path, monkeypatch, last):
    history = History(simulator, tmp_path / "data", 1, monkeypatch)
    history.loads()
    history.is_never_tried_again = True
    getattr(history, last)()
    before = raw_of(history.teams[0])
    replay(history.data)
    assert raw_of(history.teams[0]) == before


@pytest.mark.usefixtures("without_marts")
def test_pruning_keeps_what_raw_has_where_a_newer_fetch_did_not_pass(simulator, tmp_path, monkeypatch):
    history = History(simulator, tmp_path / "data", 1, monkeypatch)
    history.teams = history.teams[:1]
    monkeypatch.setattr(history, "_asked", lambda: (history.teams[0], date(2026, 11, 7), date(2026, 11, 7)))
    history.loads()
    history.is_refused()
    before = raw_of(history.teams[0])
    prune(history.data, 1, now=datetime(2027, 1, 1, tzinfo=UTC))
    replay(history.data)
    assert raw_of(history.teams[0]) == before


@pytest.mark.usefixtures("without_marts")
@pytest.mark.parametrize("intact_bytes", [0, 4096, 12_288])
def test_a_damaged_warehouse_is_replaced(simulator, tmp_path, caplog, intact_bytes):
    """No database at all, one whose first header is whole and nothing else, and one that has all of them."""
    runner = PipelineRunner(simulator, tmp_path / "data")
    runner.until_load()
    before = raw_of(runner)
    content = runner.data.warehouse.read_bytes()
    runner.data.warehouse.write_bytes(content[:intact_bytes] + bytes(255 - byte for byte in content[intact_bytes:]))
    runner.data.warehouse.with_name("warehouse.duckdb.wal").write_bytes(b"nor its log")
    replay(runner.data)
    assert raw_of(runner) == before
    assert "it is replaced from landing alone" in caplog.text


def test_a_warehouse_that_was_deleted_without_its_log_is_begun_anew(simulator, tmp_path):
    runner = PipelineRunner(simulator, tmp_path / "data")
    runner.until_load()
    before = runner.raw_rows()
    log = runner.data.warehouse.with_name("warehouse.duckdb.wal")
    with duckdb.connect(str(runner.data.warehouse)) as warehouse:
        warehouse.execute("update raw.loads set pages = 7")
        content = log.read_bytes()
    assert content
    runner.data.warehouse.unlink()
    log.write_bytes(content)
    runner.until_load()
    assert runner.raw_rows() == before


@pytest.mark.usefixtures("without_marts")
def test_records_that_are_gone_are_named_and_the_old_warehouse_stays(simulator, tmp_path):
    runner = PipelineRunner(simulator, tmp_path / "data")
    runner.until_load()
    before = raw_of(runner)
    newest = max(runner.data.landing.glob("**/window=2026-10-*/**/records.jsonl.zst"))
    newest.unlink()
    with pytest.raises(PipelineError, match=r"are gone, and raw has rows of them. Nothing changed"):
        replay(runner.data)
    assert raw_of(runner) == before


@pytest.mark.usefixtures("without_marts")
def test_a_disk_that_is_too_small_is_said_before_anything_is_written(simulator, tmp_path, monkeypatch):
    runner = PipelineRunner(simulator, tmp_path / "data")
    runner.until_load()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(PipelineError, match=r"needs about [\d,]+ MB .* has 0 MB free"):
        replay(runner.data)
    assert not (runner.data.root / "replay").exists()


def test_a_replay_waits_for_who_writes_the_warehouse(simulator, tmp_path, monkeypatch):
    runner = PipelineRunner(simulator, tmp_path / "data")
    runner.until_load()
    monkeypatch.setattr(replay_module, "writer", lambda path, **words: writer(path, **words, wait_seconds=0.1))
    held = writer(runner.data.warehouse, purpose="loading acme, run 7")
    with held, pytest.raises(WarehouseLockedError, match=r"is being written by process \d+ \(loading acme, run 7"):
        replay(runner.data)


def test_marts_and_what_is_published_are_as_before(simulator, tmp_path):
    runner = PipelineRunner(simulator, tmp_path / "data")
    other = PipelineRunner(simulator, tmp_path / "data", "globex")
    other.until_load()
    runner.run(variables={"idle_after_days": 1, "tolerance_share": 0.5})
    names = [name for (name,) in runner.mart("select distinct mart from publications order by 1")]
    marts = {name: runner.mart(f"select * from {name} order by all") for name in names}
    before = raw_of(runner)
    runs = runner.mart("select mart, row_count, run_id from publications order by all")
    replay(runner.data)
    assert raw_of(runner) == before
    assert {name: runner.mart(f"select * from {name} order by all") for name in names} == marts
    assert runner.mart("select mart, row_count, run_id from publications order by all") == runs
    assert len(runner.raw("select * from raw.builds")) == 1
    assert not (runner.data.root / "replay").exists()


KILLED_IN = {
    "the first window": ("_load_again", 1),
    "a later window": ("_load_again", 5),
    "before dbt": ("build_marts", 1),
    "before the swap": ("_swap", 1),
}


@pytest.mark.usefixtures("without_marts")
@pytest.mark.parametrize("step", KILLED_IN)
def test_a_replay_that_was_killed_leaves_the_old_warehouse_whole_and_a_next_one_clears_up(simulator, tmp_path, step):
    runner = PipelineRunner(simulator, tmp_path / "data")
    runner.until_load()
    before = raw_of(runner)
    name, call = KILLED_IN[step]
    script = f"""
        import os, signal
        from pathlib import Path
        from cursor_usage.pipeline import replay
        from cursor_usage.settings import DataDir

        replay.build_marts = replay.publish = lambda *_: None
        real, calls = replay.{name}, []

        def dying(*args):
            calls.append(1)
            if len(calls) == {call}:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args)

        replay.{name} = dying
        replay.replay(DataDir(Path({str(runner.data.root)!r})))
    """
    done = run_script(script)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    assert (runner.data.root / "replay").exists()
    assert raw_of(runner) == before
    replay(runner.data)
    assert raw_of(runner) == before
    assert not (runner.data.root / "replay").exists()
