"""What a status and a body mean. Source: the Admin API's documentation and answers seen on real teams."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from cursor_usage.cursor_api.errors import (
    CursorAnswerError,
    CursorAuthError,
    CursorError,
    CursorPlanError,
    CursorRateLimitError,
    CursorRequestError,
    CursorServerError,
)
from cursor_usage.cursor_api.retries import Failure, RetryPolicy, parse_retry_after

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import httpx

    from cursor_usage.cursor_api.endpoints import Endpoint

# The API's window is a minute; shorter waits without a header only burn attempts.
_RATE_LIMIT_WINDOW_SECONDS = 60.0
_LONGEST_API_MESSAGE = 200
_LONGEST_READ_MESSAGE = 100_000

# The plan's own next step is for a team that has none of the endpoints.
_ONE_ENDPOINT_MISSING = "the rest is loaded and what needs this one stays inconclusive, a larger plan may have it"

# 401 and 403 are used for both meanings, so the words decide and the status only where they say nothing.
_KEY_WORDS = re.compile(
    r"(?:invalid|wrong|unknown|expired|revoked|missing|malformed)\b.{0,30}\b(?:key|token|credentials)"
    r"|\b(?:key|token|credentials)\b.{0,20}\b(?:invalid|not valid|expired|revoked|missing)"
    r"|^unauthori[sz]ed\W*$|unauthenticated",
    re.IGNORECASE,
)
_PLAN_WORDS = re.compile(r"enterprise|not authorized|\bplan\b|upgrade|business", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An HTTP answer, read to its end."""

    status_code: int
    headers: httpx.Headers
    content: bytes
    requested_at: datetime
    received_at: datetime


def failure_of(
    answer: RawAnswer, endpoint: Endpoint, policy: RetryPolicy, scrub: Callable[[str], str]
) -> Failure | None:
    """What went wrong, or None for a 200. ``scrub`` takes the key out of the API's own words."""
    status = answer.status_code
    if status == HTTPStatus.OK:
        return None
    api_message = None if _is_html(answer) else read_api_message(answer.content, scrub)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _rate_limited(answer, endpoint, policy, api_message)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {HTTPStatus.CONFLICT, HTTPStatus.REQUEST_TIMEOUT}:
        return _server_failed(answer, endpoint, policy, api_message)
    kind, message = _refusal(answer, api_message)
    next_step = _ONE_ENDPOINT_MISSING if kind is CursorPlanError else None
    return Failure(
        kind(message, endpoint=endpoint, status_code=status, api_message=api_message, next_step=next_step),
        may_pass=False,
    )


def _rate_limited(answer: RawAnswer, endpoint: Endpoint, policy: RetryPolicy, api_message: str | None) -> Failure:
    asked_for = parse_retry_after(answer.headers.get("retry-after"), answer.received_at)
    wait_seconds = _RATE_LIMIT_WINDOW_SECONDS if asked_for is None else asked_for
    error = CursorRateLimitError(
        f"Cursor limits the rate of this team's requests (429) and asks to wait {wait_seconds:.0f} s",
        endpoint=endpoint,
        status_code=answer.status_code,
        api_message=api_message,
        retry_after_seconds=wait_seconds,
    )
    return Failure(error, may_pass=wait_seconds <= policy.max_retry_after_seconds, wait_seconds=wait_seconds)


def _server_failed(answer: RawAnswer, endpoint: Endpoint, policy: RetryPolicy, api_message: str | None) -> Failure:
    wait_seconds = parse_retry_after(answer.headers.get("retry-after"), answer.received_at) or 0.0
    error = CursorServerError(
        f"Cursor failed to answer ({_status_and_words(answer, api_message)})",
        endpoint=endpoint,
        status_code=answer.status_code,
        api_message=api_message,
        retry_after_seconds=wait_seconds or None,
    )
    return Failure(error, may_pass=wait_seconds <= policy.max_retry_after_seconds, wait_seconds=wait_seconds)


def _refusal(answer: RawAnswer, api_message: str | None) -> tuple[type[CursorError], str]:
    status, words = answer.status_code, _status_and_words(answer, api_message)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return CursorAnswerError, f"The answer leads to another address ({status}), where the key is not sent"
    if _is_html(answer) or status == HTTPStatus.NOT_FOUND:
        return CursorAnswerError, f"The answer is not the Admin API's ({words})"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        if _is_about_the_key(status, api_message or ""):
            return CursorAuthError, f"Cursor refused the key ({words}): it is wrong or of another kind"
        return CursorPlanError, f"This plan does not have this endpoint ({words})"
    if status < HTTPStatus.BAD_REQUEST:
        return CursorAnswerError, f"The answer is not the Admin API's ({words})"
    return CursorRequestError, f"Cursor did not accept the request ({words})"


def _is_about_the_key(status: int, api_message: str) -> bool:
    if _KEY_WORDS.search(api_message):
        return True
    if _PLAN_WORDS.search(api_message):
        return False
    return status == HTTPStatus.UNAUTHORIZED


def _status_and_words(answer: RawAnswer, api_message: str | None) -> str:
    if _is_html(answer):
        return f"{answer.status_code}, an HTML page"
    return f'{answer.status_code}, "{api_message}"' if api_message else str(answer.status_code)


def _is_html(answer: RawAnswer) -> bool:
    return "html" in answer.headers.get("content-type", "") or answer.content.lstrip()[:1] == b"<"


def read_api_message(content: bytes, scrub: Callable[[str], str]) -> str | None:
    """The API's own words: ``message``, then ``error``, then the raw text; on one line, shortened, without the key."""
    text = content[:_LONGEST_READ_MESSAGE].decode(errors="replace")
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        body = None
    if isinstance(body, dict):
        texts = [value for name in ("message", "error") if isinstance(value := body.get(name), str) and value.strip()]
        text = texts[0] if texts else text
    # Scrubbed before it is cut, so that no half of the key stays.
    line = " ".join(scrub(text).split())
    printable = "".join(character for character in line if character.isprintable())
    return printable[:_LONGEST_API_MESSAGE] or None
