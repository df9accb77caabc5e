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


STEPS = st.lists(
    st.one_of(
        st.just("ask"),
        st.just("answered"),
        st.sampled_from([0.0, 1.0, 60.0]).map(lambda s: ("refused", s)),
        st.floats(0, 90),
    ),
    max_size=60,
)


async def _departures_between_refusals(limit: int, steps: list[object]) -> tuple[list[float], EndpointGate]:
    clock = FakeClock()
    gate = EndpointGate(limit, clock)
    departures, newest = [], 0
    for step in steps:
        if isinstance(step, float):
            await clock.sleep(step)
        elif isinstance(step, tuple):
            gate.turn_away(newest, step[1])
        elif step == "answered":
            gate.note_answer()
        else:
            before = clock.seconds
            newest = await gate.pass_through()
            assert clock.seconds - before <= 61.01, "a minute's wait is the longest, whatever happened before"
            departures.append(clock.seconds)
        assert 1 <= gate.limit <= limit
    return departures, gate


@given(limit=st.integers(1, 8), steps=STEPS)
def test_no_minute_holds_more_than_the_limit_whatever_is_refused(limit: int, steps: list[object]):
    departures, _ = asyncio.run(_departures_between_refusals(limit, steps))
    for first, one_too_many in zip(departures, departures[limit:], strict=False):
        assert one_too_many - first > 60


def _gate_after(limit: int, answered: int, refused: int) -> tuple[EndpointGate, FakeClock]:
    clock = FakeClock()

    async def burst() -> EndpointGate:
        gate = EndpointGate(limit, clock)
        turns = [await gate.pass_through() for _ in range(answered + refused)]
        for _ in range(answered):
            gate.note_answer()
        for turn in turns[answered:]:
            gate.turn_away(turn, 60)
        return gate

    return asyncio.run(burst()), clock


@pytest.mark.parametrize(
    ("limit", "answered", "refused", "lowered"),
    [(60, 45, 1, 45), (60, 45, 15, 45), (60, 0, 1, 30), (60, 10, 16, 30), (60, 59, 1, 59), (1, 0, 1, 1), (2, 0, 2, 1)],
)
def test_the_limit_falls_to_what_got_through_though_at_most_by_half(limit, answered, refused, lowered):
    gate, _ = _gate_after(limit, answered, refused)
    assert gate.limit == lowered


def test_the_limit_rises_again_step_by_step_and_not_beyond_what_is_configured():
    gate, clock = _gate_after(60, 40, 3)
    seen = []

    async def quiet_minutes() -> None:
        for _ in range(12):
            await clock.sleep(62)
            await gate.pass_through()
            seen.append(gate.limit)

    asyncio.run(quiet_minutes())
    assert seen[:3] == [40, 43, 46]  # the first of them was the pause
    assert seen[-1] == 60
    assert seen == sorted(seen)


def test_a_quota_shared_with_another_client_is_used_and_not_fought_over():
    """The API lets twenty through a minute and another client takes twelve of them: eight are ours."""

    async def two_hours() -> tuple[int, int]:
        clock = FakeClock()
        gate = EndpointGate(20, clock)
        got_through: list[float] = []
        refused = 0
        while clock.seconds < 1000 + 7200:
            turn = await gate.pass_through()
            if sum(at > clock.seconds - 60 for at in got_through) < 8:
                got_through.append(clock.seconds)
                gate.note_answer()
            else:
                refused += 1
                gate.turn_away(turn, 60)
        return len(got_through), refused

    got_through, refused = asyncio.run(two_hours())
    assert got_through >= 0.9 * 8 * 120
    assert refused <= 1.1 * 120
