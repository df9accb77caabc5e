"""What is tried again, how long is waited before it, and when it ends. Time is faked: nothing here sleeps."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_usage.cursor_api import (
    CursorAdminClient,
    CursorAnswerError,
    CursorAuthError,
    CursorPlanError,
    CursorRateLimitError,
    CursorRequestError,
    CursorServerError,
    CursorTruncatedAnswerError,
    CursorUnreachableError,
    RetryPolicy,
    Timeouts,
)
from cursor_usage.cursor_api.retries import parse_retry_after
from tests.cursor_api.fault_server import EMPTY_ANSWERS, FakeClock, FaultServer, Reply
from tests.cursor_api.reading import READERS, client_of, error_of, events, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from cursor_usage.cursor_api import CursorError, Page

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
OK = Reply(EMPTY_ANSWERS["usage_events"])
HTML = Reply(b"<!doctype html><title>Sign in</title>", headers={"Content-Type": "text/html"})


def rate_limited(retry_after: str | None = None) -> Reply:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return Reply({"error": "Rate limit exceeded"}, 429, headers)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("7", 7), ("2.5", 2.5), ("0", 0), (None, 60), ("soon", 60), (format_datetime(NOW + timedelta(seconds=9)), 9)],
)
def test_a_rate_limit_is_waited_for(server: FaultServer, clock: FakeClock, retry_after: str | None, seconds: float):
    server.script("usage_events", rate_limited(retry_after), OK)
    read(client_of(server, clock), events)
    assert len(server.requests) == 2
    # "0" still backs off a little: another 429 would only burn an attempt.
    assert max(seconds, 1) <= sum(clock.slept) <= max(seconds, 2) + 0.01


@pytest.mark.parametrize("seconds", [181, 86400, 10**14])
def test_a_rate_limit_beyond_the_cap_is_the_orchestrators(server: FaultServer, clock: FakeClock, seconds: int):
    server.script("usage_events", rate_limited(str(seconds)))
    error = error_of(client_of(server, clock), events)
    assert isinstance(error, CursorRateLimitError)
    assert (error.retry_after_seconds, error.is_retryable, error.api_message) == (seconds, True, "Rate limit exceeded")
    assert (len(server.requests), clock.slept) == (1, [])


def test_a_server_that_asks_for_more_time_than_the_cap_is_given_it_by_the_orchestrator(
    server: FaultServer, clock: FakeClock
):
    server.script("usage_events", Reply(b"", 503, {"Retry-After": "181"}))
    error = error_of(client_of(server, clock), events)
    assert isinstance(error, CursorServerError)
    assert (error.retry_after_seconds, error.is_retryable) == (181, True)
    assert (len(server.requests), clock.slept) == (1, [])


def test_a_rate_limit_that_stays_ends(server: FaultServer, clock: FakeClock):
    server.script("usage_events", rate_limited())
    error = error_of(client_of(server, clock), events)
    assert isinstance(error, CursorRateLimitError)
    assert len(server.requests) == 5
    assert sum(clock.slept) == pytest.approx(4 * 60)  # none after the last


class HeldClock(FakeClock):
    """Sleepers sleep until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.morning = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.morning.wait()


async def first_page(client: CursorAdminClient) -> Page:
    return await anext(events(client))


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what is waited for happens in the server's thread
            await asyncio.sleep(0.001)


def test_one_rate_limit_holds_back_everybody_at_that_endpoint_only(server: FaultServer):
    server.script("usage_events", rate_limited("30"), OK)

    async def two_readers() -> None:
        clock = HeldClock()
        async with client_of(server, clock) as client:
            first = asyncio.create_task(first_page(client))
            await until(lambda: clock.slept != [])
            second = asyncio.create_task(first_page(client))
            await until(lambda: len(clock.slept) == 2 or len(server.requests) > 1)
            assert clock.slept == [30, 30]
            await anext(client.members())
            assert [request.endpoint for request in server.requests] == ["usage_events", "members"]
            clock.seconds += 30
            clock.morning.set()
            await asyncio.gather(first, second)
        assert len(server.asked("usage_events")) == 3

    asyncio.run(two_readers())


