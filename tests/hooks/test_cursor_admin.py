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
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
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


def test_all_and_part_of_it_with_a_sentence_for_each_endpoint(connected: FaultServer):
    is_good, answer = CursorAdminHook().test_connection()
    assert is_good
    assert answer.splitlines() == [
        "The key reads all endpoints: members, spend, daily usage and usage events.",
        "Members can be read, for seats, adoption gap, seat fees.",
        "Spend can be read, for what the open cycle is verified against.",
        "Daily usage can be read, for activity without requests.",
        "Usage events can be read, for requests, tokens, model mix, cost.",
    ]
    connected.script("spend", Reply({"message": "Enterprise access required"}, 403))
    is_good, answer = CursorAdminHook().test_connection()
    assert is_good
    summary, *sentences = answer.splitlines()
    assert summary == (
        'The key reads members, daily usage and usage events but not spend (not in this plan: "Enterprise access '
        'required"): what depends on that stays inconclusive, the rest is loaded.'
    )
    assert sentences[1] == (
        "Spend cannot be read (not in this plan, 403); missing without it: what the open cycle is verified against."
    )
    assert [sentence.split(",")[0] for sentence in sentences if "cannot" not in sentence] == [
        "Members can be read",
        "Daily usage can be read",
        "Usage events can be read",
    ]


def test_a_refused_key_is_said_once_with_what_to_do_and_then_of_each_endpoint(connected: FaultServer):
    connected.script_all(Reply({"message": "Invalid Team API Key"}, 401))
    is_good, answer = CursorAdminHook().test_connection()
    assert not is_good
    summary, *sentences = answer.splitlines()
    assert summary.endswith("made by a team admin in the Cursor dashboard, into the connection's password.")
    assert [sentence.split(";")[0] for sentence in sentences] == [
        f"{name} cannot be read (key refused, 401)" for name in ("Members", "Spend", "Daily usage", "Usage events")
    ]


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


def test_airflow_knows_the_connection_type():
    hook = ProvidersManager().hooks["cursor"]
    assert hook is not None
    assert (hook.hook_name, hook.connection_id_attribute_name, hook.connection_testable) == (
        CursorAdminHook.hook_name,
        CursorAdminHook.conn_name_attr,
        True,
    )


def test_the_form_explains_itself_as_airflows_ui_is_given_it():
    # What GET /ui/connections/hook_meta answers.
    (meta,) = [meta for meta in HookMetaService.hook_meta_data() if meta.connection_type == "cursor"]
    standard, extra = meta.standard_fields, meta.extra_fields
    assert standard is not None
    assert extra is not None
    for hidden in (standard.url_schema, standard.login, standard.port):
        assert hidden is not None
        assert hidden.hidden
    assert standard.host is not None
    assert (standard.host.title, standard.host.placeholder) == ("Base URL", "https://api.cursor.com")
    assert standard.password is not None
    assert standard.password.title == "Admin API key"
    assert "cursor.com/dashboard" in str(standard.password.placeholder)
    assert list(extra) == ["team_id", "requests_per_minute"]
    assert all(field["schema"]["title"] for field in extra.values())
    # The UI shows the Markdown where there is no plain description.
    assert extra["team_id"]["description"] is None
    guide = extra["team_id"]["schema"]["description_md"]
    for told in ("Empty: the connection's ID.", "a team admin", "*Admin API Keys*", "Teams", "Enterprise", "*Test*"):
        assert told in guide
    assert "Empty: 20." in extra["requests_per_minute"]["description"]


def test_the_provider_info_imports_nothing_heavy():
    program = (
        "import sys; from cursor_usage.provider import get_provider_info; get_provider_info(); "
        "print([name for name in sys.modules if name.split('.')[0] in ('airflow', 'httpx', 'msgspec')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
