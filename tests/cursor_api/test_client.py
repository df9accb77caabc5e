"""What goes over the wire, what the client refuses to send, and that the key shows nowhere."""

from __future__ import annotations

import asyncio
import base64
import gzip
import logging
import pickle
import traceback
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from cursor_usage.cursor_api import (
    CursorAdminClient,
    CursorAuthError,
    CursorError,
    CursorRequestError,
    CursorUnreachableError,
    Endpoint,
)
from tests.cursor_api.fault_server import EMPTY_ANSWERS, FakeClock, FaultServer, Reply
from tests.cursor_api.reading import KEY, READERS, client_of, daily_usage, error_of, events, read, records_of

DAY_MS = 86_400_000
KEY_FORMS = (
    KEY,
    base64.b64encode(f"{KEY}:".encode()).decode(),
    base64.b64encode(KEY.encode()).decode().rstrip("=")[:-2],
)


def test_the_key_is_the_user_name_of_basic_auth(server: FaultServer):
    for reader in READERS.values():
        read(client_of(server), reader)
    sent = {request.headers["authorization"] for request in server.requests}
    assert sent == {"Basic " + base64.b64encode(f"{KEY}:".encode()).decode()}


def test_bounds_are_numbers_and_both_days_are_whole(server: FaultServer):
    read(client_of(server), daily_usage)
    read(client_of(server), events)
    read(client_of(server), CursorAdminClient.spend)
    daily, event, spend = (request.body for request in server.requests)
    assert daily == {"startDate": 1793577600000, "endDate": 1793577600000 + 7 * DAY_MS - 1, "page": 1, "pageSize": 1000}
    assert event == {"startDate": 1793577600000, "endDate": 1793577600000 + DAY_MS - 1, "page": 1, "pageSize": 1000}
    assert spend == {"page": 1, "pageSize": 100}
    assert {type(daily["startDate"]), type(event["endDate"])} == {int}


def test_another_zone_is_the_same_instant(server: FaultServer):
    start = datetime(2026, 11, 2, 5, tzinfo=timezone(timedelta(hours=5)))
    read(client_of(server), lambda client: client.usage_events(start, start))
    assert server.requests[0].body["startDate"] == 1793577600000


NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda client: client.daily_usage(date(2026, 10, 1), date(2026, 10, 31)), "longer than 30 days; split it"),
        (lambda client: client.daily_usage(date(2026, 10, 2), date(2026, 10, 1)), "before it starts (2026-10-02)"),
        (lambda client: client.usage_events(NOON - timedelta(days=30, milliseconds=1), NOON), "longer than 30 days"),
        (lambda client: client.usage_events(NOON, NOON - timedelta(milliseconds=1)), "before it starts"),
        (lambda client: client.usage_events(NOON.replace(tzinfo=None), NOON), "without a time zone"),
    ],
)
def test_ranges_that_cannot_be_asked_for_are_not_asked_for(server: FaultServer, ask: Any, said: str):
    error = error_of(client_of(server), ask)
    assert isinstance(error, CursorRequestError)
    assert said in str(error)
    assert server.requests == []


def test_thirty_days_are_asked_for(server: FaultServer):
    read(client_of(server), lambda client: client.daily_usage(date(2026, 10, 1), date(2026, 10, 30)))
    read(client_of(server), lambda client: client.usage_events(NOON - timedelta(days=30), NOON))
    assert len(server.requests) == 2


def test_the_key_does_not_follow_a_redirect(server: FaultServer):
    elsewhere = FaultServer()
    try:
        server.script("members", Reply(b"", 307, {"Location": f"{elsewhere.url}/teams/members"}))
        error = error_of(client_of(server), CursorAdminClient.members)
        assert "leads to another address (307)" in str(error)
        assert elsewhere.requests == []
    finally:
        elsewhere.close()


