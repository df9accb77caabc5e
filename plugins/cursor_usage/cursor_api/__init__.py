"""Cursor's Admin API: authentication, limits, retries and paging. Knows nothing of Airflow or of DuckDB."""

from __future__ import annotations

from cursor_usage.cursor_api.access import AccessSummary, summarise_access
from cursor_usage.cursor_api.base_url import DEFAULT_BASE_URL, normalise_base_url
from cursor_usage.cursor_api.client import MAX_RANGE_DAYS, CursorAdminClient, Timeouts
from cursor_usage.cursor_api.clock import Clock, SystemClock
from cursor_usage.cursor_api.endpoints import Endpoint, EndpointAccess, Page
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

__all__ = [
    "DEFAULT_BASE_URL",
    "DEFAULT_REQUESTS_PER_MINUTE",
    "MAX_RANGE_DAYS",
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
    "RetryPolicy",
    "SystemClock",
    "Timeouts",
    "limits_by_endpoint",
    "normalise_base_url",
    "summarise_access",
]
