"""Airflow's *Test* button for a connection without a port (entry point ``airflow.plugins``).

Airflow 3.3.1 and 3.3.2 refuse to test one: their UI sends port 0 where none is set, and their API takes that for
another address than the stored one and asks for the key again ("Bad Request"). apache/airflow#73298 mends it; once
requirements.txt asks for a release that has it, this file, its test and its entry point go.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from cursor_usage.hooks.connection import CONNECTION_TYPE

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

TEST_PATH = "/api/v2/connections/test"


class PortZeroMeansNone:
    """ASGI middleware: in a request to test a connection of this package's type, port 0 becomes null."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands every request on, the one in question with its body changed."""
        is_test = scope["type"] == "http" and scope["method"] == "POST" and scope["path"].endswith(TEST_PATH)
        if not is_test:
            await self._app(scope, receive, send)
            return
        body = _without_port_zero(await _whole_body(receive))
        headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._app({**scope, "headers": headers}, _replay(body, receive), send)


class ConnectionTestPlugin(AirflowPlugin):
    """Puts the middleware into Airflow's API server."""

    name = "cursor_usage_connection_test"
    fastapi_root_middlewares = [  # noqa: RUF012 - Airflow declares it as an attribute of instances
        {"name": "Port 0 means none in a test of a Cursor connection", "middleware": PortZeroMeansNone}
    ]


async def _whole_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _without_port_zero(body: bytes) -> bytes:
    try:
        fields = json.loads(body)
    except ValueError:
        return body
    if not isinstance(fields, dict) or fields.get("conn_type") != CONNECTION_TYPE or fields.get("port") != 0:
        return body
    return json.dumps({**fields, "port": None}).encode()


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once, then whatever the client sends (that it went away)."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed
