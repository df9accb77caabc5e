"""The hook in Airflow: found by its connection type, described by the provider, and tested by the Test button."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import airflow
import jsonschema  # type: ignore[import-untyped]  # comes with Airflow, without types
import pytest
from airflow.models import Connection as ServerConnection
from airflow.providers_manager import ProvidersManager
from airflow.sdk import Connection

from cursor_usage.hooks.cursor_admin import CursorAdminHook
from cursor_usage.provider import get_provider_info
from tests.cursor_api.fault_server import FaultServer, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("no_waiting")

KEY = "crsr_0a1b2c3d4e5f60718293a4b5c6d7e8f9"


@pytest.fixture
def connected(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> FaultServer:
    connection = {"conn_type": "cursor", "password": KEY, "host": server.url}
    monkeypatch.setenv("AIRFLOW_CONN_CURSOR_DEFAULT", json.dumps(connection))
    return server


ANSWERS: dict[str, tuple[Reply, str]] = {
    "wrong key": (
        Reply({"message": "Invalid Team API Key"}, 401),
        "wrong or of another kind; put a team Admin API key",
    ),
    "no such plan": (
        Reply({"message": "Enterprise access required"}, 401),
        "plan does not support the Admin API: Cursor Teams (Business) or Enterprise is needed, or leave this team out",
    ),
    "rate-limited": (Reply({"error": "Rate limit exceeded"}, 429), "limits the rate of this team's requests (429)"),
    "not Cursor's": (Reply(b"<html>", headers={"Content-Type": "text/html"}), "not the Cursor Admin API"),
    "broken": (Reply(b"", 500), "failed to answer (500)"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_failures_are_told_apart(connected: FaultServer, case: str):
    reply, said = ANSWERS[case]
    connected.script_all(reply)
    is_good, sentence = CursorAdminHook().test_connection()
    assert not is_good
    assert said in sentence
    others = [other for name, (_reply, other) in ANSWERS.items() if name != case]
    assert not any(other in sentence for other in others)


def test_not_reachable(monkeypatch: pytest.MonkeyPatch, unused_port: int):
    monkeypatch.setenv("AIRFLOW_CONN_CURSOR_DEFAULT", f"cursor://:{KEY}@127.0.0.1:{unused_port}/http")
    is_good, sentence = CursorAdminHook().test_connection()
    assert not is_good
    assert sentence.startswith(
        f"http://127.0.0.1:{unused_port} refused the connection; check the connection's Base URL"
    )


def test_all_and_part_of_it(connected: FaultServer):
    assert CursorAdminHook().test_connection() == (
        True,
        "The key reads all endpoints: members, spend, daily usage and usage events.",
    )
    connected.script("spend", Reply({"message": "Enterprise access required"}, 403))
    is_good, sentence = CursorAdminHook().test_connection()
    assert is_good
    assert sentence == (
        'The key reads members, daily usage and usage events but not spend (not in this plan: "Enterprise access '
        'required"): what depends on that stays inconclusive, the rest is loaded.'
    )


def test_it_never_raises(monkeypatch: pytest.MonkeyPatch):
    is_good, sentence = CursorAdminHook("gone").test_connection()
    assert (is_good, sentence.split(";")[0]) == (False, "There is no connection gone")
    monkeypatch.setattr(CursorAdminHook, "probe", lambda _self: 1 / 0)
    assert CursorAdminHook("gone").test_connection() == (
        False,
        "The test itself failed (ZeroDivisionError); the API server's log says more.",
    )


def in_a_thread(what: Callable[[], Any]) -> Any:
    """As Airflow's API server does it."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(what()))
    thread.start()
    thread.join()
    return results[0]


def in_an_event_loop(what: Callable[[], Any]) -> Any:
    async def call() -> Any:
        return what()

    return asyncio.run(call())


@pytest.mark.parametrize("where", [in_a_thread, in_an_event_loop])
@pytest.mark.usefixtures("connected")
def test_it_works_in_a_thread_and_in_an_event_loop(where: Callable[[Callable[[], Any]], Any]):
    is_good, _sentence = where(CursorAdminHook().test_connection)
    assert is_good


def test_the_test_button(server: FaultServer, monkeypatch: pytest.MonkeyPatch):
    # What Airflow 3.3's POST /connections/test does: a transient id, exported as a URI.
    connection = ServerConnection(  # noqa: AIR311 - the API server's own class is what is tried
        conn_id="transient",
        conn_type="cursor",
        host=server.url,
        password=KEY,
        extra=json.dumps({"team_id": "acme", "requests_per_minute": "60"}),
    )
    monkeypatch.setenv("AIRFLOW_CONN_TRANSIENT", connection.get_uri())
    is_good, sentence = in_a_thread(connection.test_connection)
    assert is_good, sentence
    assert sentence.startswith("The key reads all endpoints")


def test_a_bad_setting_is_said_without_the_transient_id(connected: FaultServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AIRFLOW_CONN_X1Y2Z3", f"cursor://:{KEY}@127.0.0.1?requests_per_minute=fast")
    is_good, sentence = CursorAdminHook("X1y2z3").test_connection()
    assert not is_good
    assert sentence.startswith("The connection has a bad setting: requests_per_minute has 'fast'; give a whole number")
    assert connected.requests == []


def test_the_workers_test(connected: FaultServer):
    # What Airflow 3.3's queued test does on a worker.
    connection = Connection(conn_id="unsaved", conn_type="cursor", host=connected.url, password=KEY)
    assert connection.test_connection()[0]


def test_the_provider_info_fits_airflows_schema():
    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)


def test_airflow_knows_the_connection_type_and_its_form():
    manager = ProvidersManager()
    hook = manager.hooks["cursor"]
    assert hook is not None
    assert (hook.hook_name, hook.connection_id_attribute_name, hook.connection_testable) == (
        CursorAdminHook.hook_name,
        CursorAdminHook.conn_name_attr,
        True,
    )
    fields = {name for name in manager.connection_form_widgets if name.startswith("extra__cursor__")}
    assert fields == {"extra__cursor__team_id", "extra__cursor__requests_per_minute"}
    behaviour = manager.field_behaviours["cursor"]
    assert set(behaviour["hidden_fields"]) == {"schema", "login", "port"}
    assert behaviour["relabeling"] == {"host": "Base URL", "password": "Admin API key"}


def test_the_provider_info_imports_nothing_heavy():
    program = (
        "import sys; from cursor_usage.provider import get_provider_info; get_provider_info(); "
        "print([name for name in sys.modules if name.split('.')[0] in ('airflow', 'httpx', 'msgspec')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
