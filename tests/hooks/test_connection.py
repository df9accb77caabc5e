"""What a connection's fields mean, however Airflow came by them."""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any

import pytest
from airflow.sdk import Connection

from cursor_usage.cursor_api import CursorAuthError, CursorError, Endpoint
from cursor_usage.hooks.connection import CursorConnection, CursorConnectionError, Hidden
from cursor_usage.hooks.cursor_admin import CursorAdminHook
from cursor_usage.hooks.teams import Team, resolve_teams

KEY = "crsr_0a1b2c3d4e5f60718293a4b5c6d7e8f9"
DEFAULT_LIMITS = 20


def connect(monkeypatch: pytest.MonkeyPatch, connection_id: str = "cursor_default", **fields: Any) -> None:
    value = json.dumps({"conn_type": "cursor", "password": KEY} | fields)
    monkeypatch.setenv(f"AIRFLOW_CONN_{connection_id.upper()}", value)


def connect_raw(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CURSOR_DEFAULT", value)


def failure(hook: CursorAdminHook) -> CursorError:
    with pytest.raises(CursorError) as caught:
        hook.get_client()
    return caught.value


def test_the_least_that_is_needed(monkeypatch: pytest.MonkeyPatch):
    connect(monkeypatch)
    hook = CursorAdminHook()
    assert hook.connection == CursorConnection(
        "cursor_default", "cursor_default", "https://api.cursor.com", DEFAULT_LIMITS, Hidden(KEY)
    )
    assert hook.team_id == "cursor_default"
    assert hook.get_client().host == "https://api.cursor.com"
    assert hook.get_conn() is hook.get_client(), "one client a hook, for its limiters"
    assert KEY not in repr(hook.connection)


@pytest.mark.parametrize(
    ("value", "base_url"),
    [
        ("cursor://:{key}@", "https://api.cursor.com"),
        ("cursor://:{key}@gateway.example.com", "https://gateway.example.com"),
        ("cursor://:{key}@127.0.0.1:8123", "https://127.0.0.1:8123"),
        ("cursor://:{key}@127.0.0.1:8123/http", "http://127.0.0.1:8123"),
        ("cursor://http://:{key}@127.0.0.1:8123", "http://127.0.0.1:8123"),
        (
            '{{"conn_type": "cursor", "password": "{key}", "host": "http://127.0.0.1", "port": 8123}}',
            "http://127.0.0.1:8123",
        ),
        ('{{"conn_type": "cursor", "password": "{key}", "host": "http://127.0.0.1:8123/"}}', "http://127.0.0.1:8123"),
        (
            '{{"conn_type": "cursor", "password": "{key}", "host": "127.0.0.1:8123", "schema": "http"}}',
            "http://127.0.0.1:8123",
        ),
        ('{{"conn_type": "cursor", "password": "{key}", "host": "api.cursor.com"}}', "https://api.cursor.com"),
        ('{{"password": "{key}", "host": "https://h.example.com/cursor/"}}', "https://h.example.com/cursor"),
        (
            '{{"password": "{key}", "host": "http://h.example.com/cursor", "port": 81}}',
            "http://h.example.com:81/cursor",
        ),
    ],
)
def test_addresses(monkeypatch: pytest.MonkeyPatch, value: str, base_url: str):
    connect_raw(monkeypatch, value.format(key=KEY))
    connection = CursorAdminHook().connection
    assert (connection.base_url, connection.key.value) == (base_url, KEY)


@pytest.mark.parametrize("host", ["http://127.0.0.1:8123", "https://h.example.com/cursor", "api.cursor.com", ""])
def test_the_test_buttons_round_trip_through_a_uri_changes_nothing(host: str):
    extra = json.dumps({"team_id": "acme", "requests_per_minute": {"usage_events": 60}})
    before = Connection(conn_id="c", conn_type="cursor", host=host, password=KEY, extra=extra)
    after = Connection.from_uri(before.get_uri(), conn_id="c")
    assert CursorConnection.read("c", after) == CursorConnection.read("c", before)


@pytest.mark.parametrize(
    ("configured", "usage_events", "members"),
    [
        (60, 60, 60),
        ("60", 60, 60),
        ("", 20, 20),
        (None, 20, 20),
        ({"usage_events": 60}, 60, 20),
        ('{"usage_events": 60, "members": "5"}', 60, 5),
    ],
)
def test_requests_per_minute(monkeypatch: pytest.MonkeyPatch, configured: Any, usage_events: int, members: int):
    connect(monkeypatch, extra={"requests_per_minute": configured})
    limits = CursorAdminHook().get_client().requests_per_minute
    assert (limits[Endpoint.USAGE_EVENTS], limits[Endpoint.MEMBERS]) == (usage_events, members)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"extra": {"requests_per_minute": "fast"}}, "requests_per_minute has 'fast'; give a whole number above zero"),
        ({"extra": {"requests_per_minute": 0}}, "requests_per_minute has '0'"),
        ({"extra": {"requests_per_minute": [20]}}, "requests_per_minute names '20'"),
        ({"extra": {"requests_per_minute": {"events": 9}}}, "requests_per_minute names 'events'; give a whole number"),
        ({"extra": {"team_id": "a/b"}}, "has the team_id 'a/b'; give a team_id of letters"),
        ({"extra": {"team_id": ["a"]}}, "has the team_id"),
        ({"extra": "team_id=acme"}, 'has extras that are no JSON object; write them like {"team_id": "acme"}'),
        ({"extra": "[1]"}, "has extras that are no JSON object"),
        (
            {"host": "ftp://example.com"},
            "The Base URL (host) of the connection does not start with https://",
        ),
        ({"host": f"https://{KEY}@example.com"}, "carries a user or a password"),
        ({"host": "https://"}, "names no host"),
        ({"conn_type": "http"}, "has the type 'http'; its type must be 'cursor'"),
        ({"password": "", "login": KEY}, "the key goes into the password, not the login"),
    ],
)
def test_what_cannot_be_is_said(monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], said: str):
    connect(monkeypatch, **fields)
    error = failure(CursorAdminHook())
    assert isinstance(error, CursorConnectionError)
    assert said in str(error)
    assert str(error).startswith("Connection cursor_default: The ")
    assert not error.is_retryable
    assert KEY not in "\n".join([str(error), *frames_with_locals(error)])