PASSING = {
    "500": Reply({"error": "Internal"}, 500),
    "502 with HTML": Reply(b"<html>bad gateway</html>", 502, {"Content-Type": "text/html"}),
    "503 that asks for time": Reply(b"", 503, {"Retry-After": "20"}),
    "409": Reply({"error": "Conflict"}, 409),
    "dropped": Reply(fault="drop"),
    "truncated": Reply({"usageEvents": [{"n": n} for n in range(2000)]}, fault="truncate"),
    "HTML with status 200": HTML,
    "JSON of another shape": Reply({"hello": "world"}),
    "a list": Reply([1, 2]),
    "records that are no list": Reply({"usageEvents": {"a": 1}}),
    "records that are null": Reply({"usageEvents": None}),
    "records that are no objects": Reply({"usageEvents": [1, 2]}),
    "half a body, its length right": Reply(b'{"usageEvents": [{"a": 1}, {"b'),
    "empty body": Reply(b""),
    "not JSON": Reply(b"upstream timed out"),
    "an error with status 200": Reply({"error": "Something went wrong"}),
    "deeply nested": Reply(b"[" * 100_000),
}
STAYS: dict[str, type[CursorError]] = {
    "500": CursorServerError,
    "502 with HTML": CursorServerError,
    "503 that asks for time": CursorServerError,
    "409": CursorServerError,
    "dropped": CursorUnreachableError,
    "truncated": CursorTruncatedAnswerError,
    "half a body, its length right": CursorTruncatedAnswerError,
}
CASES = list(PASSING)


@pytest.mark.parametrize("case", CASES)
def test_what_passes_is_tried_again(server: FaultServer, clock: FakeClock, case: str):
    server.script("usage_events", PASSING[case], PASSING[case], OK)
    (page,) = read(client_of(server, clock), events)
    assert page.records == []
    assert len(server.requests) == 3


@pytest.mark.parametrize("case", CASES)
def test_what_stays_is_an_error_and_never_no_data(server: FaultServer, clock: FakeClock, case: str):
    server.script("usage_events", PASSING[case])
    error = error_of(client_of(server, clock), events)
    expected = STAYS.get(case, CursorAnswerError)
    assert type(error) is expected
    assert error.is_retryable is (case in STAYS)
    assert len(server.requests) == 5
    assert len(clock.slept) == 4  # not after the last
    if case != "503 that asks for time":
        for number, slept in enumerate(clock.slept):
            assert 2**number <= slept <= 2**number + 1


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"error": "Unauthorized", "message": "Invalid API key"}, CursorAuthError),
        (401, {"code": "error", "message": "Invalid Team API Key"}, CursorAuthError),
        (401, {"error": "Unauthorized"}, CursorAuthError),
        (401, b"", CursorAuthError),
        (403, {"message": "Invalid API key"}, CursorAuthError),
        (401, {"message": "You must be a member of an enterprise team to access this resource"}, CursorPlanError),
        (403, {"message": "You must be a member of an enterprise team to access this resource"}, CursorPlanError),
        (401, {"error": "Enterprise access required"}, CursorPlanError),
        (403, {"error": "Forbidden", "message": "Not authorized"}, CursorPlanError),
        (401, {"code": "error", "message": "Not authorized"}, CursorPlanError),
        (403, b"Not authorized", CursorPlanError),
        (403, {"code": "invalid_api_key", "message": "Enterprise access required"}, CursorPlanError),
        (403, b"<html>Blocked by your company</html>", CursorAnswerError),
        (404, {"error": "Not found"}, CursorAnswerError),
        (302, b"", CursorAnswerError),
        (204, b"", CursorAnswerError),
        (400, {"message": "Date range cannot exceed 30 days"}, CursorRequestError),
        (405, {"message": "Method not allowed"}, CursorRequestError),
        (422, {"message": "page must be a number"}, CursorRequestError),
    ],
)
def test_what_will_not_pass_is_not_tried_again(
    server: FaultServer, clock: FakeClock, status: int, body: object, expected: type[CursorError]
):
    content_type = "text/html" if body == b"<html>Blocked by your company</html>" else "application/json"
    server.script("usage_events", Reply(body, status, {"Content-Type": content_type, "Location": "http://127.0.0.1:1"}))
    error = error_of(client_of(server, clock), events)
    assert type(error) is expected
    assert (error.status_code, error.is_retryable, error.endpoint) == (status, False, "usage_events")
    assert (len(server.requests), clock.slept) == (1, [])
    assert error.next_step
    assert str(error).startswith("usage events: ")
    if isinstance(body, dict):
        assert error.api_message == body.get("message", body.get("error"))


