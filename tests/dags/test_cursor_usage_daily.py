"""The DAG: it parses, lightly; its tasks, policies and words are those that operators rely on."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from cursor_usage.settings import PROJECT_DIR

DAG_ID = "cursor_usage_daily"
TASKS = {"prepare", "team.extract", "team.judge", "team.load", "build", "publish", "conclude"}


def python(program: str, tmp_path, **environment: str) -> str:
    """What a fresh interpreter prints, with an Airflow home of its own: importing Airflow reads and keeps settings."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=tmp_path,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "CURSOR"))},
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_DIR / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_DIR / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def dag():
    """The DAG as Airflow's own bag finds it in the folder."""
    os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415  # Airflow's settings are read when it is imported

    bag = DagBag(str(PROJECT_DIR / "dags"))
    assert bag.import_errors == {}
    assert set(bag.dags) == {DAG_ID}
    return bag.dags[DAG_ID]


def test_the_graph_has_the_steps_of_a_run(dag):
    assert set(dag.task_ids) == TASKS
    order = [("team.extract", "team.judge"), ("team.judge", "team.load"), ("team.load", "build")]
    order += [("build", "publish"), ("publish", "conclude")]
    for before, after in order:
        assert after in dag.get_task(before).downstream_task_ids


def test_only_one_run_and_one_writer_at_a_time(dag):
    assert dag.max_active_runs == 1
    assert {name for name in TASKS if dag.get_task(name).pool == "duckdb_writer"} == {
        "team.load",
        "build",
        "publish",
        "conclude",
    }


def test_it_runs_each_morning_after_the_billing_day_closed_and_never_catches_up(dag):
    assert dag.schedule == "30 5 * * *"
    assert str(dag.timezone) == "UTC"
    assert dag.catchup is False


def test_every_task_has_an_owner_retries_a_limit_and_a_sentence(dag):
    for name in TASKS:
        task = dag.get_task(name)
        assert task.owner == "data-engineering"
        assert task.retries == 3
        assert task.execution_timeout is not None
        assert task.python_callable.__doc__


def test_the_doc_begins_with_triage_and_every_parameter_is_described(dag):
    assert dag.doc_md.strip().startswith("### Is it healthy?")
    assert dag.tags == {"cursor", "cost"}
    assert all(dag.params.get_param(name).description for name in dag.params)


def test_publishing_updates_an_asset_whose_name_does_not_move_with_the_data(tmp_path):
    program = f"""
        import runpy
        found = runpy.run_path({str(PROJECT_DIR / "dags" / "cursor_usage_daily.py")!r})
        print(found["MARTS"].uri)
    """
    uris = {python(program, tmp_path, CURSOR_DATA_DIR=str(tmp_path / name)).split()[-1] for name in ("one", "two")}
    assert uris == {"x-cursor-usage://published/marts"}


def test_parsing_the_file_imports_nothing_heavy(tmp_path):
    program = f"""
        import runpy, sys
        import airflow.sdk
        before = set(sys.modules)
        runpy.run_path({str(PROJECT_DIR / "dags" / "cursor_usage_daily.py")!r})
        heavy = {{"great_expectations", "duckdb", "pandas", "httpx", "dbt"}} & (set(sys.modules) - before)
        print("heavy:", sorted(heavy))
    """
    assert python(program, tmp_path).splitlines()[-1] == "heavy: []"


def test_retries_can_be_switched_off_for_somebody_who_waits(tmp_path):
    program = f"""
        import runpy
        found = runpy.run_path({str(PROJECT_DIR / "dags" / "cursor_usage_daily.py")!r})
        print("retries:", found["cursor_usage_daily"]().default_args["retries"])
    """
    assert python(program, tmp_path, CURSOR_TASK_RETRIES="0").splitlines()[-1] == "retries: 0"


def test_airflow_does_not_run_the_package_as_loose_plugins(tmp_path):
    # Airflow runs each .py below the plugins folder as a top-level module named by its stem: a `run.py` or `load.py`
    # would shadow others, and a `platform.py` the standard library's.
    program = f"""
        import sys
        from airflow._shared.plugins_manager import _load_plugins_from_plugin_directory as load

        found = load({str(PROJECT_DIR / "plugins")!r})
        print("plugins:", len(found[0]), "errors:", found[1])
        stems = {{"client", "load", "run", "judge", "windows", "store"}}
        print("loose:", sorted(stems & set(sys.modules)))
    """
    printed = python(program, tmp_path).splitlines()
    assert printed[-2:] == ["plugins: 0 errors: {}", "loose: []"]
