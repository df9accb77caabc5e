"""The DAG: it parses, lightly; its tasks, policies and words are those that operators rely on."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest
from airflow.sdk.exceptions import ParamValidationError

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


def test_the_doc_begins_with_triage(dag):
    assert dag.doc_md.strip().startswith("### Is it healthy?")
    assert dag.tags == {"cursor", "cost"}


def test_each_parameter_has_a_title_a_section_and_a_sentence_and_can_be_left_as_it_is(dag):
    params = {name: dag.params.get_param(name) for name in dag.params}
    assert {"connection_ids", "start_date", "end_date", "full_refresh"} <= set(params)
    for param in params.values():
        assert param.schema["title"]
        assert param.schema["section"] in {"What to load", "How to judge it", "What to publish"}
        assert param.description.endswith(".")
    assert len({param.schema["title"] for param in params.values()}) == len(params)
    assert dag.params.validate() == {
        "connection_ids": ["cursor_default"],
        "full_refresh": False,
        "report_without_people": False,
        **dict.fromkeys(set(params) - {"connection_ids", "full_refresh", "report_without_people"}),
    }


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("start_date", "2026-10-01", "yesterday"),
        ("end_date", "2026-10-31", "2026-10-32"),
        ("look_back_days", 1, 0),
        ("full_refresh", True, "yes"),
        ("tolerance_share", 0.02, 2),
        ("connection_ids", ["cursor_a", "cursor_b"], "cursor_a"),
    ],
)
def test_the_form_takes_what_can_be_and_refuses_what_cannot(dag, name, good, bad):
    assert dag.params.get_param(name).resolve(good) == good
    with pytest.raises(ParamValidationError):
        dag.params.get_param(name).resolve(bad)


def test_only_the_last_task_tells_people_and_in_both_ways(dag):
    for name in TASKS - {"conclude"}:
        task = dag.get_task(name)
        assert not task.on_failure_callback
        assert not task.on_success_callback
    last = dag.get_task("conclude")
    assert [callback.failed for callback in last.on_success_callback] == [False]
    assert [callback.failed for callback in last.on_failure_callback] == [True]


def test_lineage_goes_from_the_warehouses_marts_to_the_published_ones(dag):
    build, publish = dag.get_task("build"), dag.get_task("publish")
    assert build.outlets == publish.inlets
    assert [asset.uri for asset in publish.inlets] == ["x-cursor-usage://warehouse/marts"]
    assert [asset.uri for asset in publish.outlets] == ["x-cursor-usage://published/marts"]


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


@pytest.mark.parametrize(
    ("value", "is_without"), [(None, False), ("", False), ("0", False), ("1", True), ("yse", True)]
)
def test_the_setting_decides_whether_the_report_names_people_where_the_run_does_not(tmp_path, value, is_without):
    program = f"""
        import runpy
        found = runpy.run_path({str(PROJECT_DIR / "dags" / "cursor_usage_daily.py")!r})
        print("without people:", found["PARAMS"]["report_without_people"].value)
    """
    environment = {} if value is None else {"CURSOR_REPORT_WITHOUT_PEOPLE": value}
    assert python(program, tmp_path, **environment).splitlines()[-1] == f"without people: {is_without}"


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
