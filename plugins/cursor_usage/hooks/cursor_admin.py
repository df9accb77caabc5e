"""The Airflow hook of connection type ``cursor``."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.sdk import BaseHook

from cursor_usage.cursor_api import CursorAdminClient, CursorError, endpoint_sentences, summarise_access
from cursor_usage.hooks.connection import CONNECTION_TYPE, CursorConnection
from cursor_usage.hooks.lookup import look_up
from cursor_usage.hooks.teams import Team, resolve_teams

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from cursor_usage.cursor_api import EndpointAccess

__all__ = ["CursorAdminHook", "Team", "resolve_teams"]

T = TypeVar("T")


class CursorAdminHook(BaseHook):
    """Connection to one team's Cursor Admin API.

    The connection: password = the team's Admin API key, host = base URL (default ``https://api.cursor.com``), extras
    ``team_id`` (default: the connection's id) and ``requests_per_minute`` (a number, or numbers by endpoint).
    """

    conn_name_attr = "cursor_conn_id"
    default_conn_name = "cursor_default"
    conn_type = CONNECTION_TYPE
    hook_name = "Cursor Admin API"

    def __init__(self, cursor_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.cursor_conn_id = cursor_conn_id

    @cached_property
    def connection(self) -> CursorConnection:
        """The connection's meaning, looked up when first needed.

        Raises:
            CursorConnectionError: there is none, or it says something that cannot be.
        """
        return CursorConnection.read(self.cursor_conn_id, look_up(self.cursor_conn_id, self.get_connection))

    @cached_property
    def _client(self) -> CursorAdminClient:
        return CursorAdminClient(
            self.connection.key.value,
            base_url=self.connection.base_url,
            requests_per_minute=self.connection.requests_per_minute,
        )

    def get_client(self) -> CursorAdminClient:
        """The hook's one client, to be entered with ``async with``: its limiters hold for all that this hook reads.

        Raises:
            CursorConnectionError: the connection cannot be used.
            CursorAuthError: it has no key.
        """
        return self._client

    def get_conn(self) -> CursorAdminClient:
        """The client, under the name that Airflow gives it."""
        return self.get_client()

    @property
    def team_id(self) -> str:
        """The team whose data this connection reads."""
        return self.connection.team_id

    def probe(self) -> list[EndpointAccess]:
        """What each endpoint answers to this connection's key; loads nothing.

        Raises:
            CursorConnectionError: the connection cannot be used.
            CursorAuthError: it has no key.
        """
        return _run(self._probe())

    def test_connection(self) -> tuple[bool, str]:
        """Ask each endpoint once; a sentence on all of them, then one for each, a line each. Never raises.

        True where a run makes sense: all endpoints can be read, or the rest is refused for good.
        """
        try:
            accesses = self.probe()
        except CursorError as error:
            return False, f"{error.explanation}."
        except Exception as error:  # noqa: BLE001 - the button shows a sentence, whatever happened; words may be secret
            return False, f"The test itself failed ({type(error).__name__}); the API server's log says more."
        summary = summarise_access(accesses)
        return summary.is_usable, "\n".join([summary.sentence, *endpoint_sentences(accesses)])

    async def _probe(self) -> list[EndpointAccess]:
        async with self.get_client() as client:
            return await client.probe()


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The coroutine's result. Airflow tests connections in a thread; a caller inside an event loop gets one here."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
