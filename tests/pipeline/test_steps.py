"""The steps after landing, over the real engines: what a failure leaves untouched, and what a reader sees."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import Any

import duckdb
import msgspec
import pytest

from cursor_usage.pipeline.build import build, project_checksum
from cursor_usage.pipeline.conclude import conclude
from cursor_usage.pipeline.errors import (
    BuildError,
    JudgementError,
    PipelineError,
    PublishError,
    SeedError,
    TeamsFailedError,
)
from cursor_usage.pipeline.judge import judge
from cursor_usage.pipeline.load import load
from cursor_usage.pipeline.prepare import make_data_dir
from cursor_usage.pipeline.publish import publish, published_run
from cursor_usage.pipeline.seeds import merge_seeds
from cursor_usage.settings import PROJECT_DIR, DataDir
from cursor_usage.warehouse.connection import connected
from cursor_usage.warehouse.runs import begin_build
from tests.cursor_api_simulator import Simulator
from tests.pipeline.pipeline_runner import PipelineRunner, half_landed, run_script

MARTS = (
    "adoption_daily",
    "adoption_gaps",
    "billing_cycles",
    "cost_centre_costs",
    "cost_changes",
    "endpoint_access",
    "focus_costs",
    "forecast_backtest",
    "model_mix",
    "model_mix_daily",
    "model_savings",
    "models",
    "overage_forecasts",
    "restatements",
    "seat_fees_daily",
    "seat_type_advice",
    "seats",
    "team_costs",
    "usage_attribution",
    "usage_attribution_by_developer",
    "usage_costs",
    "usage_costs_daily",
    "verification_by_developer",
    "verification_causes",
    "verification_history",
    "verification_totals",
    "verification_verdicts",
)
# Of fetches, and of verification_history, which says when a verdict was said first, and in which run.
INSTANTS = (
    "snapshot_at",
    "first_complete_at",
    "last_restated_at",
    "closing_snapshot_at",
    "said_at",
    "run_id",
    "access_since_at",
    "last_checked_at",
    "last_granted_at",
)
PROJECT_SEEDS = PROJECT_DIR / "dbt_project" / "seeds"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A published team, for tests that change only what must not change it."""
    with Simulator(seed=3, seats=12, events_per_day=60, clock="2026-11-24T05:30:00Z") as simulator:
        pipeline = PipelineRunner(simulator, tmp_path_factory.mktemp("published") / "data")
        pipeline.run()
        yield pipeline


def marts_of(pipeline: PipelineRunner) -> dict[str, list[tuple[Any, ...]]]:
    """Every mart's rows of the team, but for instants of fetches and of builds, which are each run's own."""
    return {
        mart: pipeline.mart(
            f"select columns(c -> c not in {INSTANTS}) from {mart} "
            f"where team_id = '{pipeline.team.team_id}' order by all"
        )
        for mart in MARTS
    }


def test_the_totals_of_a_first_run_tie_to_the_spend_figures(published):
    verdicts = published.mart(
        "select measure, verdict from verification_totals where reference_source = 'cursor_spend_api' order by measure"
    )
    assert verdicts == [
        ("cycle_included_usage_usd", "matched"),
        ("cycle_on_demand_usd", "matched"),
        ("cycle_usage_value_usd", "matched"),
    ]
    assert published.mart("select verdict from verification_verdicts") == [("matched",)]


def test_a_second_run_with_the_same_answers_leaves_every_marts_rows_equal(published):
    before = marts_of(published)
    loads = published.raw("select count(*) from raw.loads")[0][0]
    published.run()
    assert marts_of(published) == before
    assert published.raw("select count(*) from raw.loads")[0][0] > loads


def test_a_reader_of_the_old_file_is_not_disturbed_and_a_new_one_sees_the_new(published):
    path = published.data.published / "marts.duckdb"
    instant = "select distinct published_at from marts.marts.publications"
    with duckdb.connect() as reader, duckdb.connect() as later:
        reader.execute(f"attach '{path}' as marts (read_only)")
        before = reader.execute(instant).fetchall()
        run_id = published_run(published.data.published)
        assert run_id is not None
        publish(published.data, run_id)
        assert reader.execute(instant).fetchall() == before
        assert reader.execute("select count(*) > 0 from marts.marts.model_mix_daily").fetchone() == (True,)
        later.execute(f"attach '{path}' as marts (read_only)")
        assert later.execute(instant).fetchall() > before
    assert list(published.data.published.glob("*partial*")) == []


def test_what_a_killed_publishing_had_spilled_to_the_disk_is_cleared_away(published):
    """People's rows among it, so that no other file may be left to hold them."""
    run_id = published_run(published.data.published)
    assert run_id is not None
    folder = published.data.published / "spilled.partial"
    folder.mkdir()
    (folder / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"rows")
    publish(published.data, run_id)
    assert list(published.data.published.glob("*partial*")) == []


