"""Faults on request: which requests they strike, how often, and what they do to the answer.

A fault is chosen by endpoint, page, the day that the request's window starts on, and the n-th request that fits these;
it strikes `times` times, or until it is taken away. Of several that fit, the one added first strikes.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

from tests.cursor_api_simulator.answers import Answer, dumps
from tests.cursor_api_simulator.clock import DAY_MS, day_text

ENDPOINTS = ("members", "spend", "daily_usage", "usage_events")
MAX_SLOW_SECONDS = 120.0
_ABSURD_RETRY_AFTER = "86400000"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the faults see it."""

    endpoint: str
    page: int | None
    body: dict[str, Any]
    number: int = 0  # of all requests to the API, from 1

    @property
    def start_day(self) -> str | None:
        start = self.body.get("startDate")
        return day_text(start // DAY_MS) if isinstance(start, int) else None


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes over the wire: status, headers, body, and how the connection behaves."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    announced_length: int | None = None  # Content-Length where it is not the body's
    sends: Literal["all", "nothing", "body"] = "all"  # "nothing": closed without an answer; "body": closed after it
    drip_seconds: float = 0.0  # the body comes in small pieces over this time


@dataclass(slots=True)
class Fault:
    """One fault. `name` is one of FAULTS, `params` are that fault's own."""

    name: str
    endpoint: str | None = None  # None: any
    page: int | None = None
    start_date: str | None = None  # ISO; the UTC day that the request's startDate is in
    nth: int = 1  # from the n-th request that fits on
    times: int | None = 1  # None: for ever
    params: dict[str, Any] = field(default_factory=dict)
    fitting: int = 0
    struck: int = 0

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            message = f"no fault is called {self.name!r}; there are {', '.join(sorted(FAULTS))}"
            raise ValueError(message)
        if self.endpoint is not None and self.endpoint not in ENDPOINTS:
            message = f"no endpoint is called {self.endpoint!r}; there are {', '.join(ENDPOINTS)}"
            raise ValueError(message)
        unknown = self.params.keys() - FAULTS[self.name].params
        if unknown:
            message = f"{self.name} takes {sorted(FAULTS[self.name].params)}, not {sorted(unknown)}"
            raise ValueError(message)
        if self.name == "call" and not callable(self.params.get("function")):
            message = "call takes a function: only in Python, not over HTTP"
            raise ValueError(message)
        counts: tuple[Any, ...] = (self.nth, self.times, self.page)  # may have come as JSON
        if any(count is not None and not isinstance(count, int) for count in counts):
            message = f"nth, times and page are whole numbers, not {counts}"
            raise ValueError(message)

    def fits(self, request: Request) -> bool:
        return (
            self.endpoint in {None, request.endpoint}
            and self.page in {None, request.page or 1}
            and self.start_date in {None, request.start_day}
        )

    def strikes(self, request: Request) -> bool:
        """Counts this request."""
        if not self.fits(request) or (self.times is not None and self.struck >= self.times):
            return False
        self.fitting += 1
        if self.fitting < self.nth:
            return False
        self.struck += 1
        return True


class Faults:
    """The faults in force. `add("status", endpoint="usage_events", code=503, times=2)`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(
        self,
        name: str,
        endpoint: str | None = None,
        *,
        page: int | None = None,
        start_date: str | None = None,
        nth: int = 1,
        times: int | None = 1,
        **params: Any,
    ) -> Fault:
        fault = Fault(name, endpoint, page, start_date, nth, times, params)
        with self._lock:
            self._faults.append(fault)
        return fault

    def add_from(self, data: dict[str, Any]) -> Fault:
        """From JSON: the same names as `add`; the fault's own parameters beside them or under "params"."""
        own = {f.name for f in fields(Fault)} - {"name", "params", "fitting", "struck"}
        known = {key: value for key, value in data.items() if key in own and key != "endpoint"}
        params = {key: value for key, value in data.items() if key not in {*own, "name", "params"}}
        return self.add(data.get("name", ""), data.get("endpoint"), **known, **params, **data.get("params", {}))

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {
                    "name": fault.name,
                    "endpoint": fault.endpoint,
                    "page": fault.page,
                    "start_date": fault.start_date,
                    "nth": fault.nth,
                    "times": fault.times,
                    "struck": fault.struck,
                }
                for fault in self._faults
            ]

    def striking(self, request: Request) -> Fault | None:
        """The fault that strikes this request. Asked once a request, because it counts."""
        with self._lock:
            return next((fault for fault in self._faults if fault.strikes(request)), None)