@pytest.mark.parametrize("password", ["", None, "  "])
def test_no_key(monkeypatch: pytest.MonkeyPatch, password: str | None):
    connect(monkeypatch, password=password)
    assert isinstance(failure(CursorAdminHook()), CursorAuthError)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "There is no connection cursor_default; put it into the environment or .env like AIRFLOW_CONN_CURSOR_"),
        (f'{{"conn_type": "cursor", "password": "{KEY}"', "AIRFLOW_CONN_CURSOR_DEFAULT is not valid JSON (line 1, col"),
        (f'{{"conn_type": "cursor", "key": "{KEY}"}}', "has fields that Airflow does not know (key; what is Cursor's"),
        (f'{{"conn_type": "cursor", "password": "{KEY}", "port": "x"}}', "is JSON with a value that Airflow cannot"),
        (f"cursor://:{KEY}@http://a://b", "is neither JSON nor a URI that Airflow can read"),
        (f'\'{{"conn_type": "cursor", "password": "{KEY}"}}\'', "has no type; its type must be 'cursor', and no"),
    ],
)
def test_a_connection_that_cannot_be_read_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str | None, said: str
):
    caplog.set_level(logging.DEBUG, logger="cursor_usage")
    if value is not None:
        connect_raw(monkeypatch, value)
    error = failure(CursorAdminHook())
    assert said in str(error)
    assert KEY not in "\n".join([str(error), repr(error), caplog.text, *frames_with_locals(error)])


@pytest.mark.parametrize("extra", ["no JSON", {"team_id": "a/b"}, {"requests_per_minute": 0}])
def test_the_key_is_in_no_frame_of_a_bad_connection(monkeypatch: pytest.MonkeyPatch, extra: Any):
    connect(monkeypatch, extra=extra)
    frames = frames_with_locals(failure(CursorAdminHook()))
    assert KEY not in "\n".join(frames)


def frames_with_locals(error: BaseException) -> list[str]:
    return list(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def test_a_secrets_backend_that_fails_is_worth_another_try(monkeypatch: pytest.MonkeyPatch):
    def fail(_hook: CursorAdminHook, _connection_id: str) -> None:
        raise OSError(f"vault said no to {KEY}")

    monkeypatch.setattr(CursorAdminHook, "get_connection", fail)
    error = failure(CursorAdminHook())
    assert isinstance(error, CursorConnectionError)
    assert error.is_retryable
    assert "could not be looked up (OSError)" in str(error)
    assert error.__context__ is None


def test_teams_in_the_order_of_their_connections(monkeypatch: pytest.MonkeyPatch):
    connect(monkeypatch, "one", extra={"team_id": "acme"})
    connect(monkeypatch, "two", host="http://127.0.0.1:8123", password="")
    assert resolve_teams(["two", "one"]) == [
        Team("two", "two", "http://127.0.0.1:8123"),
        Team("one", "acme", "https://api.cursor.com"),
    ]


def test_a_team_whose_connection_cannot_be_read_stands_apart(monkeypatch: pytest.MonkeyPatch):
    connect(monkeypatch, "one")
    good, bad = resolve_teams(["one", "gone"])
    assert good.error is None
    assert (bad.team_id, bad.host) == ("gone", "")
    assert bad.error is not None
    assert bad.error.startswith("There is no connection gone;")


@pytest.mark.parametrize(
    ("team_ids", "named"),
    [(("acme", "acme"), "'acme'"), (("acme", "ACME"), "'ACME'"), ((None, "one"), "'one'")],
)
def test_two_connections_of_one_team_are_refused(
    monkeypatch: pytest.MonkeyPatch, team_ids: tuple[str | None, str | None], named: str
):
    for connection_id, team_id in zip(["one", "two"], team_ids, strict=True):
        connect(monkeypatch, connection_id, extra={"team_id": team_id})
    with pytest.raises(CursorConnectionError, match=rf"Connections one and two both have the team_id {named}"):
        resolve_teams(["one", "two"])


def test_one_connection_twice_and_none_at_all_are_refused(monkeypatch: pytest.MonkeyPatch):
    connect(monkeypatch, "one")
    with pytest.raises(CursorConnectionError, match="Connections one and one both have"):
        resolve_teams(["one", "one"])
    with pytest.raises(CursorConnectionError, match="No connection was given; name at least one"):
        resolve_teams([])