def test_compressed_answers_are_read(server: FaultServer):
    content = gzip.compress(b'{"teamMembers": [{"id": 1}]}')
    server.script("members", Reply(content, headers={"Content-Encoding": "gzip"}))
    assert records_of(read(client_of(server), CursorAdminClient.members)) == [b'{"id": 1}']
    assert "gzip" in server.requests[0].headers["accept-encoding"]


def test_a_compressed_answer_that_is_none_is_no_data_either(server: FaultServer, clock: FakeClock):
    server.script("members", Reply(b'{"teamMembers": []}', headers={"Content-Encoding": "gzip"}))
    assert "stops in the middle" in str(error_of(client_of(server, clock), CursorAdminClient.members))


def test_a_proxy_of_the_environment_is_not_asked_about_this_machine(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, unused_port: int
):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert read(client_of(server), CursorAdminClient.members)


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        ("https://api.cursor.com", "https://api.cursor.com"),
        ("HTTPS://API.Cursor.com/", "https://api.cursor.com"),
        (" http://127.0.0.1:8123/ ", "http://127.0.0.1:8123"),
        ("https://gateway.example.com:8443/cursor/", "https://gateway.example.com:8443/cursor"),
        ("http://[::1]:8123", "http://[::1]:8123"),
    ],
)
def test_base_urls(base_url: str, host: str):
    assert CursorAdminClient("key_x", base_url=base_url).host == host


def test_a_base_url_with_a_path(server: FaultServer):
    read(client_of(server, base_url=f"{server.url}/cursor/"), CursorAdminClient.members)
    assert server.requests[0].path == "/cursor/teams/members"


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.cursor.com",
        "ftp://api.cursor.com",
        "https://",
        "https:///teams",
        "https://api .cursor.com",
        "https://api.cursor.com:port",
        f"https://{KEY}@api.cursor.com",
        f"https://api.cursor.com?key={KEY}",
        "https://☃.example.com",
        "https://api..cursor.com",
    ],
)
def test_base_urls_that_are_none(base_url: str):
    with pytest.raises(CursorRequestError) as caught:
        CursorAdminClient(KEY, base_url=base_url)
    assert str(caught.value).startswith("The Base URL (host) of the connection ")
    assert "write it like https://api.cursor.com" in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("key", ["", "  \n", "key_one key_two", "key_one\nkey_two", "key_\x00"])
def test_keys_that_are_none(key: str):
    with pytest.raises(CursorAuthError, match=r"put a team Admin API key, made by a team admin"):
        CursorAdminClient(key)


def test_a_key_pasted_with_blanks_around_it(server: FaultServer):
    client = CursorAdminClient(f" {KEY}\n", base_url=server.url)
    read(client, CursorAdminClient.members)
    assert server.requests[0].headers["authorization"] == "Basic " + KEY_FORMS[1]


def read_without_entering(client: CursorAdminClient) -> None:
    async def first_page() -> Any:
        return await anext(client.members())

    asyncio.run(first_page())


def test_the_client_is_used_inside_its_context_and_by_one_at_a_time(server: FaultServer):
    client = client_of(server)
    with pytest.raises(RuntimeError, match="async with"):
        read_without_entering(client)

    async def twice() -> None:
        async with client, client:
            pass

    with pytest.raises(RuntimeError, match="in use already"):
        asyncio.run(twice())


ECHO = Reply({"message": f"Invalid API key: {KEY} ({KEY_FORMS[1]})"}, 401)
LEAKY_CASES: dict[str, Reply] = {
    "the API repeats the key": ECHO,
    "in plain text": Reply(f"no such key {KEY}".encode(), 403),
    "with a 500": Reply({"error": f"bad key {KEY}"}, 500),
    "with a 429": Reply({"error": f"bad key {KEY}"}, 429, {"Retry-After": "9999"}),
    "dropped": Reply(fault="drop"),
    "truncated": Reply({"teamMembers": [{"n": n} for n in range(999)]}, fault="truncate"),
    "HTML": Reply(b"<html>"),
    "JSON of another shape": Reply({"hello": "world"}),
}