# What an answer becomes. A fault changes the answer before it is written, or the reply after.

Mutation = Callable[[Answer, dict[str, Any]], Answer]
Corruption = Callable[[Reply, dict[str, Any]], Reply]


def _rate_limited(_: Reply, params: dict[str, Any]) -> Reply:
    """`retry_after`: null for no header, a number or text as it is, "date" (with `seconds`), "absurd"."""
    value = params.get("retry_after", "60")
    if value == "absurd":
        value = _ABSURD_RETRY_AFTER
    elif value == "date":
        value = format_datetime(datetime.now(UTC) + timedelta(seconds=params.get("seconds", 60)), usegmt=True)
    headers = {"Content-Type": "application/json"}
    if value is not None:
        headers["Retry-After"] = str(value)
    return Reply(429, dumps({"code": "error", "message": "Rate limit exceeded"}), headers)


def _status(_: Reply, params: dict[str, Any]) -> Reply:
    code = params.get("code", 500)
    message = params.get("message", {409: "Conflict"}.get(code, "Internal server error"))
    return Reply(code, dumps({"code": "error", "message": message}))


def _drop_before(reply: Reply, _: dict[str, Any]) -> Reply:
    return replace(reply, sends="nothing")


def _drop_midway(reply: Reply, params: dict[str, Any]) -> Reply:
    """Headers and a `share` of the body, then the connection is gone."""
    kept = int(len(reply.body) * params.get("share", 0.5))
    return replace(reply, body=reply.body[:kept], announced_length=len(reply.body), sends="body")


def _cut_json(reply: Reply, params: dict[str, Any]) -> Reply:
    """A whole HTTP answer whose JSON stops in the middle."""
    return replace(reply, body=reply.body[: int(len(reply.body) * params.get("share", 0.5))])


def _html(_: Reply, params: dict[str, Any]) -> Reply:
    body = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in</body></html>"
    return Reply(params.get("code", 200), body, {"Content-Type": "text/html; charset=utf-8"})


def _other_shape(reply: Reply, params: dict[str, Any]) -> Reply:
    return replace(reply, body=dumps(params.get("body", {"ok": True, "result": []})))


def _drip(reply: Reply, params: dict[str, Any]) -> Reply:
    """Never silent long enough for a read time-out."""
    return replace(reply, drip_seconds=min(float(params.get("seconds", 5)), MAX_SLOW_SECONDS))


def _same(reply: Reply, _: dict[str, Any]) -> Reply:
    return reply


def _with_pagination(answer: Answer, **changes: Any) -> Answer:
    envelope = dict(answer.envelope)
    envelope["pagination"] = envelope.get("pagination", {}) | changes
    return replace(answer, envelope=envelope)


def _announce(answer: Answer, by: int) -> Answer:
    """Another announced count, under the endpoint's own name for it."""
    envelope = dict(answer.envelope)
    for key in ("totalUsageEventsCount", "totalMembers"):
        if key in envelope:
            envelope[key] = max(envelope[key] + by, 0)
    result = replace(answer, envelope=envelope)
    if "totalUsers" in envelope.get("pagination", {}):
        result = _with_pagination(result, totalUsers=envelope["pagination"]["totalUsers"] + by)
    return result


def _empty_page(answer: Answer, _: dict[str, Any]) -> Answer:
    """No rows, and yet a next page."""
    return _has_always_next(replace(answer, joined=b""), {})


def _has_always_next(answer: Answer, _: dict[str, Any]) -> Answer:
    if "totalPages" in answer.envelope:
        return replace(answer, envelope=answer.envelope | {"totalPages": 10**9})
    if "pagination" in answer.envelope:
        return _with_pagination(answer, hasNextPage=True)
    return answer


def _count_off(answer: Answer, params: dict[str, Any]) -> Answer:
    return _announce(answer, params.get("by", 1))


def _edit_record(answer: Answer, params: dict[str, Any], edit: Callable[[dict[str, Any]], None]) -> Answer:
    """Changes one record (`record`, from 0); the others keep their bytes."""
    records = answer.records
    if not records:
        return answer
    place = min(params.get("record", 0), len(records) - 1)
    record = json.loads(records[place])
    edit(record)
    records[place] = dumps(record)
    return replace(answer, joined=b",".join(records))


