"""`python -m cursor_usage.console check`: each endpoint's answer, what to do, and the exit status."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest
from rich.console import Console

from cursor_usage.console.check import check
from tests.cursor_api.fault_server import FaultServer, Reply

pytestmark = pytest.mark.usefixtures("no_waiting")

KEY = "key_7f3a91c2d4e5b6a7988776655443322110"
PLAN = Reply({"message": "Enterprise access required"}, 403)


@pytest.fixture(autouse=True)
def own_airflow_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    if "AIRFLOW_HOME" not in os.environ:
        monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))


def connect(monkeypatch: pytest.MonkeyPatch, server: FaultServer, connection_id: str = "one", **fields: Any) -> None:
    value = {"conn_type": "cursor", "password": KEY, "host": server.url} | fields
    monkeypatch.setenv(f"AIRFLOW_CONN_{connection_id.upper()}", json.dumps(value))


def run(*connection_ids: str) -> tuple[int, str]:
    screen = io.StringIO()
    status = check(list(connection_ids), Console(file=screen, width=200))
    assert KEY not in screen.getvalue()
    return status, screen.getvalue()


def test_all_endpoints(server: FaultServer, monkeypatch: pytest.MonkeyPatch):
    connect(monkeypatch, server, extra={"team_id": "acme"})
    status, screen = run("one")
    assert status == 0
    assert f"Team acme (connection one, {server.url})" in screen
    assert screen.count("can be read") == 4
    assert len(server.requests) == 4


def test_part_of_it_is_enough_and_named(server: FaultServer, monkeypatch: pytest.MonkeyPatch):
    connect(monkeypatch, server)
    server.script("spend", PLAN)
    status, screen = run("one")
    assert status == 0
    (line,) = [line for line in screen.splitlines() if "│ spend" in line]
    assert "refused" in line
    assert "but not spend" in screen


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply({"message": "Invalid API key"}, 401), "put a team Admin API key, made by a team admin"),
        (PLAN, "Cursor Teams (Business) or Enterprise is needed, or leave this team out"),
        (Reply({"error": "Rate limit exceeded"}, 429), "asks to wait 60 s"),
        (Reply(b"<html>"), "What answers is not the Cursor Admin API"),
    ],
)
def test_nothing_to_read_is_an_error_said_once(
    server: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
    reply: Reply,
    said: str,
):
    connect(monkeypatch, server)
    server.script_all(reply)
    status, screen = run("one")
    assert status == 1
    assert screen.count(said) == 1
    assert screen.count("see below") == 4


def test_one_bad_team_does_not_hide_the_others(
    server: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
):
    connect(monkeypatch, server, "good")
    connect(monkeypatch, server, "keyless", password="")
    status, screen = run("gone", "keyless", "good")
    assert status == 1
    assert "There is no connection gone" in screen
    assert """AIRFLOW_CONN_GONE='{"conn_type": "cursor", "password": "<team Admin API key>"}'""" in screen
    assert "The connection has no key" in screen
    assert screen.count("can be read") == 4


def test_two_connections_of_one_team(server: FaultServer, monkeypatch: pytest.MonkeyPatch):
    connect(monkeypatch, server, "one", extra={"team_id": "acme"})
    connect(monkeypatch, server, "two", extra={"team_id": "acme"})
    status, screen = run("one", "two")
    assert (status, server.requests) == (1, [])
    assert "both have the team_id 'acme'" in screen


def test_brackets_of_an_answer_are_shown_as_they_are(
    server: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
):
    connect(monkeypatch, server)
    server.script_all(Reply({"message": "[bold]no[/nothing]"}, 400))
    assert "[bold]no[/nothing]" in run("one")[1]


def test_the_command_answers_within_seconds(server: FaultServer, tmp_path):
    connection = json.dumps({"conn_type": "cursor", "password": KEY, "host": server.url})
    environment = os.environ | {"AIRFLOW_CONN_CURSOR_DEFAULT": connection, "AIRFLOW_HOME": str(tmp_path)}
    program = "from cursor_usage.console.check import check; raise SystemExit(check(['cursor_default']))"
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "The key reads all endpoints" in done.stdout
    # 1.6 s alone on two cores; what must not happen is Airflow's database, or a minute's wait.
    assert time.monotonic() - started < 15
    assert KEY not in done.stdout + done.stderr
