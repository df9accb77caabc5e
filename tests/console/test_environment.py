"""What the commands take from .env and the environment."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from cursor_usage.console.environment import (
    EnvironmentFileError,
    airflow_environment,
    data_dir_of_runs,
    demo_connection,
    has_connection,
    load_env_file,
    standalone_settings,
)
from cursor_usage.landing import Landing, team_ids
from cursor_usage.settings import DataDir, connection_ids

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


def test_a_file_in_another_encoding_is_named(tmp_path):
    (tmp_path / ".env").write_text("A=1\n", encoding="utf-16")
    with pytest.raises(EnvironmentFileError, match=r"\.env cannot be read: it is not UTF-8 text\. Save it as UTF-8"):
        load_env_file(tmp_path / ".env", {})


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / ".env").mkdir()
    with pytest.raises(EnvironmentFileError, match=r"\.env cannot be read: Is a directory\."):
        load_env_file(tmp_path / ".env", {})


@pytest.mark.parametrize(
    ("setting", "teams"),
    [
        (None, ["cursor_default"]),
        ("", ["cursor_default"]),
        (" , ", ["cursor_default"]),
        ("cursor_a, cursor_b,", ["cursor_a", "cursor_b"]),
    ],
)
def test_the_teams_are_a_list_of_connection_ids(monkeypatch, setting, teams):
    monkeypatch.delenv("CURSOR_CONNECTION_IDS", raising=False)
    if setting is not None:
        monkeypatch.setenv("CURSOR_CONNECTION_IDS", setting)
    assert connection_ids() == teams


@pytest.fixture
def without_connections(monkeypatch):
    for name in [name for name in os.environ if name.startswith("AIRFLOW_CONN_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("CURSOR_CONNECTION_IDS", raising=False)
    monkeypatch.delenv("CURSOR_DATA_DIR", raising=False)


def test_one_connection_is_enough_for_a_run_that_is_no_demo(without_connections, monkeypatch):
    monkeypatch.setenv("CURSOR_CONNECTION_IDS", "cursor_a,cursor_b")
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", "{}")
    assert not has_connection()
    monkeypatch.setenv("AIRFLOW_CONN_CURSOR_B", "{}")
    assert has_connection()


def test_the_demos_data_are_found_where_nothing_is_configured_and_nothing_of_ones_own_landed(
    without_connections, monkeypatch, tmp_path
):
    monkeypatch.setattr(DataDir, "from_environment", classmethod(lambda cls: cls(tmp_path / "data")))
    own = DataDir(tmp_path / "data")
    assert data_dir_of_runs() == own
    landed(own.demo, "demo")
    assert data_dir_of_runs() == own.demo
    monkeypatch.setenv("AIRFLOW_CONN_CURSOR_DEFAULT", CONNECTION)
    assert data_dir_of_runs() == own
    monkeypatch.delenv("AIRFLOW_CONN_CURSOR_DEFAULT")
    # Loaded with a connection that Airflow's UI keeps.
    landed(own, "acme")
    assert data_dir_of_runs() == own


def landed(data, team_id):
    Landing(data.landing, team_id).folder.mkdir(parents=True)
    assert team_ids(data.landing) == [team_id]


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


def test_tasks_find_the_api_server_on_the_port_that_the_ui_was_moved_to():
    assert standalone_settings({})["AIRFLOW__API__BASE_URL"] == "http://localhost:8080"
    assert standalone_settings({"AIRFLOW__API__PORT": "8081"})["AIRFLOW__API__BASE_URL"] == "http://localhost:8081"


def test_the_ui_is_for_this_machine_and_a_dag_without_a_key_waits(without_connections, monkeypatch):
    assert standalone_settings({})["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert standalone_settings({})["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] == "True"
    monkeypatch.setenv("AIRFLOW_CONN_CURSOR_DEFAULT", CONNECTION)
    assert standalone_settings({})["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] == "False"
