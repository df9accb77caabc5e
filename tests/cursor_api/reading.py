"""Shorthand of these tests: a client on the fault server, and reading an endpoint to its end."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from cursor_usage.cursor_api import CursorAdminClient, CursorError, Page

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.cursor_api.fault_server import FakeClock, FaultServer

KEY = "key_7f3a91c2d4e5b6a7988776655443322110ffeeddccbbaa"
UNLIMITED = 1_000_000


def client_of(server: FaultServer, clock: FakeClock | None = None, **settings: Any) -> CursorAdminClient:
    defaults: dict[str, Any] = {"base_url": server.url, "requests_per_minute": UNLIMITED, "clock": clock}
    return CursorAdminClient(KEY, **(defaults | settings))


def events(client: CursorAdminClient) -> AsyncGenerator[Page, None]:
    return client.usage_events(
        datetime(2026, 11, 2, tzinfo=UTC), datetime(2026, 11, 2, 23, 59, 59, 999_999, tzinfo=UTC)
    )


def daily_usage(client: CursorAdminClient) -> AsyncGenerator[Page, None]:
    return client.daily_usage(date(2026, 11, 2), date(2026, 11, 8))


READERS: dict[str, Any] = {
    "members": CursorAdminClient.members,
    "spend": CursorAdminClient.spend,
    "daily_usage": daily_usage,
    "usage_events": events,
}


async def _pages(client: CursorAdminClient, reader: Any) -> list[Page]:
    async with client:
        return [page async for page in reader(client)]


def read(client: CursorAdminClient, reader: Any) -> list[Page]:
    return asyncio.run(_pages(client, reader))


def records_of(pages: list[Page]) -> list[bytes]:
    return [bytes(record) for page in pages for record in page.records]


def error_of(client: CursorAdminClient, reader: Any) -> CursorError:
    """The error that reading ends with; fails where it does not."""
    try:
        pages = read(client, reader)
    except CursorError as error:
        return error
    raise AssertionError(f"no error, but {len(pages)} pages")