def test_an_answer_that_fails_the_checks_replaces_nothing(published):
    before, raw = marts_of(published), published.raw_rows()
    published.simulator.faults.add("negative_counter", endpoint="usage_events", start_date="2026-11-23", times=None)
    try:
        task = published.task()
        published.extract(task)
        with pytest.raises(JudgementError, match="did not pass the data-quality checks, so it replaced nothing"):
            judge(published.data, task.team_id, task.run_id)
    finally:
        published.simulator.faults.clear()
    assert (marts_of(published), published.raw_rows()) == (before, raw)
    with pytest.raises(TeamsFailedError, match="Team 'acme' failed: What the API answered did not pass"):
        conclude(published.data, task.run_id, [task])


def test_a_judged_answer_that_failed_is_not_loaded_by_clearing_the_load_task(published):
    published.simulator.faults.add("negative_counter", endpoint="usage_events", start_date="2026-11-23", times=None)
    task = published.task()
    try:
        published.extract(task)
    finally:
        published.simulator.faults.clear()
    with pytest.raises(JudgementError):
        judge(published.data, task.team_id, task.run_id)
    raw = published.raw_rows()
    with pytest.raises(PipelineError, match="did not pass"):
        load(published.data, task.team_id, task.run_id)
    assert published.raw_rows() == raw


def test_a_team_that_fails_keeps_its_rows_and_the_other_is_published(published):
    other = PipelineRunner(published.simulator, published.data.root, "globex")
    other.run()
    before = published.mart("select * from usage_costs where team_id = 'globex' order by all")
    assert before

    task = published.task()
    failing = msgspec.structs.replace(task, team_id="globex", connection_id="cursor_globex")
    other.key = "wrong"
    with pytest.raises(Exception, match="refused the key"):
        other.extract(failing)
    published.extract(task)
    judge(published.data, task.team_id, task.run_id)
    published.load(task)
    assert build(published.data, task.run_id, [task, failing], {}) == ["globex"]
    publish(published.data, task.run_id)
    with pytest.raises(TeamsFailedError, match=r"Team 'globex' failed: .*refused the key"):
        conclude(published.data, task.run_id, [task, failing])
    assert published.mart("select * from usage_costs where team_id = 'globex' order by all") == before
    verdicts = dict(published.mart("select team_id, verdict from verification_verdicts"))
    assert verdicts == {"acme": "matched", "globex": "inconclusive"}
    [(sentence,)] = published.mart("select sentence from verification_verdicts where team_id = 'globex'")
    assert "refused the key" in sentence


def test_where_no_team_was_loaded_nothing_is_built_or_published(published):
    before = marts_of(published)
    task = published.task()
    with pytest.raises(PipelineError, match="No team was loaded in this run: the marts stay as they are"):
        build(published.data, task.run_id, [task], {})
    with pytest.raises(PublishError, match="nothing was published"):
        publish(published.data, task.run_id)
    assert marts_of(published) == before


def test_a_failing_data_test_keeps_what_is_published(published, tmp_path, monkeypatch):
    before = marts_of(published)
    prices = (PROJECT_SEEDS / "seat_prices.csv").read_text("utf-8").splitlines()
    header = prices[0].split(",")
    row = dict.fromkeys(header, "") | {
        "team_id": "*",
        "seat_type": "standard",
        "valid_from": "2020-01-01",
        "monthly_price_usd": "-1",
        "price_source": "configured",
    }
    (tmp_path / "seat_prices.csv").write_text("\n".join([prices[0], ",".join(row[name] for name in header)]) + "\n")
    monkeypatch.setenv("CURSOR_SEEDS_DIR", str(tmp_path))
    task = published.task()
    published.extract(task)
    published.load(task)
    with pytest.raises(BuildError, match=r"seat_price.*What is published stays as it was"):
        build(published.data, task.run_id, [task], {})
    with pytest.raises(PublishError, match="nothing was published"):
        publish(published.data, task.run_id)
    assert marts_of(published) == before


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("seat_price.csv", "a,b\n", "has no namesake among the project's seeds: .*seat_prices.csv"),
        ("seat_prices.csv", "email,price\n", "must have the header team_id,.* and has email,price"),
        ("seat_prices.csv", b"\xff\xfe\x00", "cannot be read as a UTF-8 CSV file"),
    ],
)
def test_a_users_seed_that_cannot_be_used_is_named(tmp_path, monkeypatch, name, text, says):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    monkeypatch.setenv("CURSOR_SEEDS_DIR", str(folder))
    with pytest.raises(SeedError, match=says):
        merge_seeds(PROJECT_SEEDS, tmp_path / "merged")


def test_published_files_name_their_run_and_open_with_older_readers(published):
    folder = published.data.published
    run_id = published_run(folder)
    assert {path.stem for path in folder.glob("*.parquet")} == {*MARTS, "publications"}
    metadata = dict(
        duckdb.sql(
            f"select key::varchar, value::varchar from parquet_kv_metadata('{folder}/usage_costs.parquet')"
        ).fetchall()
    )
    assert metadata["run_id"] == run_id
    with duckdb.connect() as session:
        session.execute(f"attach '{folder / 'marts.duckdb'}' as marts (read_only)")
        [(tags,)] = session.execute("select tags from duckdb_databases() where database_name = 'marts'").fetchall()
    assert tags["storage_version"].startswith("v1.4.0")


