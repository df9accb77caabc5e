"""What the commands take from .env and the environment."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from cursor_usage.console.environment import (
    EnvironmentFileError,
    airflow_environment,
    connection_ids,
    demo_connection,
    has_connection,
    load_env_file,
    standalone_settings,
)

CONNECTION = '{"conn_type": "cursor", "password": "key_$HOME_#1", "extra": {"team_id": "a b"}}'


def loaded(tmp_path, text, environment=None):
    path = tmp_path / ".env"
    path.write_text(text, encoding="utf-8")
    environment = {} if environment is None else environment
    load_env_file(path, environment)
    return environment


def test_a_json_value_arrives_as_written(tmp_path):
    environment = loaded(
        tmp_path, f"# the key\nexport AIRFLOW_CONN_CURSOR_DEFAULT='{CONNECTION}'\nCURSOR_DATA_DIR=/x y\n"
    )
    assert environment == {"AIRFLOW_CONN_CURSOR_DEFAULT": CONNECTION, "CURSOR_DATA_DIR": "/x y"}


def test_the_environment_wins(tmp_path):
    assert loaded(tmp_path, "CURSOR_DATA_DIR=/file\n", {"CURSOR_DATA_DIR": "/set"}) == {"CURSOR_DATA_DIR": "/set"}


def test_nothing_in_the_file_is_run(tmp_path):
    loaded(tmp_path, f"A=$(touch {tmp_path}/ran)\nB=`touch {tmp_path}/ran`\n")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "line", ['AIRFLOW_CONN_CURSOR_DEFAULT=\'{"password": "secret_key"', "secret_key without a sign"]
)
def test_a_bad_line_is_named_without_its_value(tmp_path, line):
    with pytest.raises(EnvironmentFileError, match=r"Line 2 of .*\.env.* is not NAME=value") as raised:
        loaded(tmp_path, f"A=1\n{line}\n")
    assert "secret_key" not in str(raised.value)


def test_without_a_file_nothing_happens(tmp_path):
    load_env_file(tmp_path / "absent", {})


def test_the_teams_are_a_list_of_connection_ids():
    assert connection_ids({}) == ["cursor_default"]
    assert connection_ids({"CURSOR_CONNECTION_IDS": "cursor_a, cursor_b,"}) == ["cursor_a", "cursor_b"]


def test_one_connection_is_enough_for_a_run_that_is_no_demo():
    assert not has_connection({"AIRFLOW_CONN_OTHER": "{}"})
    assert has_connection({"AIRFLOW_CONN_CURSOR_B": "{}", "CURSOR_CONNECTION_IDS": "cursor_a,cursor_b"})


def test_the_demo_is_a_team_of_its_own():
    connection = json.loads(demo_connection("http://127.0.0.1:1", "key"))
    assert (connection["conn_type"], connection["extra"]["team_id"]) == ("cursor", "demo")


def test_airflow_stays_inside_the_project(tmp_path):
    environment = airflow_environment({}, tmp_path)
    assert environment["AIRFLOW_HOME"] == str(tmp_path)
    assert environment["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"


def test_airflows_parts_are_found_though_nobody_activated_the_environment(tmp_path):
    environment = airflow_environment({"PATH": "/usr/bin"}, tmp_path)
    assert shutil.which("airflow", path=environment["PATH"]) == str(Path(sys.executable).with_name("airflow"))
    assert environment["PATH"].endswith(":/usr/bin")


def test_the_ui_is_for_this_machine_and_a_dag_without_a_key_waits():
    assert standalone_settings({})["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert standalone_settings({})["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] == "True"
    with_key = standalone_settings({"AIRFLOW_CONN_CURSOR_DEFAULT": CONNECTION})
    assert with_key["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] == "False"
