"""Every page is read once, in order, its records untouched; and reading ends, whatever the server says."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cursor_usage.cursor_api import CursorAdminClient, CursorAnswerError
from tests.cursor_api.fault_server import FaultServer, Reply, Request
from tests.cursor_api.reading import READERS, client_of, daily_usage, error_of, events, read, records_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RECORDS_KEY = {
    "members": "teamMembers",
    "spend": "teamMemberSpend",
    "daily_usage": "data",
    "usage_events": "usageEvents",
}
over_real_http = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def paged(rows: list[Any], envelope: Callable[[int, int, int], dict[str, Any]], key: str) -> Callable[[Request], Reply]:
    """A well-behaved endpoint over some rows; ``envelope`` is told page, page size and number of pages."""

    def answer(request: Request) -> Reply:
        page, size = request.body["page"], request.body["pageSize"]
        pages = -(-len(rows) // size)
        return Reply({key: rows[(page - 1) * size : page * size], **envelope(page, size, pages)})

    return answer


def events_envelope(total: int, wrap: Callable[[int], Any] = int) -> Callable[[int, int, int], dict[str, Any]]:
    return lambda page, size, pages: {
        "totalUsageEventsCount": wrap(total),
        "pagination": {
            "numPages": wrap(pages),
            "currentPage": page,
            "pageSize": size,
            "hasNextPage": page < pages,
            "hasPreviousPage": page > 1,
        },
    }


@over_real_http
@given(total=st.one_of(st.integers(0, 3200), st.sampled_from([999, 1000, 1001, 2000, 3000])))
def test_events_are_read_to_the_last_page_and_not_beyond(server: FaultServer, total: int) -> None:
    server.requests.clear()
    rows = [{"n": number} for number in range(total)]
    server.answer("usage_events", paged(rows, events_envelope(total), "usageEvents"))
    pages = read(client_of(server), events)
    assert [json.loads(record) for record in records_of(pages)] == rows
    assert [page.number for page in pages] == list(range(1, max(1, -(-total // 1000)) + 1))
    assert len(server.asked("usage_events")) == len(pages)
    assert {page.announced_records for page in pages} == {total}


@over_real_http
@given(total=st.one_of(st.integers(0, 350), st.sampled_from([100, 200, 300])))
def test_spend_ends_at_total_pages(server: FaultServer, total: int) -> None:
    server.requests.clear()
    rows = [{"userId": f"user_{number}"} for number in range(total)]

    def envelope(_page: int, _size: int, pages: int) -> dict[str, Any]:
        return {"subscriptionCycleStart": "1793567588000", "totalMembers": total, "totalPages": max(pages, 1)}

    server.answer("spend", paged(rows, envelope, "teamMemberSpend"))
    pages = read(client_of(server), CursorAdminClient.spend)
    assert [json.loads(record) for record in records_of(pages)] == rows
    assert len(server.asked("spend")) == max(1, -(-total // 100))
    assert {(page.cycle_start_ms, page.announced_records) for page in pages} == {(1793567588000, total)}


@pytest.mark.parametrize("says", ["hasNextPage", "totalPages", "both", "a stale hasNextPage"])
def test_daily_usage_follows_whichever_says_more(server: FaultServer, says: str) -> None:
    users = [[{"userId": f"user_{number}", "day": day} for day in (1, 2)] for number in range(2500)]

    def answer(request: Request) -> Reply:
        page, size = request.body["page"], request.body["pageSize"]
        rows = [row for user in users[(page - 1) * size : page * size] for row in user]
        pagination: dict[str, Any] = {"page": page, "totalUsers": len(users)}
        if says in {"hasNextPage", "both"}:
            pagination["hasNextPage"] = page < 3
        if says == "a stale hasNextPage":
            pagination["hasNextPage"] = False
        if says != "hasNextPage":
            pagination["totalPages"] = 3
        return Reply({"data": rows, "pagination": pagination})

    server.answer("daily_usage", answer)
    pages = read(client_of(server), daily_usage)
    assert [len(page.records) for page in pages] == [2000, 2000, 1000]
    assert {page.announced_records for page in pages} == {None}  # people are announced, not rows


def test_members_are_one_get_without_parameters(server: FaultServer) -> None:
    # Paging words in the answer change nothing: a `page` parameter would bring the same list again.
    server.script("members", Reply({"teamMembers": [{"id": 1}] * 3, "pagination": {"hasNextPage": True}}))
    (page,) = read(client_of(server), CursorAdminClient.members)
    (request,) = server.requests
    assert (request.method, request.path, request.raw_body) == ("GET", "/teams/members", b"")
    assert len(page.records) == 3


def test_numbers_as_text_are_numbers(server: FaultServer) -> None:
    rows = [{"n": number} for number in range(1001)]
    server.answer("usage_events", paged(rows, events_envelope(1001, wrap=str), "usageEvents"))
    pages = read(client_of(server), events)
    assert [(page.announced_records, page.total_pages) for page in pages] == [(1001, 2), (1001, 2)]


@pytest.mark.parametrize(
    ("sizes", "asked"),
    [([0], 1), ([7], 1), ([1000, 5], 2), ([1000, 0], 2), ([1000, "same"], 2), ([1000, 1000, "same"], 3)],
)
def test_an_answer_that_says_nothing_of_paging_is_read_until_nothing_new_comes(
    server: FaultServer, sizes: list[Any], asked: int
) -> None:
    pages: list[list[dict[str, Any]]] = []
    for number, size in enumerate(sizes):
        pages.append(pages[-1] if size == "same" else [{"page": number, "n": n} for n in range(size)])
    server.answer("usage_events", lambda request: Reply({"usageEvents": pages[request.body["page"] - 1]}))
    got = read(client_of(server), events)
    assert len(records_of(got)) == sum(size for size in sizes if size != "same")
    assert len(server.requests) == asked


def test_daily_usage_without_pagination_is_one_page_of_rows(server: FaultServer) -> None:
    # 200 people and 30 days: more rows than the page size, which counts people.
    server.script("daily_usage", Reply({"data": [{"n": number} for number in range(6000)]}))
    assert len(records_of(read(client_of(server), daily_usage))) == 6000


@pytest.mark.parametrize("endpoint", ["usage_events", "spend", "daily_usage"])
@pytest.mark.parametrize(
    ("how", "asked"),
    [
        # Announced pages behind the one that is wrong may be under way already.
        ("repeats", range(2, 4)),
        ("repeats in turns", range(3, 5)),
        ("empty", range(2, 4)),
        ("empty at once", [1]),
        ("never ends", range(12, 20)),
    ],
)
def test_endless_paging_ends_in_an_error(server: FaultServer, endpoint: str, how: str, asked: Sequence[int]) -> None:
    fresh = count()

    def rows(page: int) -> list[dict[str, int]]:
        return {
            "repeats": [{"n": 1}],
            "repeats in turns": [{"n": page % 2}],
            "empty": [{"n": 1}] if page == 1 else [],
            "empty at once": [],
            "never ends": [{"n": next(fresh)}],
        }[how]

    def answer(request: Request) -> Reply:
        page = request.body["page"]
        paging = {"hasNextPage": True, "numPages": 3} if endpoint == "usage_events" else {"totalPages": page + 1}
        return Reply({RECORDS_KEY[endpoint]: rows(page), "pagination": paging})

    server.answer(endpoint, answer)
    error = error_of(client_of(server), READERS[endpoint])
    assert isinstance(error, CursorAnswerError)
    assert not error.is_retryable
    assert "pages do not end" in str(error)
    assert len(server.requests) in asked


def test_pages_that_become_more_while_they_are_read_are_followed(server: FaultServer) -> None:
    def answer(request: Request) -> Reply:
        page = request.body["page"]
        paging = {"numPages": page + 1, "hasNextPage": page < 8}
        return Reply({"usageEvents": [{"page": page}], "totalUsageEventsCount": page, "pagination": paging})

    server.answer("usage_events", answer)
    assert [page.announced_records for page in read(client_of(server), events)] == list(range(1, 9))


def test_records_are_handed_on_byte_for_byte(server: FaultServer) -> None:
    records = [
        b'{"chargedCents":1.10000000000000000000001,"unknown":{"a" : [1,2]}}',
        b'{"chargedCents": 1E-7, "userEmail": "\\u00e4\xc3\xa4@example.com"}',
        b'{\n  "n": 1\n}',
        b"{}",
    ]
    body = b'{"usageEvents" : [ ' + b" , ".join(records) + b' ], "totalUsageEventsCount": 4, "newField": {"x": [1]}}'
    server.script("usage_events", Reply(body))
    (page,) = read(client_of(server), events)
    assert records_of([page]) == records
    assert page.envelope == {"totalUsageEventsCount": 4, "newField": {"x": [1]}}
    assert page.size_bytes == len(body)
