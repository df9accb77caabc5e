"""The simulator as a program, its control endpoints, and that its answers depend on nothing but seed and clock."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.cursor_api_simulator import Category, Clock, Simulator
from tests.cursor_api_simulator.clock import to_ms
from tests.test_cursor_api_simulator.conftest import CLOCK, Client
from tests.test_cursor_api_simulator.reading import category

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
DAY = "2026-11-23"


@contextlib.contextmanager
def _program(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The program with its URL and key, ended by Ctrl-C."""
    command = [sys.executable, "-m", "tests.cursor_api_simulator", "--port", "0", *arguments]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=pipe, stderr=pipe, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        found = re.fullmatch(r"Cursor API simulator: (http://127\.0\.0\.1:\d+) key (\S+)\n", line)
        assert found, line
        yield process, found[1], found[2]
    finally:
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=20)
    assert (process.returncode, *rest) == (0, "", "")


def _answers(http: httpx.Client) -> list[bytes]:
    window = {"startDate": to_ms(DAY), "endDate": to_ms("2026-11-24T23:59:59Z"), "page": 1, "pageSize": 1000}
    responses = [
        http.get("/teams/members"),
        http.post("/teams/spend", json={}),
        http.post("/teams/daily-usage-data", json=window),
        http.post("/teams/filtered-usage-events", json=window),
    ]
    assert {response.status_code for response in responses} == {200}
    return [response.content for response in responses]


def test_answers_are_a_pure_function_of_seed_and_clock(start: Callable[..., Client]) -> None:
    """Another process, another hash seed, other questions before: the same bytes."""
    here = start(seed=11)
    here.sim.clock.set("2026-11-24T20:00:00Z")
    _answers(here.http)
    here.sim.clock.set(CLOCK)
    ours = _answers(here.http)
    with _program("--seed", "11", "--clock", CLOCK, PYTHONHASHSEED="4711") as (_, url, key):
        theirs = _answers(httpx.Client(base_url=url, auth=(key, "")))
    assert ours == theirs
    assert _answers(start(seed=12).http)[3] != ours[3]
    here.sim.clock.advance(timedelta(hours=1))
    assert _answers(here.http)[3] != ours[3]


def test_the_program_ends_quietly_on_ctrl_c_with_a_connection_open() -> None:
    with _program() as (process, url, key):
        http = httpx.Client(base_url=url, auth=(key, ""))
        assert http.get("/teams/members").status_code == 200
        assert process.poll() is None


