"""Cursor's Admin API: authentication, limits, retries and paging. Knows nothing of Airflow or of DuckDB."""

from __future__ import annotations

from cursor_usage.cursor_api.access import SERVES, AccessSummary, endpoint_sentences, summarise_access
from cursor_usage.cursor_api.base_url import DEFAULT_BASE_URL, normalise_base_url
from cursor_usage.cursor_api.client import MAX_RANGE_DAYS, CursorAdminClient, Timeouts
from cursor_usage.cursor_api.clock import Clock, SystemClock
from cursor_usage.cursor_api.endpoints import USAGE_EVENTS, Endpoint, EndpointAccess, Page, PagesRead
from cursor_usage.cursor_api.errors import (
    CursorAnswerError,
    CursorAuthError,
    CursorError,
    CursorPlanError,
    CursorRateLimitError,
    CursorRequestError,
    CursorServerError,
    CursorTruncatedAnswerError,
    CursorUnreachableError,
)
from cursor_usage.cursor_api.limits import DEFAULT_REQUESTS_PER_MINUTE, limits_by_endpoint
from cursor_usage.cursor_api.retries import RetryPolicy

# For whoever keeps pages and wants to know whether they would be cut alike again.
USAGE_EVENTS_PAGE_SIZE = USAGE_EVENTS.page_size

__all__ = [
    "DEFAULT_BASE_URL",
    "DEFAULT_REQUESTS_PER_MINUTE",
    "MAX_RANGE_DAYS",
    "SERVES",
    "USAGE_EVENTS_PAGE_SIZE",
    "AccessSummary",
    "Clock",
    "CursorAdminClient",
    "CursorAnswerError",
    "CursorAuthError",
    "CursorError",
    "CursorPlanError",
    "CursorRateLimitError",
    "CursorRequestError",
    "CursorServerError",
    "CursorTruncatedAnswerError",
    "CursorUnreachableError",
    "Endpoint",
    "EndpointAccess",
    "Page",
    "PagesRead",
    "RetryPolicy",
    "SystemClock",
    "Timeouts",
    "endpoint_sentences",
    "limits_by_endpoint",
    "normalise_base_url",
    "summarise_access",
]
