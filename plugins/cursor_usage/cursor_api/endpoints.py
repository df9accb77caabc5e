"""The four endpoints: where they are, how they page, and what a page of theirs looks like."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import msgspec

    from cursor_usage.cursor_api.errors import CursorError


class Endpoint(StrEnum):
    """The endpoints of the Admin API that this package reads."""

    MEMBERS = "members"
    SPEND = "spend"
    DAILY_USAGE = "daily_usage"
    USAGE_EVENTS = "usage_events"

    @property
    def label(self) -> str:
        """As it stands in a sentence."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its records as received, and what its envelope says of paging and completeness.

    Attributes:
        number: from 1.
        records: each record's bytes exactly as received (blanks and line breaks inside a record included).
        digest: of all of them together, to know a page again.
        announced_records: rows of the whole answer as this page counts them (usage events, spend), else None.
        total_pages: as announced; moves for usage events while data arrive.
        has_next_page: as announced, None where the answer does not say.
        cycle_start_ms: spend only, ``subscriptionCycleStart`` in epoch milliseconds.
        envelope: everything of the answer but the records.
        size_bytes: of the answer's body, after decompression.
        requested_at: when this answer's request left (the last try's), UTC.
        received_at: when its last byte came, UTC.
    """

    endpoint: Endpoint
    number: int
    records: Sequence[msgspec.Raw]
    digest: str
    announced_records: int | None
    total_pages: int | None
    has_next_page: bool | None
    cycle_start_ms: int | None
    envelope: dict[str, Any]
    size_bytes: int
    requested_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class PagesRead:
    """The first pages of an answer, read before: how many, and their digests."""

    pages: int
    digests: frozenset[str]


@dataclass(frozen=True, slots=True)
class EndpointAccess:
    """What one endpoint answered to this key."""

    endpoint: Endpoint
    outcome: Literal["ok", "refused", "failed", "not_tried"]
    status_code: int | None
    message: str | None
    error: CursorError | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class EndpointSpec:
    """How to ask an endpoint and where its answer keeps things."""

    endpoint: Endpoint
    method: Literal["GET", "POST"]
    path: str
    records_key: str
    page_size: int | None  # None: the endpoint has no paging and ignores `page`
    announced_key: str | None = None
    # The number of pages moves while events arrive, so only hasNextPage ends their paging.
    trusts_total_pages: bool = True


MEMBERS = EndpointSpec(Endpoint.MEMBERS, "GET", "/teams/members", "teamMembers", None)
SPEND = EndpointSpec(Endpoint.SPEND, "POST", "/teams/spend", "teamMemberSpend", 100, "totalMembers")
# `totalUsers` counts people, not rows, so daily usage announces no records.
DAILY_USAGE = EndpointSpec(Endpoint.DAILY_USAGE, "POST", "/teams/daily-usage-data", "data", 1000)
USAGE_EVENTS = EndpointSpec(
    Endpoint.USAGE_EVENTS,
    "POST",
    "/teams/filtered-usage-events",
    "usageEvents",
    1000,
    "totalUsageEventsCount",
    trusts_total_pages=False,
)
ALL_SPECS = (MEMBERS, SPEND, DAILY_USAGE, USAGE_EVENTS)
