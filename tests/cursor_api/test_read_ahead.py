"""Pages that are announced are asked for side by side, and come out as if they had been asked for one by one."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import threading
import time
import traceback
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cursor_usage.cursor_api import CursorAnswerError, CursorRequestError, PagesRead, RetryPolicy
from cursor_usage.cursor_api.read_ahead import PAGES_AHEAD
from tests.cursor_api.fault_server import FakeClock, FaultServer, Reply, Request
from tests.cursor_api.reading import KEY, client_of, error_of, events, read, records_of

if TYPE_CHECKING:
    from cursor_usage.cursor_api import CursorAdminClient

PATIENCE_SECONDS = 10


def page_of(number: int, pages: int, **claims: Any) -> Reply:
    """Page ``number`` of ``pages``, one record each."""
    paging = {"numPages": pages, "hasNextPage": number < pages}
    body = {"usageEvents": [{"page": number}], "totalUsageEventsCount": pages, "pagination": paging}
    return Reply(body | claims)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages=st.integers(1, 40), seed=st.integers(0, 1000))
def test_pages_come_in_order_whatever_the_order_of_the_answers(server: FaultServer, pages: int, seed: int) -> None:
    server.requests.clear()
    dice = random.Random(seed)  # noqa: S311  # how long an answer takes is no secret

    def answer(request: Request) -> Reply:
        time.sleep(dice.random() / 200)
        return page_of(request.body["page"], pages)

    server.answer("usage_events", answer)
    got = read(client_of(server), events)
    assert [json.loads(record)["page"] for record in records_of(got)] == list(range(1, pages + 1))
    assert sorted(request.body["page"] for request in server.requests) == list(range(1, pages + 1))


def test_announced_pages_are_under_way_at_once(server: FaultServer) -> None:
    last_asked = threading.Event()

    def answer(request: Request) -> Reply:
        if request.body["page"] == 5:
            last_asked.set()
        elif request.body["page"] > 1:
            assert last_asked.wait(PATIENCE_SECONDS)
        return page_of(request.body["page"], 5)

    server.answer("usage_events", answer)
    assert len(read(client_of(server), events)) == 5


def test_no_more_pages_are_under_way_than_fit_into_memory(server: FaultServer) -> None:
    may_answer = threading.Event()

    def answer(request: Request) -> Reply:
        assert request.body["page"] == 1 or may_answer.wait(PATIENCE_SECONDS)
        return page_of(request.body["page"], 40)

    server.answer("usage_events", answer)

    async def two_readings() -> tuple[int, int]:
        client = client_of(server)
        async with client:
            readers = [asyncio.create_task(_all_pages(client)) for _ in range(2)]
            await until_asked(server, 2 + PAGES_AHEAD)
            await asyncio.sleep(0.2)  # for one more, which must not come
            under_way = len(server.requests) - 2
            may_answer.set()
            return under_way, sum(len(pages) for pages in await asyncio.gather(*readers))

    under_way, pages = asyncio.run(two_readings())
    assert under_way <= PAGES_AHEAD + 2
    assert pages == 80


def test_rows_that_need_fewer_pages_than_are_announced_are_believed(server: FaultServer) -> None:
    server.answer("usage_events", lambda request: page_of(request.body["page"], 30, totalUsageEventsCount=2))
    # The last announced row is on page 2; what hasNextPage promises behind it is followed page by page.
    client = client_of(server)

    async def two_pages() -> None:
        async with client, aclosing(events(client)) as pages:
            assert (await anext(pages)).number == 1
            assert (await anext(pages)).number == 2

    asyncio.run(two_pages())
    assert {request.body["page"] for request in server.requests} == {1, 2}


def test_fewer_pages_than_announced_end_the_reading(server: FaultServer) -> None:
    def answer(request: Request) -> Reply:
        return page_of(request.body["page"], 2 if request.body["page"] == 2 else 6)

    server.answer("usage_events", answer)
    assert [page.number for page in read(client_of(server), events)] == [1, 2]


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (Reply({"message": "bad page"}, 400), CursorRequestError),
        (Reply({"usageEvents": [{"page": 2}], "pagination": {"numPages": 9, "hasNextPage": True}}), CursorAnswerError),
    ],
)
def test_an_error_comes_out_as_itself_and_ends_the_pages_behind_it(
    server: FaultServer, caplog: pytest.LogCaptureFixture, broken: Reply, error: type[Exception]
) -> None:
    def answer(request: Request) -> Reply:
        page = request.body["page"]
        return broken if page == 3 else Reply({"message": "bad too"}, 400) if page > 3 else page_of(page, 9)

    server.answer("usage_events", answer)
    with caplog.at_level(logging.DEBUG):
        caught = error_of(client_of(server), events)
    assert isinstance(caught, error)
    assert caught.__context__ is None
    assert "never retrieved" not in caplog.text
    frames = traceback.TracebackException.from_exception(caught, capture_locals=True).format()
    assert KEY not in "".join(frames) + caplog.text


def test_a_reader_that_is_cancelled_leaves_no_request_behind(server: FaultServer) -> None:
    def answer(request: Request) -> Reply:
        return page_of(1, 9) if request.body["page"] == 1 else Reply(fault="stall")

    server.answer("usage_events", answer)

    async def cancelled() -> set[asyncio.Task[Any]]:
        client = client_of(server)
        async with client:
            reader = asyncio.create_task(_all_pages(client))
            await until_asked(server, 9)
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(cancelled()) == set()


def test_a_reading_that_nobody_goes_on_with_holds_up_no_other(server: FaultServer) -> None:
    server.answer("usage_events", lambda request: page_of(request.body["page"], 30))

    async def left_and_read() -> int:
        client = client_of(server)
        async with client:
            left = [events(client) for _ in range(3)]
            for pages in left:
                await anext(pages)
            return len(await _all_pages(client))

    assert asyncio.run(left_and_read()) == 30


def test_a_reading_goes_on_behind_the_pages_that_were_read_before(server: FaultServer) -> None:
    server.answer("usage_events", lambda request: page_of(request.body["page"], 6))
    whole = read(client_of(server), events)
    server.requests.clear()
    before = PagesRead(4, frozenset(page.digest for page in whole[:4]))
    start, end = whole[0].requested_at, whole[0].requested_at
    rest = read(client_of(server), lambda client: client.usage_events(start, end, after=before))
    assert records_of(rest) == records_of(whole[4:])
    assert [request.body["page"] for request in server.requests] == [5, 6]


def test_a_page_that_was_read_before_does_not_count_as_another_one(server: FaultServer) -> None:
    server.answer("usage_events", lambda request: page_of(request.body["page"], 6))
    first = read(client_of(server), events)[0]
    server.answer("usage_events", lambda _: page_of(1, 6))
    at = first.requested_at
    error = error_of(
        client_of(server), lambda client: client.usage_events(at, at, after=PagesRead(4, frozenset({first.digest})))
    )
    assert "repeats an earlier page" in str(error)


def test_turns_that_others_take_do_not_use_up_a_requests_attempts(server: FaultServer) -> None:
    # Another client leaves one request in four to us: each page is refused more often than there are attempts.
    numbers = iter(range(10_000))

    def answer(request: Request) -> Reply:
        number = next(numbers)
        refused = request.body["page"] > 1 and number % 4
        return Reply({"error": "Rate limit exceeded"}, 429) if refused else page_of(request.body["page"], 13)

    server.answer("usage_events", answer)
    # Each wait of one request moves the faked time for all, so only attempts are counted here, not seconds.
    policy = RetryPolicy(total_seconds=1e9)
    client = client_of(server, FakeClock(), requests_per_minute=60, retry_policy=policy)
    assert len(read(client, events)) == 13


async def _all_pages(client: CursorAdminClient) -> list[Any]:
    return [page async for page in events(client)]


async def until_asked(server: FaultServer, requests: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(server.requests) < requests:  # noqa: ASYNC110 - what is waited for happens in the server's threads
            await asyncio.sleep(0.001)
