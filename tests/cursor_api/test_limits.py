"""The limiter: what a minute may hold, and how it is configured."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_usage.cursor_api import CursorRequestError, Endpoint, limits_by_endpoint
from cursor_usage.cursor_api.limits import EndpointGate
from tests.cursor_api.fault_server import FakeClock, FaultServer, Reply
from tests.cursor_api.reading import client_of, read


async def _departures(limit: int, idle_before: list[float]) -> list[float]:
    clock = FakeClock()
    gate = EndpointGate(limit, clock)
    departures = []
    for idle in idle_before:
        await clock.sleep(idle)
        await gate.pass_through()
        departures.append(clock.seconds)
    return departures


@given(
    limit=st.integers(1, 8),
    idle_before=st.lists(st.one_of(st.just(0.0), st.floats(0, 90), st.sampled_from([59.9994, 60.0, 60.0006]))),
)
def test_no_minute_holds_more_than_the_limit(limit: int, idle_before: list[float]):
    departures = asyncio.run(_departures(limit, idle_before))
    for first, one_too_many in zip(departures, departures[limit:], strict=False):
        assert one_too_many - first > 60


def test_the_limit_is_used_up_at_once_and_then_waited_for():
    departures = asyncio.run(_departures(20, [0.0] * 41))
    start = departures[0]
    assert departures[:20] == [start] * 20
    assert departures[20] - start == pytest.approx(61, abs=0.01)
    assert departures[40] - start == pytest.approx(122, abs=0.02)


def test_all_readers_of_a_client_share_its_limits_and_entering_again_forgets_nothing(server: FaultServer):
    clock = FakeClock()
    client = client_of(server, clock, requests_per_minute={"members": 3})

    async def four_at_once() -> None:
        async with client:
            await asyncio.gather(*(anext(client.members()) for _ in range(4)))

    asyncio.run(four_at_once())
    assert clock.seconds == pytest.approx(1061, abs=0.01)
    read(client, type(client).members)
    read(client, type(client).members)
    assert clock.seconds == pytest.approx(1061, abs=0.01)
    read(client, type(client).members)
    assert clock.seconds == pytest.approx(1122, abs=0.02)


def test_waiting_in_the_queue_is_not_counted_as_trying(server: FaultServer):
    clock = FakeClock()
    client = client_of(server, clock, requests_per_minute=1)
    server.script("spend", *(Reply({"teamMemberSpend": [{"n": n}], "totalPages": 15}) for n in range(15)))
    assert len(read(client, type(client).spend)) == 15
    assert sum(clock.slept) == pytest.approx(14 * 61, abs=0.1)  # more than the 10 minutes of one request's series


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        (20, [20, 20, 20, 20]),
        ("60", [60, 60, 60, 60]),
        ({}, [20, 20, 20, 20]),
        ({"usage_events": 60}, [20, 20, 20, 60]),
        ({"usage_events": "60", "members": 5.0}, [5, 20, 20, 60]),
    ],
)
def test_limits_are_a_number_or_numbers_by_endpoint(configured, expected: list[int]):
    assert limits_by_endpoint(configured) == dict(zip(Endpoint, expected, strict=True))


@pytest.mark.parametrize("configured", [0, -1, 1.5, "many", True, {"members": 0}, {"events": 60}, {"members": None}])
def test_limits_that_are_none_are_refused(configured):
    with pytest.raises(
        CursorRequestError, match=r"^requests_per_minute .*; give a whole number above zero, or an object"
    ):
        limits_by_endpoint(configured)