def test_the_total_time_ends_a_series_before_its_attempts_do(server: FaultServer, clock: FakeClock):
    server.script("usage_events", rate_limited("50"))
    policy = RetryPolicy(attempts=100, total_seconds=120)
    assert isinstance(error_of(client_of(server, clock, retry_policy=policy), events), CursorRateLimitError)
    assert sum(clock.slept) == pytest.approx(100)


@pytest.mark.parametrize("endpoint", READERS)
def test_a_server_that_does_not_answer_is_given_up(server: FaultServer, endpoint: str):
    server.script(endpoint, Reply(fault="stall"))
    client = client_of(server, timeouts=Timeouts(read=0.05), retry_policy=RetryPolicy(attempts=1))
    error = error_of(client, READERS[endpoint])
    assert isinstance(error, CursorUnreachableError)
    assert "did not answer in time" in str(error)


def test_one_try_has_an_end_though_bytes_keep_coming(server: FaultServer):
    server.script("members", Reply(fault="stall"))
    client = client_of(server, timeouts=Timeouts(attempt=0.05), retry_policy=RetryPolicy(attempts=1))
    error = error_of(client, CursorAdminClient.members)
    assert isinstance(error, CursorUnreachableError)
    assert "did not answer in time" in str(error)


def test_nobody_there(clock: FakeClock, unused_port: int):
    client = CursorAdminClient("key_x", base_url=f"http://127.0.0.1:{unused_port}", clock=clock)
    error = error_of(client, CursorAdminClient.members)
    assert isinstance(error, CursorUnreachableError)
    assert f"http://127.0.0.1:{unused_port} refused the connection" in str(error)
    assert len(clock.slept) == 4


def test_a_name_without_an_address(clock: FakeClock):
    client = CursorAdminClient("key_x", base_url="http://nobody.invalid", clock=clock)
    error = error_of(client, CursorAdminClient.members)
    assert isinstance(error, CursorUnreachableError)
    assert "http://nobody.invalid was not found" in str(error)


def test_https_where_http_is_spoken(server: FaultServer, clock: FakeClock):
    client = client_of(server, clock, base_url=server.url.replace("http:", "https:"))
    error = error_of(client, CursorAdminClient.members)
    assert isinstance(error, CursorUnreachableError)
    assert "did not agree on TLS; check the Base URL (http:// for a server without TLS)" in str(error)


@given(seconds=st.integers(0, 10**9))
def test_retry_after_in_whole_seconds(seconds: int):
    assert parse_retry_after(f" {seconds} ", NOW) == seconds


@given(seconds=st.decimals(0, 10**6, places=3))
def test_retry_after_in_broken_seconds(seconds):
    assert parse_retry_after(str(seconds), NOW) == pytest.approx(float(seconds))


@given(seconds=st.integers(-(10**8), 10**8))
def test_retry_after_as_a_date(seconds: int):
    header = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert parse_retry_after(header, NOW) == max(seconds, 0)


@given(text=st.one_of(st.text(), st.from_regex(r"[-+]?[0-9eE._:, ]+|nan|inf|-?infinity")))
def test_any_retry_after_is_a_finite_wait_or_none(text: str):
    seconds = parse_retry_after(text, NOW)
    assert seconds is None or 0 <= seconds < float("inf")
