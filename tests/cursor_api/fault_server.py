"""A small HTTP server on the loopback that answers as it is told: scripted replies, and faults below HTTP."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

PATHS = {
    "/teams/members": "members",
    "/teams/spend": "spend",
    "/teams/daily-usage-data": "daily_usage",
    "/teams/filtered-usage-events": "usage_events",
}

EMPTY_ANSWERS: dict[str, dict[str, Any]] = {
    "members": {"teamMembers": []},
    "spend": {"teamMemberSpend": [], "subscriptionCycleStart": 1793567588000, "totalMembers": 0, "totalPages": 1},
    "daily_usage": {"data": [], "pagination": {"page": 1, "pageSize": 1000, "totalPages": 1, "hasNextPage": False}},
    "usage_events": {"usageEvents": [], "totalUsageEventsCount": 0, "pagination": {"hasNextPage": False}},
}


@dataclass(frozen=True)
class Request:
    endpoint: str
    method: str
    path: str
    headers: dict[str, str]
    raw_body: bytes

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.raw_body)
        return body


@dataclass(frozen=True)
class Reply:
    body: Any = b""  # bytes as they are, anything else as JSON
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    fault: Literal["none", "drop", "truncate", "stall"] = "none"

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class FaultServer:
    """Answers each endpoint with an empty page until told otherwise, and remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.released = threading.Event()
        self._answers: dict[str, Callable[[Request], Reply]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, endpoint: str, how: Callable[[Request], Reply]) -> None:
        self._answers[endpoint] = how

    def script(self, endpoint: str, *replies: Reply) -> None:
        """One reply after the other; the last one stays."""
        left = list(replies)
        self.answer(endpoint, lambda _request: left.pop(0) if len(left) > 1 else left[0])

    def script_all(self, *replies: Reply) -> None:
        for endpoint in PATHS.values():
            self.script(endpoint, *replies)

    def asked(self, endpoint: str) -> list[Request]:
        return [request for request in self.requests if request.endpoint == endpoint]

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def reply_to(self, request: Request) -> Reply:
        self.requests.append(request)
        how = self._answers.get(request.endpoint)
        if how is not None:
            return how(request)
        return Reply(EMPTY_ANSWERS[request.endpoint]) if request.endpoint in EMPTY_ANSWERS else Reply(b"gone", 404)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def _serve(self) -> None:
                path = self.path.split("?")[0]
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                endpoint = next((name for known, name in PATHS.items() if path.endswith(known)), "elsewhere")
                self._send(owner.reply_to(Request(endpoint, self.command, self.path, headers, body)))

            def _send(self, reply: Reply) -> None:
                if reply.fault == "stall":
                    owner.released.wait(30)
                if reply.fault in {"drop", "stall"}:
                    self.close_connection = True
                    return
                content = reply.content
                self.send_response(reply.status)
                for name, value in ({"Content-Type": "application/json"} | reply.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if reply.fault == "truncate":
                    content = content[: len(content) // 2]
                    self.close_connection = True
                self.wfile.write(content)

            def log_message(self, *_args: Any) -> None:
                pass

        return Handler


class FakeClock:
    """Time that passes only by being slept."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []
        self._start = datetime(2026, 11, 2, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.seconds - 1000.0)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
