"""What the API answers to a request: access, validation, paging. No HTTP here beyond status and body."""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.cursor_api_simulator.answers import Answer, dumps
from tests.cursor_api_simulator.clock import DAY_MS
from tests.cursor_api_simulator.faults import ENDPOINTS, FAULTS, MAX_SLOW_SECONDS, Fault, Faults, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cursor_api_simulator.clock import Clock
    from tests.cursor_api_simulator.company import Company

DEFAULT_KEY = "key_made_up_for_the_simulator"
ROUTES = {
    ("GET", "/teams/members"): "members",
    ("POST", "/teams/spend"): "spend",
    ("POST", "/teams/daily-usage-data"): "daily_usage",
    ("POST", "/teams/filtered-usage-events"): "usage_events",
}
_ENTERPRISE = ("/teams/audit-logs", "/teams/groups", "/analytics/", "/settings/")
_MAX_RANGE_MS = 30 * DAY_MS
_MAX_EVENTS_PAGE = 1000
_KEPT_REQUESTS = 100_000
_PLAN_TEXT = "You must be a member of an enterprise team to access this resource"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may read what, and how often."""

    key: str = DEFAULT_KEY
    plan: Literal["team", "pro", "hobby"] = "team"  # pro and hobby have no Admin API
    plan_status: Literal[401, 403] = 403
    plan_text: str = _PLAN_TEXT
    error_shape: Literal["live", "doc"] = "live"
    refused: Mapping[str, int] = field(default_factory=dict)  # status by endpoint: 401 or 403
    requests_per_minute: int | Mapping[str, int] | None = None  # by endpoint; None: no limit
    minute_seconds: float = 60.0  # a shorter minute for tests
    retry_after: str | None = "60"  # header of a 429

    def __post_init__(self) -> None:
        limited = self.requests_per_minute if isinstance(self.requests_per_minute, dict) else {}
        unknown = {*self.refused, *limited} - set(ENDPOINTS)
        if unknown:
            message = f"no endpoint is called {', '.join(sorted(unknown))}; there are {', '.join(ENDPOINTS)}"
            raise ValueError(message)


class _Refusal(Exception):  # noqa: N818  # a plain answer of the API, not an error of this program
    def __init__(self, status: int, message: str, error: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.error = status, message, error


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A request to one of the four endpoints; `body` without the key."""

    number: int
    endpoint: str
    page: int | None
    body: dict[str, Any]
    status: int
    fault: str | None
    received_at: float  # time.monotonic()


