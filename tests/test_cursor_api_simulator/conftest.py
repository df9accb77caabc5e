from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.cursor_api_simulator import Simulator
from tests.cursor_api_simulator.clock import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLOCK = "2026-11-24T08:00:00Z"
DAY_MS = 86_400_000


class Client:
    """The API as its callers see it, without any care of its own."""

    def __init__(self, sim: Simulator, key: str | None = None) -> None:
        self.sim = sim
        self.http = httpx.Client(base_url=sim.url, auth=(sim.key if key is None else key, ""), timeout=10)

    def members(self, **params: Any) -> httpx.Response:
        return self.http.get("/teams/members", params=params)

    def spend(self, **body: Any) -> httpx.Response:
        return self.http.post("/teams/spend", json=body)

    def daily(self, start: str, end: str, **body: Any) -> httpx.Response:
        body = {"startDate": to_ms(start), "endDate": to_ms(end), "page": 1, "pageSize": 1000} | body
        body = {name: value for name, value in body.items() if value is not None}
        return self.http.post("/teams/daily-usage-data", json=body)

    def events(self, start: str, end: str, **body: Any) -> httpx.Response:
        body = {"startDate": to_ms(start), "endDate": to_ms(end), "page": 1, "pageSize": 1000} | body
        return self.http.post("/teams/filtered-usage-events", json=body)

    def day(self, day: str, **body: Any) -> httpx.Response:
        """The events of one whole UTC day."""
        return self.events(day, f"{day}T23:59:59.999+00:00", **body)


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    """The default company at the default clock; tests that use it change nothing."""
    with Simulator(seed=7, clock=CLOCK) as sim:
        client = Client(sim)
        yield client
        client.http.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Client]]:
    """Starts a simulator of the test's own."""
    clients: list[Client] = []

    def start_one(clock: Any = CLOCK, **options: Any) -> Client:
        clients.append(Client(Simulator(clock=clock, **options).start()))
        return clients[-1]

    yield start_one
    for client in clients:
        client.http.close()
        client.sim.stop()
