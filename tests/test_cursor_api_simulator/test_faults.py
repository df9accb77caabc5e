"""Each fault over real HTTP: what the caller sees, and that it ends when it should."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.cursor_api_simulator import FAULTS, Faults, Request, Simulator
from tests.cursor_api_simulator.clock import to_ms
from tests.test_cursor_api_simulator.conftest import CLOCK, Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAY = "2026-11-20"
PAGE = 50


@pytest.fixture(scope="module")
def _running() -> Iterator[Client]:
    with Simulator(seed=7, clock=CLOCK) as sim:
        client = Client(sim)
        yield client
        client.http.close()


@pytest.fixture
def client(_running: Client) -> Iterator[Client]:
    """One simulator for all of these tests, without what the test before asked for."""
    _running.sim.faults.clear()
    _running.sim.forget_requests()
    yield _running
    _running.sim.faults.clear()


def _four(client: Client) -> dict[str, Callable[[], httpx.Response]]:
    return {
        "members": client.members,
        "spend": client.spend,
        "daily_usage": lambda: client.daily(DAY, DAY),
        "usage_events": lambda: client.day(DAY),
    }


# Which requests are struck.


@pytest.mark.parametrize("endpoint", ["members", "spend", "daily_usage", "usage_events"])
def test_a_fault_strikes_its_endpoint_once(client: Client, endpoint: str) -> None:
    client.sim.faults.add("status", endpoint, code=503)
    for _ in range(2):
        for name, call in _four(client).items():
            first = not [r for r in client.sim.requests if r.endpoint == endpoint]
            assert call().status_code == (503 if name == endpoint and first else 200)


def test_a_fault_without_an_endpoint_strikes_all_for_ever(client: Client) -> None:
    client.sim.faults.add("status", times=None)
    assert {call().status_code for _ in range(3) for call in _four(client).values()} == {500}
    client.sim.faults.clear()
    assert {call().status_code for call in _four(client).values()} == {200}


def test_page_nth_and_times_choose_requests(client: Client) -> None:
    client.sim.faults.add("status", "usage_events", page=2, nth=2, times=2)
    statuses = [[client.day(DAY, page=page, pageSize=PAGE).status_code for page in (1, 2)] for _ in range(4)]
    assert statuses == [[200, 200], [200, 500], [200, 500], [200, 200]]


def test_a_window_can_be_chosen_by_its_first_day(client: Client) -> None:
    client.sim.faults.add("status", start_date="2026-11-19", times=None)
    assert [client.day(f"2026-11-{day}").status_code for day in (18, 19, 20)] == [200, 500, 200]
    assert client.members().status_code == 200


def test_faults_follow_one_another(client: Client) -> None:
    client.sim.faults.add("status", code=409)
    client.sim.faults.add("rate_limited")
    assert [client.members().status_code for _ in range(3)] == [409, 429, 200]
    struck = {fault["name"]: fault["struck"] for fault in client.sim.faults.list()}
    assert struck == {"status": 1, "rate_limited": 1}


@pytest.mark.parametrize(
    ("name", "endpoint", "params"),
    [
        ("no_such_fault", None, {}),
        ("status", "groups", {}),
        ("status", None, {"kode": 500}),
        ("html", None, {"share": 1}),
        ("status", None, {"times": "two"}),
        ("call", None, {}),
    ],
)
def test_a_misspelt_fault_is_an_error(name: str, endpoint: str | None, params: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no_such_fault|groups|kode|share|two|function"):
        Faults().add(name, endpoint, **params)


# What a struck request sees.


@pytest.mark.parametrize(("value", "header"), [(None, None), ("1.5", "1.5"), (7, "7"), ("absurd", "86400000")])
def test_429_with_and_without_a_header(client: Client, value: Any, header: str | None) -> None:
    client.sim.faults.add("rate_limited", retry_after=value)
    response = client.spend()
    assert response.status_code == 429
    assert response.headers.get("Retry-After") == header
    assert response.json()["message"] == "Rate limit exceeded"


def test_429_with_a_date(client: Client) -> None:
    client.sim.faults.add("rate_limited", retry_after="date", seconds=30)
    waiting = parsedate_to_datetime(client.spend().headers["Retry-After"]) - datetime.now(UTC)
    assert 25 <= waiting.total_seconds() <= 31


def test_dropped_before_an_answer(client: Client) -> None:
    client.sim.faults.add("drop_before", "usage_events")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.day(DAY)
    assert client.day(DAY).status_code == 200


def test_dropped_in_the_middle_of_the_body(client: Client) -> None:
    client.sim.faults.add("drop_midway", "usage_events")
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        client.day(DAY)
    assert client.day(DAY).status_code == 200


def test_json_that_is_cut(client: Client) -> None:
    client.sim.faults.add("cut_json", share=0.3)
    response = client.day(DAY)
    assert response.status_code == 200
    assert int(response.headers["Content-Length"]) == len(response.content)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        response.json()


def test_html_with_200(client: Client) -> None:
    client.sim.faults.add("html")
    response = client.members()
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.text.startswith("<!DOCTYPE html>")


def test_json_of_another_shape(client: Client) -> None:
    client.sim.faults.add("other_shape")
    client.sim.faults.add("other_shape", body=["a", "list"])
    assert client.members().json() == {"ok": True, "result": []}
    assert client.members().json() == ["a", "list"]


def test_slow_and_dripping_answers_are_whole(client: Client) -> None:
    whole = client.day(DAY).content
    for name in ("slow", "drip"):
        client.sim.faults.add(name, seconds=0.4)
        began = time.monotonic()
        assert client.day(DAY).content == whole
        assert 0.3 < time.monotonic() - began < 5
    client.sim.faults.add("slow", seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        client.http.get("/teams/members", timeout=0.2)
    client.sim.faults.add("drip", seconds=3)
    response = client.http.get("/teams/members", timeout=1)  # never silent for a second
    assert response.status_code == 200


def test_a_function_is_called_at_the_nth_request(client: Client) -> None:
    seen: list[Request] = []
    client.sim.faults.add("call", "usage_events", nth=2, function=seen.append)
    for page in (1, 2, 3):
        assert client.day(DAY, page=page, pageSize=PAGE).status_code == 200
    assert [(request.page, request.start_day) for request in seen] == [(2, DAY)]


def test_an_empty_page_that_promises_more(client: Client) -> None:
    client.sim.faults.add("empty_page", times=None)
    events, daily, spend = client.day(DAY).json(), client.daily(DAY, DAY).json(), client.spend().json()
    assert events["usageEvents"] == daily["data"] == spend["teamMemberSpend"] == []
    assert events["pagination"]["hasNextPage"]
    assert daily["pagination"]["hasNextPage"]
    assert spend["totalPages"] > 1


def test_paging_that_never_ends(client: Client) -> None:
    client.sim.faults.add("endless_paging", times=None)
    answer = client.day(DAY, page=500).json()
    assert answer["usageEvents"] == []
    assert answer["pagination"]["hasNextPage"]
    assert client.spend(page=500).json()["totalPages"] > 500


def test_an_announced_count_that_never_fits_and_one_that_fits_later(client: Client) -> None:
    client.sim.faults.add("count_off", "usage_events", by=-3, start_date=DAY, times=None)
    client.sim.faults.add("count_off", "usage_events", start_date="2026-11-21")
    for _ in range(2):
        answer = client.day(DAY).json()
        assert answer["totalUsageEventsCount"] == len(answer["usageEvents"]) - 3
    off = [client.day("2026-11-21").json() for _ in range(2)]
    assert [answer["totalUsageEventsCount"] - len(answer["usageEvents"]) for answer in off] == [1, 0]
    client.sim.faults.clear()
    client.sim.faults.add("count_off", times=None)
    assert client.spend().json()["totalMembers"] == len(client.spend().json()["teamMemberSpend"]) + 1
    answer = client.daily(DAY, DAY).json()
    assert answer["pagination"]["totalUsers"] == len({row["userId"] for row in answer["data"]}) + 1


def test_a_row_added_while_paging_repeats_at_the_border(client: Client) -> None:
    whole = client.day(DAY).json()["usageEvents"]
    client.sim.faults.add("row_added_while_paging", "usage_events", page=1)
    first, second = (client.day(DAY, page=page, pageSize=PAGE).json() for page in (1, 2))
    assert first["usageEvents"] == whole[1 : PAGE + 1]
    assert second["usageEvents"][0] == first["usageEvents"][-1]
    assert second["totalUsageEventsCount"] == first["totalUsageEventsCount"] + 1
    again = [client.day(DAY, page=page, pageSize=PAGE).json() for page in (1, 2)]
    assert [event for page in again for event in page["usageEvents"]] == whole[: PAGE * 2]


RECORDS = {"members": "teamMembers", "spend": "teamMemberSpend", "daily_usage": "data", "usage_events": "usageEvents"}


def _changed(client: Client, endpoint: str, name: str, **params: Any) -> tuple[list[Any], list[Any]]:
    """Records before and while the fault strikes."""
    call, key = _four(client)[endpoint], RECORDS[endpoint]
    before = call().json()[key]
    client.sim.faults.add(name, endpoint, **params)
    return before, call().json()[key]


@pytest.mark.parametrize("endpoint", RECORDS)
def test_a_wrong_type_and_a_missing_key_strike_one_record(client: Client, endpoint: str) -> None:
    before, after = _changed(client, endpoint, "wrong_type", record=1)
    assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [1]
    assert [value for value in after[1].values() if value == {"not": "this type"}]
    before, after = _changed(client, endpoint, "missing_field")
    assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b] == [0]
    assert len(before[0].keys() - after[0].keys()) == 1


def test_a_field_and_its_value_can_be_named(client: Client) -> None:
    _, after = _changed(client, "daily_usage", "wrong_type", field="totalApplies", value="many")
    assert after[0]["totalApplies"] == "many"
    _, after = _changed(client, "usage_events", "missing_field", field="model", record=2)
    assert "model" not in after[2]


@pytest.mark.parametrize("endpoint", RECORDS)
def test_unknown_fields_are_in_every_record_and_the_envelope(client: Client, endpoint: str) -> None:
    before, after = _changed(client, endpoint, "unknown_field", field="new", value={"a": [1]})
    assert [record | {"new": {"a": [1]}} for record in before] == after
    client.sim.faults.add("unknown_field", endpoint)
    assert _four(client)[endpoint]().json()["brandNewEnvelopeField"] == 1


def test_an_event_outside_the_window(client: Client) -> None:
    _, after = _changed(client, "usage_events", "outside_window")
    assert int(after[0]["timestamp"]) > to_ms("2026-11-21T23:59:59.998+00:00")
    _, after = _changed(client, "daily_usage", "outside_window", days=3)
    assert after[0]["day"] == "2026-11-23"


def test_negative_counters(client: Client) -> None:
    for endpoint, read in (
        ("usage_events", lambda record: record["tokenUsage"]["inputTokens"]),
        ("daily_usage", lambda record: record["totalApplies"]),
        ("spend", lambda record: record["fastPremiumRequests"]),
    ):
        before, after = _changed(client, endpoint, "negative_counter")
        assert read(after[0]) == -1
        assert before[1:] == after[1:]


def test_an_unknown_kind_with_cost(client: Client) -> None:
    before, after = _changed(client, "usage_events", "unknown_kind_with_cost", cents=99.5)
    assert after[0]["kind"] == "Mystery Bundle"
    assert after[0]["chargedCents"] == 99.5
    assert before[1:] == after[1:]


def test_records_that_are_not_struck_keep_their_bytes(client: Client) -> None:
    before = client.day(DAY).content
    client.sim.faults.add("unknown_kind_with_cost", record=3)
    after = client.day(DAY).content
    struck = json.loads(before)["usageEvents"][3]["timestamp"].encode()
    assert before[: before.index(struck)] == after[: after.index(struck)]
    assert before[-5000:] == after[-5000:]


def test_every_fault_has_been_tried_on_every_endpoint(client: Client) -> None:
    """No fault may break the simulator itself, wherever it strikes."""
    for name in FAULTS:
        params: dict[str, Any] = {"function": lambda request: None} if name == "call" else {}
        params |= {"seconds": 0.01} if name in {"slow", "drip"} else {}
        for endpoint, call in _four(client).items():
            client.sim.faults.add(name, endpoint, **params)
            try:
                assert call().status_code in {200, 429, 500}, (name, endpoint)
            except httpx.RemoteProtocolError:
                assert name in {"drop_before", "drop_midway"}
            assert call().status_code == 200, (name, endpoint)


def test_requests_are_kept_with_page_body_and_fault(client: Client) -> None:
    client.sim.faults.add("status", "usage_events", page=2)
    for page in (1, 2):
        client.day(DAY, page=page)
    client.members()
    client.http.get("/nowhere")
    kept = [(r.endpoint, r.page, r.status, r.fault) for r in client.sim.requests]
    assert kept == [("usage_events", 1, 200, None), ("usage_events", 2, 500, "status"), ("members", None, 200, None)]
    assert client.sim.requests[0].body["startDate"] == to_ms(DAY)
    client.sim.forget_requests()
    assert client.sim.requests == []