_KNOWN_FIELD = {
    "teamMembers": "name",
    "teamMemberSpend": "spendCents",
    "data": "totalApplies",
    "usageEvents": "timestamp",
}
_KEY_FIELD = {"teamMembers": "email", "teamMemberSpend": "spendCents", "data": "day", "usageEvents": "timestamp"}


def _wrong_type(answer: Answer, params: dict[str, Any]) -> Answer:
    name = params.get("field", _KNOWN_FIELD[answer.records_key])
    return _edit_record(answer, params, lambda record: record.update({name: params.get("value", {"not": "this type"})}))


def _unknown_field(answer: Answer, params: dict[str, Any]) -> Answer:
    """New keys in every record and in the envelope."""
    name = params.get("field", "brandNewField")
    value = params.get("value", {"nested": [1, 2.50, None]})
    records = [record[:-1] + b"," + dumps(name) + b":" + dumps(value) + b"}" for record in answer.records]
    return replace(answer, joined=b",".join(records), envelope=answer.envelope | {"brandNewEnvelopeField": 1})


def _missing_field(answer: Answer, params: dict[str, Any]) -> Answer:
    name = params.get("field", _KEY_FIELD[answer.records_key])
    return _edit_record(answer, params, lambda record: record.pop(name, None))


def _outside_window(answer: Answer, params: dict[str, Any]) -> Answer:
    """The record's own time is moved behind the end of the window that was asked for."""
    end_ms = answer.envelope.get("period", {}).get("endDate", 0)
    later_ms = end_ms + params.get("days", 1) * DAY_MS
    change = (
        {"timestamp": str(later_ms)} if answer.records_key == "usageEvents" else {"day": day_text(later_ms // DAY_MS)}
    )
    return _edit_record(answer, params, lambda record: record.update(change))


def _negative_counter(answer: Answer, params: dict[str, Any]) -> Answer:
    def edit(record: dict[str, Any]) -> None:
        if answer.records_key == "usageEvents":
            record["tokenUsage"] = (record.get("tokenUsage") or {}) | {"inputTokens": -1}
        else:
            record[params.get("field", "totalApplies" if answer.records_key == "data" else "fastPremiumRequests")] = -1

    return _edit_record(answer, params, edit)


def _unknown_kind(answer: Answer, params: dict[str, Any]) -> Answer:
    change = {"kind": params.get("kind", "Mystery Bundle"), "chargedCents": params.get("cents", 12.5)}
    return _edit_record(answer, params, lambda record: record.update(change))


@dataclass(frozen=True, slots=True)
class _Effect:
    corrupt: Corruption = _same
    mutate: Mutation | None = None
    params: frozenset[str] = frozenset()


def _corruption(corrupt: Corruption, *params: str) -> _Effect:
    return _Effect(corrupt=corrupt, params=frozenset(params))


def _mutation(mutate: Mutation, *params: str) -> _Effect:
    return _Effect(mutate=mutate, params=frozenset(params))


FAULTS: dict[str, _Effect] = {
    "rate_limited": _corruption(_rate_limited, "retry_after", "seconds"),
    "status": _corruption(_status, "code", "message"),
    "drop_before": _corruption(_drop_before),
    "drop_midway": _corruption(_drop_midway, "share"),
    "cut_json": _corruption(_cut_json, "share"),
    "html": _corruption(_html, "code"),
    "other_shape": _corruption(_other_shape, "body"),
    "drip": _corruption(_drip, "seconds"),
    "slow": _corruption(_same, "seconds"),  # silence before the answer
    "call": _corruption(_same, "function"),  # called with the Request before the answer is made
    # The newest event is not there yet on the requests that are struck: strike page 1, and page 2 repeats a row.
    "row_added_while_paging": _corruption(_same),
    "empty_page": _mutation(_empty_page),
    "endless_paging": _mutation(_has_always_next),
    "count_off": _mutation(_count_off, "by"),
    "wrong_type": _mutation(_wrong_type, "field", "value", "record"),
    "unknown_field": _mutation(_unknown_field, "field", "value"),
    "missing_field": _mutation(_missing_field, "field", "record"),
    "outside_window": _mutation(_outside_window, "days", "record"),
    "negative_counter": _mutation(_negative_counter, "field", "record"),
    "unknown_kind_with_cost": _mutation(_unknown_kind, "kind", "cents", "record"),
}
