"""Serves the simulator's answers as bytes that were made before: what is measured is who fetches, not who serves.

Every contestant gets the same pages from the same server. It runs in a process of its own, with a latency and a limit
of requests a minute where they are asked for.
"""

from __future__ import annotations

import base64
import json
import multiprocessing
import re
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

from tests.cursor_api_simulator import DEFAULT_KEY, Access, Clock, Company, Faults
from tests.cursor_api_simulator.api import Api

EVENTS_PATH = "/teams/filtered-usage-events"
CYCLE_TIME = time_of_day(13, 6, 28)
PAGE_SIZE = 1000  # the API's largest
_CACHE_BYTES = 20_000_000_000  # a day of five million events is encoded once, not page by page
_MINUTE_SECONDS = 60.0
# The simulator numbers its conversations; real ones are random, which is what they take on disk.
_CONVERSATION = re.compile(rb"00000000-0000-4000-8000-[0-9a-f]{12}")


def newest_working_day() -> date:
    """The newest closed UTC day that is none of a weekend, on which the simulated company hardly works."""
    day = datetime.now(UTC).date() - timedelta(days=1)
    return day - timedelta(days=max(0, day.weekday() - 4))


@dataclass(frozen=True)
class Serving:
    """What to serve: ``days`` UTC days that end with ``last_day``, with about ``events`` events in all."""

    events: int
    last_day: date = field(default_factory=newest_working_day)
    days: int = 1
    seats: int = 400
    page_size: int = PAGE_SIZE  # an answer has no more records than this, whatever was asked for
    latency_seconds: float = 0.0
    requests_per_minute: int | None = None

    @property
    def first_day(self) -> date:
        return self.last_day - timedelta(days=self.days - 1)

    @property
    def cycle_day(self) -> int:
        """The open billing cycle began less than two weeks ago, so that no run has to go further back for it."""
        return min((self.last_day - timedelta(days=10)).day, 28)  # every month has one

    @property
    def now(self) -> datetime:
        """The instant that the answers are of: the last day has just been closed."""
        return datetime.combine(self.last_day + timedelta(days=1), datetime.min.time(), tzinfo=UTC)


@dataclass(frozen=True)
class Served:
    """A running server: where it is, the key it takes, and what it has."""

    url: str
    key: str
    events: int
    pipe: Connection

    def requests(self) -> int:
        """Requests for usage events that were answered since this was asked last."""
        self.pipe.send("requests")
        return int(self.pipe.recv())


@contextmanager
def served(what: Serving) -> Iterator[Served]:
    """Runs the server; it has made its pages before this begins."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(what, theirs), daemon=True)
    process.start()
    url, events = ours.recv()
    try:
        yield Served(url, DEFAULT_KEY, events, ours)
    finally:
        ours.send("stop")
        process.join()


def _serve(what: Serving, pipe: Connection) -> None:
    answers = _Answers(what)
    server = _Server(("127.0.0.1", 0), answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send((f"http://127.0.0.1:{server.server_address[1]}", answers.events))
    while pipe.recv() == "requests":
        pipe.send(answers.take_count())
    server.shutdown()


class _Answers:
    """Answers as bytes, by path and body; those of the closed days' events are made at the start."""

    def __init__(self, what: Serving) -> None:
        self._what = what
        company = Company(
            seed=1,
            seats=what.seats,
            events_per_day=what.events // what.days,
            cycle_day=what.cycle_day,
            cycle_time=CYCLE_TIME,
            founded=what.first_day,  # spend sums up the whole cycle
            cache_bytes=_CACHE_BYTES,
        )
        self._api = Api(company, Clock(what.now), Faults(), Access())
        self._authorization = f"Basic {base64.b64encode(f'{DEFAULT_KEY}:'.encode()).decode()}"
        self._known: dict[tuple[str, str], tuple[int, bytes]] = {}
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()
        self._count = 0
        self.events = sum(self._make_day(what.first_day + timedelta(days=n)) for n in range(what.days))

    def _make_day(self, day: date) -> int:
        start_ms = int(datetime.combine(day, datetime.min.time(), tzinfo=UTC).timestamp() * 1000)
        body = {"startDate": start_ms, "endDate": start_ms + 86_400_000 - 1, "page": 1, "pageSize": PAGE_SIZE}
        first = json.loads(self.answer(EVENTS_PATH, body)[1])
        for page in range(2, first["pagination"]["numPages"] + 1):
            self.answer(EVENTS_PATH, {**body, "page": page})
        return int(first["totalUsageEventsCount"])

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, bytes]:
        """Status and body."""
        if path == EVENTS_PATH:
            body = {**body, "pageSize": min(int(body.get("pageSize", PAGE_SIZE)), self._what.page_size)}
        key = (path, json.dumps(body, sort_keys=True))
        if key not in self._known:
            method = "GET" if path.endswith("/members") else "POST"
            reply = self._api.reply(method, path, self._authorization, json.dumps(body).encode())
            text = _CONVERSATION.sub(lambda found: _random_looking(found[0]), reply.body)
            self._known[key] = (reply.status, text)
        return self._known[key]

    def is_refused(self, path: str) -> bool:
        """Whether this request is one too many in this minute."""
        if path != EVENTS_PATH:
            return False
        with self._lock:
            limit, now = self._what.requests_per_minute, time.monotonic()
            while self._recent and self._recent[0] <= now - _MINUTE_SECONDS:
                self._recent.popleft()
            if limit is not None and len(self._recent) >= limit:
                return True
            self._count += 1
            if limit is not None:
                self._recent.append(now)
            return False

    def take_count(self) -> int:
        with self._lock:
            count, self._count = self._count, 0
            return count

    def wait(self) -> None:
        if self._what.latency_seconds:
            time.sleep(self._what.latency_seconds)  # waiting is what is served: a far server's latency


@lru_cache(maxsize=500_000)
def _random_looking(conversation: bytes) -> bytes:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, conversation.decode())).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], answers: _Answers) -> None:
        self.answers = answers
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Nothing: it would be timed too."""

    def _respond(self) -> None:
        answers = self.server.answers
        text = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        answers.wait()
        if answers.is_refused(self.path):
            self._send(429, b'{"code":"error","message":"Rate limit exceeded"}', "Retry-After: 60\r\n")
            return
        self._send(*answers.answer(self.path.partition("?")[0], json.loads(text) if text else {}))

    def _send(self, status: int, body: bytes, more: str = "") -> None:
        head = f"HTTP/1.1 {status} \r\nContent-Type: application/json\r\n{more}Content-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)