def test_a_tool_that_opens_the_file_by_its_path_may_name_a_mart_by_its_schema(published):
    folder = published.data.published
    with duckdb.connect(str(folder / "cursor_usage.duckdb"), read_only=True) as tool:
        assert tool.execute("select count(*) > 0 from marts.usage_costs").fetchone() == (True,)
    assert (folder / "cursor_usage.duckdb").samefile(folder / "marts.duckdb")


def test_personal_data_are_readable_by_their_owner_only(published):
    assert published.data.root.stat().st_mode & 0o077 == 0
    assert published.data.landing.stat().st_mode & 0o077 == 0


def test_a_data_directory_that_cannot_be_written_is_a_clear_error(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(PipelineError, match=r"cannot be written: .* Set CURSOR_DATA_DIR to a folder"):
        make_data_dir(DataDir(blocked / "data"))


# Where the process dies: at the n-th call of a function, while the run does the named part of its steps.
KILLED_IN = {
    "fetching": ("cursor_usage.landing.store", "Landing.complete", 4, "until_load"),
    "loading, in a transaction": ("cursor_usage.warehouse.load", "_totals", 3, "until_load"),
    "building": ("cursor_usage.pipeline.build", "_dbt_build", 1, "run"),
    "publishing, between two files": ("cursor_usage.pipeline.publish", "_rename", 3, "run"),
}


@pytest.mark.parametrize("step", KILLED_IN)
def test_a_run_that_was_killed_leaves_a_next_run_equal_to_an_undisturbed_one(published, pipeline, step):
    module, name, call, steps = KILLED_IN[step]
    script = f"""
        import importlib, os, signal
        from pathlib import Path
        from types import SimpleNamespace
        from tests.pipeline.pipeline_runner import PipelineRunner

        owner = importlib.import_module({module!r})
        *path, name = {name!r}.split(".")
        for part in path:
            owner = getattr(owner, part)
        real, calls = getattr(owner, name), []

        def dying(*args, **kwargs):
            calls.append(1)
            if len(calls) == {call}:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        setattr(owner, name, dying)
        clock = SimpleNamespace(now_ms=lambda: {pipeline.simulator.clock.now_ms()})
        remote = SimpleNamespace(url={pipeline.simulator.url!r}, key={pipeline.key!r}, clock=clock)
        PipelineRunner(remote, Path({str(pipeline.data.root)!r})).{steps}()
    """
    done = run_script(script)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    pipeline.runs = 10
    pipeline.clock.asked = 500  # of the same millisecond, after the killed one asked some 40 times
    getattr(pipeline, steps)()
    if steps == "run":
        assert marts_of(pipeline) == marts_of(published)
    assert pipeline.raw_rows() == published.raw_rows()
    assert half_landed(pipeline.data) == []
    assert list(pipeline.data.published.glob("*.partial*")) == []


def test_a_build_that_died_is_never_published(published):
    with connected(published.data.warehouse) as warehouse:
        begin_build(warehouse, "died", project_checksum())
    with pytest.raises(PublishError):
        publish(published.data, "died")


def test_a_user_prices_file_replaces_the_projects_and_is_said_to_be_configured(published, tmp_path, monkeypatch):
    text = (PROJECT_SEEDS / "seat_prices.csv").read_text("utf-8").replace("assumed_list", "configured")
    (tmp_path / "seat_prices.csv").write_text(text)
    monkeypatch.setenv("CURSOR_SEEDS_DIR", str(tmp_path))
    published.run()
    sources = published.mart("select distinct seat_price_source from adoption_gaps where seat_price_source is not null")
    assert sources == [("configured",)]


@pytest.mark.timeout(900)  # two builds
def test_a_full_refresh_builds_anew_what_a_run_otherwise_goes_on_from(published):
    # Of this team only: an earlier test's other team may have loads that the next build still has to catch up with.
    rows = "select * from intermediate.int_usage_events_by_day where team_id = 'acme' order by all"
    before, task = published.raw(rows), published.task()
    published.extract(task)
    published.judge(task)
    published.load(task)
    with connected(published.data.warehouse) as warehouse:
        # Of a day that is settled and long loaded: nothing but a full refresh builds it again.
        warehouse.execute(
            "delete from intermediate.int_usage_events_by_day where team_id = 'acme' and usage_date = date '2026-11-12'"
        )
    damaged = len(published.raw(rows))
    assert damaged < len(before)
    with suppress(BuildError):  # the data tests may see that it no longer ties to raw
        build(published.data, task.run_id, [task], {})
    assert len(published.raw(rows)) == damaged
    build(published.data, task.run_id, [task], {}, full_refresh=True)
    assert len(published.raw(rows)) == len(before)