class Api:
    """The Admin API of one company at one clock, with faults."""

    def __init__(self, company: Company, clock: Clock, faults: Faults, access: Access) -> None:
        self.company, self.clock, self.faults, self.access = company, clock, faults, access
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._requests: deque[LoggedRequest] = deque(maxlen=_KEPT_REQUESTS)
        self._count = 0
        self._recent: dict[str, deque[float]] = {}

    @property
    def requests(self) -> list[LoggedRequest]:
        with self._lock:
            return list(self._requests)

    def forget_requests(self) -> None:
        with self._lock:
            self._requests.clear()

    def reply(self, method: str, path: str, authorization: str | None, raw_body: bytes) -> Reply:
        endpoint = ROUTES.get((method, path))
        if endpoint is None:
            return self._reply_elsewhere(method, path, authorization)
        received_at = time.monotonic()
        body = _parse(raw_body)
        page = body.get("page") if isinstance(body, dict) and isinstance(body.get("page"), int) else None
        with self._lock:
            self._count += 1
            request = Request(endpoint, page, body if isinstance(body, dict) else {}, self._count)
        fault = self.faults.striking(request)
        if fault is not None:
            self._wait_or_call(fault, request)
        reply = self._answer(endpoint, authorization, body, fault)
        name = fault.name if fault is not None else None
        logged = LoggedRequest(request.number, endpoint, page, request.body, reply.status, name, received_at)
        with self._lock:
            self._requests.append(logged)
        return reply

    def _wait_or_call(self, fault: Fault, request: Request) -> None:
        if fault.name == "slow":
            self.stopping.wait(min(float(fault.params.get("seconds", 1)), MAX_SLOW_SECONDS))
        elif fault.name == "call":
            fault.params["function"](request)

    def _answer(self, endpoint: str, authorization: str | None, body: Any, fault: Fault | None) -> Reply:
        try:
            self._check_key(authorization)
            self._check_plan(endpoint)
            self._check_rate(endpoint)
            answer = self._endpoints[endpoint](body, fault)
        except _Refusal as refusal:
            return self._refused(refusal)
        if fault is None:
            return Reply(200, answer.encode())
        effect = FAULTS[fault.name]
        if effect.mutate is not None:
            answer = effect.mutate(answer, fault.params)
        return effect.corrupt(Reply(200, answer.encode()), fault.params)

    def _reply_elsewhere(self, method: str, path: str, authorization: str | None) -> Reply:
        try:
            self._check_key(authorization)
        except _Refusal as refusal:
            return self._refused(refusal)
        if any(path.startswith(prefix) for prefix in _ENTERPRISE):
            return self._refused(self._no_plan())
        if path in {known for _, known in ROUTES}:
            return self._refused(_Refusal(405, f"Method {method} not allowed", "Method not allowed"))
        return self._refused(_Refusal(404, "Not found", "Not found"))

    # Access.

    def _check_key(self, authorization: str | None) -> None:
        if _user_of(authorization) != self.access.key:
            live = self.access.error_shape == "live"
            raise _Refusal(401, "Invalid Team API Key" if live else "Invalid API key", "Unauthorized")

    def _check_plan(self, endpoint: str) -> None:
        if self.access.plan != "team":
            raise self._no_plan()
        if endpoint in self.access.refused:
            raise _Refusal(self.access.refused[endpoint], self.access.plan_text, "Forbidden")

    def _no_plan(self) -> _Refusal:
        return _Refusal(self.access.plan_status, self.access.plan_text, "Forbidden")

    def _check_rate(self, endpoint: str) -> None:
        limit = self.access.requests_per_minute
        if limit is not None and not isinstance(limit, int):
            limit = limit.get(endpoint)
        if limit is None:
            return
        now = time.monotonic()
        with self._lock:
            recent = self._recent.setdefault(endpoint, deque())
            while recent and recent[0] <= now - self.access.minute_seconds:
                recent.popleft()
            if len(recent) >= limit:
                raise _Refusal(429, "Rate limit exceeded", "Too Many Requests")
            recent.append(now)

    def _refused(self, refusal: _Refusal) -> Reply:
        shape = {"code": "error", "message": refusal.message}
        if self.access.error_shape == "doc":
            shape = {"error": refusal.error, "message": refusal.message}
        headers = {"Content-Type": "application/json"}
        if refusal.status == 429 and self.access.retry_after is not None:
            headers["Retry-After"] = self.access.retry_after
        return Reply(refusal.status, dumps(shape), headers)

    # The four endpoints.

    @property
    def _endpoints(self) -> dict[str, Callable[[Any, Fault | None], Answer]]:
        return {
            "members": self._members,
            "spend": self._spend,
            "daily_usage": self._daily_usage,
            "usage_events": self._usage_events,
        }

    def _members(self, _body: Any, _fault: Fault | None) -> Answer:
        return self.company.members_answer(self.clock.now_ms())

    def _spend(self, body: Any, _fault: Fault | None) -> Answer:
        body = _object(body)
        return self.company.spend_answer(
            self.clock.now_ms(),
            page=_positive(body, "page", 1),
            page_size=_positive(body, "pageSize", 100),
            search_term=str(body.get("searchTerm") or ""),
            sort_by=body.get("sortBy"),
            sort_direction=str(body.get("sortDirection") or "desc"),
        )

    def _daily_usage(self, body: Any, _fault: Fault | None) -> Answer:
        body = _object(body)
        now_ms = self.clock.now_ms()
        start_ms, end_ms = _range(body, now_ms - 7 * DAY_MS, now_ms, text_status=400)
        if end_ms - start_ms > _MAX_RANGE_MS:
            raise _Refusal(400, "Date range cannot exceed 30 days", "Bad Request")
        is_paged = "page" in body and "pageSize" in body
        return self.company.daily_usage_answer(
            start_ms,
            end_ms,
            now_ms,
            page=_positive(body, "page", 1) if is_paged else None,
            page_size=_positive(body, "pageSize", 1) if is_paged else None,
        )

    def _usage_events(self, body: Any, fault: Fault | None) -> Answer:
        body = _object(body)
        now_ms = self.clock.now_ms()
        start_ms, end_ms = _range(body, now_ms - 30 * DAY_MS, now_ms, text_status=500)
        page_size = _positive(body, "pageSize", 100)
        if page_size > _MAX_EVENTS_PAGE:
            raise _Refusal(400, f"pageSize must be at most {_MAX_EVENTS_PAGE}", "Bad Request")
        return self.company.events_answer(
            start_ms,
            end_ms,
            now_ms,
            page=_positive(body, "page", 1),
            page_size=page_size,
            email=body.get("email") or None,
            user_id=str(body["userId"]) if body.get("userId") else None,
            without_newest=fault is not None and fault.name == "row_added_while_paging",
        )


def _user_of(authorization: str | None) -> str | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, separator, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user if separator and not password else None


def _parse(raw_body: bytes) -> Any:
    if not raw_body:
        return {}
    try:
        return json.loads(raw_body)
    except ValueError:
        return None


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise _Refusal(400, "Invalid JSON body", "Bad Request")
    return body


def _positive(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _Refusal(400, f"{name} must be a positive integer", "Bad Request")
    return value


def _range(body: Mapping[str, Any], start_ms: int, end_ms: int, *, text_status: int) -> tuple[int, int]:
    """The request's range. A date as text is a 500 of usage events in the real API."""
    start, end = body.get("startDate", start_ms), body.get("endDate", end_ms)
    for value in (start, end):
        if isinstance(value, bool) or not isinstance(value, int | float):
            message = "Internal server error" if text_status == 500 else "startDate and endDate must be numbers"
            raise _Refusal(text_status, message, "Internal Server Error" if text_status == 500 else "Bad Request")
    if end < start:
        raise _Refusal(400, "startDate must be before endDate", "Bad Request")
    return int(start), int(end)