def test_options_of_the_program() -> None:
    arguments = ["--seats", "20", "--cycle-day", "9", "--key", "crsr_mine", "--refuse", "spend:401", "--clock", "today"]
    arguments += ["--option", "removed_members=vanish", "--option", "numeric_ids=true", "--warm-days", "2"]
    arguments += ["--option", "cycle_time=10:30:00", "--option", "founded=2026-11-20", "--quirk", "errored=1"]
    arguments += ["--fault", "status:members:2", "--fault", '{"name": "html", "endpoint": "daily_usage", "code": 502}']
    with _program(*arguments) as (_, url, key):
        assert key == "crsr_mine"
        http = httpx.Client(base_url=url, auth=(key, ""))
        assert [http.get("/teams/members").status_code for _ in range(3)] == [500, 500, 200]
        members = http.get("/teams/members").json()["teamMembers"]
        assert len(members) == 20
        assert isinstance(members[0]["id"], int)
        assert http.post("/teams/spend", json={}).status_code == 401
        assert http.post("/teams/daily-usage-data", json={}).status_code == 502
        answer = http.post("/teams/filtered-usage-events", json={"startDate": 0, "pageSize": 1000}).json()
        assert answer["usageEvents"]
        assert {category(event) for event in answer["usageEvents"]} == {Category.NOT_CHARGED}
        now = datetime.fromisoformat(httpx.get(f"{url}/_simulator/clock").json()["now"])
        assert now.time().isoformat() == "00:00:00"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--fault", "no_such_fault"], "no fault is called"),
        (["--option", "no_such_option=1"], "no option is called"),
        (["--option", "included_field=some"], "included_field is one of overall"),
        (["--option", "cycle_day=32"], "cycle_day 1 to 31"),
        (["--quirk", "no_such_quirk=1"], "no quirk is called"),
        (["--quirk", "twins=2"], "twins is a share of 0 to 1"),
        (["--clock", "2026-11-24T08:00:00"], "needs a time zone"),
        (["--refuse", "groups"], "no endpoint is called"),
    ],
)
def test_a_wrong_argument_is_one_line_and_status_2(arguments: list[str], complaint: str) -> None:
    command = [sys.executable, "-m", "tests.cursor_api_simulator", "--port", "0", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_that_is_taken(start: Callable[..., Client]) -> None:
    taken = start().sim
    with pytest.raises(OSError, match="in use"):
        Simulator(port=taken.port).start()


# Control.


def test_faults_clock_and_requests_over_http(start: Callable[..., Client]) -> None:
    client = start()
    control = httpx.Client(base_url=f"{client.sim.url}/_simulator")
    answer = control.post("/faults", json={"name": "status", "endpoint": "members", "times": 2, "code": 503})
    assert answer.json()["faults"][0]["name"] == "status"
    assert client.members().status_code == 503
    assert control.get("/faults").json()["faults"][0]["struck"] == 1
    assert control.delete("/faults").json() == {"faults": []}
    assert client.members().status_code == 200
    log = control.get("/requests").json()
    assert [request["status"] for request in log["requests"]] == [503, 200]
    assert log["count"] == 2
    assert "authorization" not in str(log).lower()
    assert client.sim.key not in str(log)
    assert control.delete("/requests").json() == {"count": 0, "requests": []}
    moved = control.post("/clock", json={"at": "2026-12-01T00:00:00Z"}).json()
    assert moved == {"now": "2026-12-01T00:00:00+00:00", "is_frozen": True}
    assert control.post("/clock", json={"advance_hours": 1.5}).json()["now"] == "2026-12-01T01:30:00+00:00"
    assert not control.post("/clock", json={"offset_hours": 0}).json()["is_frozen"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "faults", {"name": "no_such_fault"}, 400),
        ("POST", "faults", {"endpoint": "members"}, 400),
        ("POST", "faults", ["status"], 400),
        ("POST", "faults", {"name": "call"}, 400),
        ("POST", "clock", {}, 400),
        ("POST", "clock", {"at": "soon"}, 400),
        ("PUT", "clock", {}, 404),
        ("GET", "elsewhere", None, 404),
    ],
)
def test_wrong_control_requests(shared: Client, method: str, path: str, body: Any, status: int) -> None:
    response = httpx.request(method, f"{shared.sim.url}/_simulator/{path}", json=body)
    assert response.status_code == status
    assert shared.sim.faults.list() == []


# In a test.


def test_stopping_closes_open_connections_and_the_port() -> None:
    sim = Simulator(clock=CLOCK).start()
    client = Client(sim)
    assert client.members().status_code == 200
    url = sim.url
    sim.stop()
    with pytest.raises(httpx.TransportError):
        client.members()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    with pytest.raises(RuntimeError, match="not running"):
        _ = sim.url


def test_stopping_does_not_wait_for_a_slow_answer() -> None:
    sim = Simulator(clock=CLOCK).start()
    sim.faults.add("slow", seconds=60)
    client = Client(sim)

    def ask() -> None:
        with contextlib.suppress(httpx.TransportError):
            client.members()

    asking = threading.Thread(target=ask)
    asking.start()
    while not sim.faults.list()[0]["struck"]:
        time.sleep(0.01)
    sim.stop()
    asking.join(timeout=5)
    assert not asking.is_alive()


def test_many_connections_at_once_get_the_same_answer(start: Callable[..., Client]) -> None:
    client = start(events_per_day=3000)
    bodies: list[bytes] = []
    threads = [threading.Thread(target=lambda: bodies.append(client.day(DAY).content)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bodies) == 12
    assert len(set(bodies)) == 1


def test_a_clock_ticks_unless_it_is_set() -> None:
    clock = Clock(offset=timedelta(days=-1))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert abs(clock.now_ms() - to_ms(yesterday)) < 5000
    clock.advance(timedelta(hours=2))
    assert abs(clock.now_ms() - to_ms(yesterday) - 7_200_000) < 5000
    clock.set("2026-11-24")
    assert clock.now_ms() == to_ms("2026-11-24T00:00:00Z")
    with pytest.raises(ValueError, match="time zone"):
        clock.set("2026-11-24T08:00:00")
