"""The API over real HTTP on the loopback interface.

http.server and not an ASGI server, because a fault needs the socket: to close it before the answer or in its middle.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from dataclasses import asdict
from datetime import timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from tests.cursor_api_simulator.answers import dumps
from tests.cursor_api_simulator.api import Access, Api, LoggedRequest
from tests.cursor_api_simulator.clock import Clock, Instant, to_datetime
from tests.cursor_api_simulator.company import Company
from tests.cursor_api_simulator.faults import Faults, Reply

if TYPE_CHECKING:
    from types import TracebackType

_MAX_BODY = 1_000_000
_DRIP_PAUSE_SECONDS = 0.1
_CONTROL = "/_simulator/"


class Simulator:
    """A running simulator: `with Simulator(seed=3, clock="2026-11-24T08:00:00Z") as sim: httpx.get(sim.url + …)`.

    Without a clock it ticks with the machine's. Options of the company as keywords, or a Company.
    """

    def __init__(
        self,
        company: Company | None = None,
        *,
        clock: Clock | Instant | None = None,
        access: Access | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        **options: Any,
    ) -> None:
        self.company = company if company is not None else Company(**options)
        self.clock = clock if isinstance(clock, Clock) else Clock(clock)
        self.faults = Faults()
        self._api = Api(self.company, self.clock, self.faults, access if access is not None else Access())
        self._address = (host, port)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def access(self) -> Access:
        return self._api.access

    @access.setter
    def access(self, access: Access) -> None:
        self._api.access = access

    @property
    def key(self) -> str:
        return self._api.access.key

    @property
    def port(self) -> int:
        return self._running.server_address[1]

    @property
    def url(self) -> str:
        host = self._address[0]
        return f"http://{'127.0.0.1' if host in {'', '0.0.0.0'} else host}:{self.port}"  # noqa: S104  # compared, not bound

    @property
    def requests(self) -> list[LoggedRequest]:
        """Requests to the four endpoints since the start or since `forget_requests`, refused ones included."""
        return self._api.requests

    def forget_requests(self) -> None:
        self._api.forget_requests()

    def start(self) -> Self:
        self._server = _Server(self._address, self._api)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="cursor-api", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Closes the port and every open connection; waits for nobody."""
        if self._server is None or self._thread is None:
            return
        self._api.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.close_connections()
        self._thread.join()
        self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _running(self) -> _Server:
        if self._server is None:
            message = "the simulator is not running: use it in a with statement, or call start()"
            raise RuntimeError(message)
        return self._server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], api: Api) -> None:
        self.api = api
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    server_address: tuple[str, int]  # IPv4 only

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is nothing to print; the rest is an error of the simulator."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def do_PUT(self) -> None:
        self._respond()

    def do_DELETE(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        """No access log: it would be the only thing on a test's standard error."""

    def _respond(self) -> None:
        path = urlsplit(self.path).path
        body = self._read_body()
        if body is None:
            self._send(Reply(400, dumps({"code": "error", "message": "Unreadable body"})))
        elif path.startswith(_CONTROL):
            self._send(self._control(path.removeprefix(_CONTROL), body))
        else:
            self._send(self.server.api.reply(self.command, path, self.headers["Authorization"], body))

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _MAX_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return None
        return self.rfile.read(int(length))

    def _send(self, reply: Reply) -> None:
        if reply.sends == "nothing":
            self.close_connection = True
            return
        if reply.sends == "body":
            self.close_connection = True
        announced = len(reply.body) if reply.announced_length is None else reply.announced_length
        headers = {"Date": formatdate(usegmt=True), **reply.headers, "Content-Length": str(announced)}
        lines = [f"HTTP/1.1 {reply.status} {self.responses.get(reply.status, ('',))[0]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        if reply.drip_seconds:
            self.wfile.write(head)
            self._drip(reply.body, reply.drip_seconds)
        else:
            self.wfile.write(head + reply.body)

    def _drip(self, body: bytes, seconds: float) -> None:
        pieces = max(int(seconds / _DRIP_PAUSE_SECONDS), 1)
        size = max(-(-len(body) // pieces), 1)
        for start in range(0, len(body), size):
            self.wfile.write(body[start : start + size])
            if self.server.api.stopping.wait(_DRIP_PAUSE_SECONDS):
                return

    def _control(self, name: str, body: bytes) -> Reply:
        """POST, GET, DELETE faults · GET, POST clock · GET, DELETE requests. From this machine only."""
        if not self.client_address[0].startswith("127."):
            return Reply(403, dumps({"message": "The control endpoints answer on the loopback interface only"}))
        api = self.server.api
        try:
            data = json.loads(body) if body else {}
            match self.command, name:
                case "POST", "faults":
                    api.faults.add_from(data)
                case "DELETE", "faults":
                    api.faults.clear()
                case "POST", "clock":
                    _set_clock(api.clock, data)
                case "DELETE", "requests":
                    api.forget_requests()
                case "GET", "faults" | "clock" | "requests":
                    pass
                case _:
                    return Reply(404, dumps({"message": f"No control endpoint {self.command} {_CONTROL}{name}"}))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return Reply(400, dumps({"message": str(error)}))
        return Reply(200, dumps(_state(api, name)))


def _state(api: Api, name: str) -> dict[str, Any]:
    if name == "faults":
        return {"faults": api.faults.list()}
    if name == "clock":
        return {"now": to_datetime(api.clock.now_ms()).isoformat(), "is_frozen": api.clock.is_frozen}
    requests = api.requests
    return {"count": len(requests), "requests": [asdict(request) for request in requests]}


def _set_clock(clock: Clock, data: dict[str, Any]) -> None:
    """{"at": instant} freezes · {"advance_hours": 5} moves · {"offset_hours": 0} ticks with the machine's clock."""
    if "at" in data:
        clock.set(data["at"])
    elif "advance_hours" in data:
        clock.advance(timedelta(hours=data["advance_hours"]))
    elif "offset_hours" in data:
        clock.tick(timedelta(hours=data["offset_hours"]))
    else:
        message = 'one of "at", "advance_hours" and "offset_hours" is needed'
        raise ValueError(message)