@pytest.mark.parametrize("case", LEAKY_CASES)
def test_the_key_shows_in_no_error_traceback_or_log(server: FaultServer, caplog: pytest.LogCaptureFixture, case: str):
    caplog.set_level(logging.DEBUG)
    server.script_all(LEAKY_CASES[case])
    client = client_of(server, FakeClock())
    error = error_of(client, CursorAdminClient.members)
    assert error.__cause__ is None
    assert error.__context__ is None, "an error in the context would bring frames that hold the request"
    shown = [str(error), repr(error), repr(vars(error)), repr(client), caplog.text, *_traceback_with_locals(error)]
    shown += [repr(access) + str(access.message) for access in asyncio.run(_probe(client))]
    for form in KEY_FORMS:
        assert form not in "\n".join(shown)


def _traceback_with_locals(error: BaseException) -> list[str]:
    return list(traceback.TracebackException.from_exception(error, capture_locals=True).format())


@pytest.mark.parametrize("settings", [{"base_url": "nonsense"}, {"requests_per_minute": 0}])
def test_the_key_shows_in_no_traceback_of_a_client_that_cannot_be_made(settings: dict[str, Any]):
    def make(**given: Any) -> CursorAdminClient:
        return CursorAdminClient(base64.b64decode(KEY_FORMS[1]).decode()[:-1], **given)

    with pytest.raises(CursorRequestError) as caught:
        make(**settings)
    frames = _traceback_with_locals(caught.value)
    assert any("client.py" in frame for frame in frames)
    assert not any(form in frame for frame in frames if "client.py" in frame for form in KEY_FORMS)


def test_a_client_is_not_pickled_but_its_errors_are():
    with pytest.raises(TypeError, match="not to be pickled"):
        pickle.dumps(CursorAdminClient(KEY)._key)
    error = CursorUnreachableError("gone", endpoint=Endpoint.SPEND, status_code=1, next_step="look")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made one line above
    assert (str(again), vars(again)) == ("spend: gone; look.", vars(error))


async def _probe(client: CursorAdminClient) -> Any:
    async with client:
        return await client.probe()


def test_a_probe_is_one_small_request_an_endpoint(server: FaultServer):
    accesses = asyncio.run(_probe(client_of(server)))
    assert [(access.endpoint, access.outcome, access.status_code) for access in accesses] == [
        (endpoint, "ok", 200) for endpoint in Endpoint
    ]
    assert len(server.requests) == 4
    for request in server.requests:
        if request.method == "POST":
            assert (request.body["page"], request.body["pageSize"]) == (1, 1)


def test_a_probe_tells_endpoints_apart_and_does_not_wait(server: FaultServer, clock: FakeClock):
    server.script("spend", Reply({"message": "Enterprise access required"}, 403))
    server.script("daily_usage", Reply({"error": "Rate limit exceeded"}, 429, {"Retry-After": "60"}))
    server.script("usage_events", Reply(fault="drop"), Reply(EMPTY_ANSWERS["usage_events"]))
    accesses = asyncio.run(_probe(client_of(server, clock)))
    assert [(access.outcome, access.status_code) for access in accesses] == [
        ("ok", 200),
        ("refused", 403),
        ("failed", 429),
        ("ok", 200),  # one dropped connection is forgiven
    ]
    assert sum(clock.slept) < 3
    assert accesses[1].message == (
        'spend: This plan does not have this endpoint (403, "Enterprise access required"); the rest is loaded and what '
        "needs this one stays inconclusive, a larger plan may have it."
    )


def test_a_probe_of_nobody_raises_nothing(clock: FakeClock, unused_port: int):
    client = CursorAdminClient(KEY, base_url=f"http://127.0.0.1:{unused_port}", clock=clock)
    accesses = asyncio.run(_probe(client))
    assert {(access.outcome, access.status_code, isinstance(access.error, CursorError)) for access in accesses} == {
        ("failed", None, True)
    }
