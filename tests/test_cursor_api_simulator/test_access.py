"""Keys, plans, limits and requests that are the client's own fault."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.cursor_api_simulator import Access

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.test_cursor_api_simulator.conftest import Client

DAY = "2026-11-20"


def _each(client: Client) -> list[httpx.Response]:
    return [client.members(), client.spend(), client.daily(DAY, DAY), client.day(DAY)]


def test_every_endpoint_answers_the_right_key(shared: Client) -> None:
    assert [response.status_code for response in _each(shared)] == [200] * 4
    assert shared.members().headers["Content-Type"] == "application/json"
    assert not [name for name in shared.members().headers if "ratelimit" in name.lower()]


def _header(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Bearer key_made_up_for_the_simulator",
        "Basic not-base64!",
        _header("crsr_other", ""),
        _header("key_made_up_for_the_simulator", "a password"),
        _header("", "key_made_up_for_the_simulator"),
    ],
)
def test_a_wrong_key_is_401(shared: Client, header: str | None) -> None:
    response = httpx.get(f"{shared.sim.url}/teams/members", headers={"Authorization": header} if header else {})
    assert response.status_code == 401
    assert response.json() == {"code": "error", "message": "Invalid Team API Key"}


def test_the_documented_error_shape(start: Callable[..., Client]) -> None:
    client = start(access=Access(key="crsr_another", error_shape="doc"))
    assert client.members().status_code == 200
    response = httpx.get(f"{client.sim.url}/teams/members", auth=("key_made_up_for_the_simulator", ""))
    assert response.json() == {"error": "Unauthorized", "message": "Invalid API key"}


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("plan", ["pro", "hobby"])
def test_a_plan_without_the_admin_api_refuses_everything(start: Callable[..., Client], plan: Any, status: Any) -> None:
    responses = _each(start(access=Access(plan=plan, plan_status=status)))
    assert {response.status_code for response in responses} == {status}
    assert all("enterprise team" in response.json()["message"] for response in responses)


def test_one_endpoint_can_be_refused(start: Callable[..., Client]) -> None:
    client = start(access=Access(refused={"spend": 403}, plan_text="Not authorized"))
    assert [response.status_code for response in _each(client)] == [200, 403, 200, 200]
    assert client.spend().json()["message"] == "Not authorized"


@pytest.mark.parametrize(
    "path", ["/teams/audit-logs?page=1", "/teams/groups", "/analytics/team/dau", "/analytics/ai-code/commits"]
)
def test_enterprise_endpoints_refuse_a_team_plan(shared: Client, path: str) -> None:
    response = shared.http.get(path)
    assert response.status_code == 403
    assert response.json()["message"] == "You must be a member of an enterprise team to access this resource"


def test_unknown_paths_and_methods(shared: Client) -> None:
    assert shared.http.get("/v1/teams/members").status_code == 404
    assert shared.http.get("/teams/spend").status_code == 405
    assert shared.http.post("/teams/members", json={}).status_code == 405


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/teams/filtered-usage-events", {"pageSize": 1001}, 400),
        ("/teams/filtered-usage-events", {"pageSize": 0}, 400),
        ("/teams/filtered-usage-events", {"page": 0}, 400),
        ("/teams/filtered-usage-events", {"page": "1"}, 400),
        ("/teams/filtered-usage-events", {"startDate": "2026-11-01"}, 500),
        ("/teams/filtered-usage-events", {"startDate": 2, "endDate": 1}, 400),
        ("/teams/daily-usage-data", {"startDate": "2026-11-01"}, 400),
        ("/teams/daily-usage-data", {"startDate": 0, "endDate": 30 * 86_400_000 + 1}, 400),
        ("/teams/daily-usage-data", [1], 400),
    ],
)
def test_requests_that_are_our_fault(shared: Client, path: str, body: Any, status: int) -> None:
    assert shared.http.post(path, json=body).status_code == status


def test_a_body_that_is_not_json(shared: Client) -> None:
    assert shared.http.post("/teams/spend", content=b"{").status_code == 400
    assert shared.http.post("/teams/spend", content=b"").status_code == 200


def test_a_limit_counts_each_endpoint_by_itself(start: Callable[..., Client]) -> None:
    client = start(access=Access(requests_per_minute={"members": 2, "spend": 1}, minute_seconds=60))
    assert [client.members().status_code for _ in range(3)] == [200, 200, 429]
    assert [client.spend().status_code for _ in range(2)] == [200, 429]
    assert [client.day(DAY).status_code for _ in range(4)] == [200] * 4
    assert client.members().headers["Retry-After"] == "60"
    client.sim.access = Access(requests_per_minute=2, retry_after=None)
    response = client.members()
    assert response.status_code == 429
    assert "Retry-After" not in response.headers
    assert response.json()["message"] == "Rate limit exceeded"


def test_a_limit_lets_through_again_after_its_minute(start: Callable[..., Client]) -> None:
    client = start(access=Access(requests_per_minute=1, minute_seconds=0.05))
    assert client.members().status_code == 200
    client.sim._api.stopping.wait(0.06)
    assert client.members().status_code == 200
