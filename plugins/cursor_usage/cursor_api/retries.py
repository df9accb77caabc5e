"""Which failures are worth another try, how long to wait before it, and when to stop."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_result, wait_exponential_jitter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cursor_usage.cursor_api.clock import Clock
    from cursor_usage.cursor_api.errors import CursorError

T = TypeVar("T")

_SECONDS = re.compile(r"\d{1,15}(\.\d*)?|\.\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient the client is with one request.

    Attributes:
        attempts: requests at most, the first one included.
        total_seconds: of trying and waiting, the queue before the rate limiter apart (that one is patience with
            ourselves, and bounded by the pages ahead).
        max_retry_after_seconds: the longest `Retry-After` that is waited for; a longer one is the orchestrator's.
        first_backoff_seconds: doubled each time, with up to as much again at random.
        max_backoff_seconds: where the doubling ends.
    """

    attempts: int = 5
    total_seconds: float = 600
    max_retry_after_seconds: float = 180
    first_backoff_seconds: float = 1
    max_backoff_seconds: float = 30


# A person waits for the answer: no rate limit is waited for, one hiccup is forgiven.
PROBE_POLICY = RetryPolicy(attempts=2, total_seconds=25, max_retry_after_seconds=0)


@dataclass(frozen=True, slots=True)
class Failure:
    """A try that failed. A value and not an exception, so that the error is raised where no frame holds a request."""

    error: CursorError
    may_pass: bool
    wait_seconds: float = 0.0
    # Turned away while others got through: waiting for one's turn, which says nothing of whether a try can succeed.
    is_only_waiting: bool = False


class RetrySeries:
    """One request and its repetitions."""

    def __init__(self, policy: RetryPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._spent_seconds = 0.0
        self._attempts = 0
        self._is_only_waiting = False
        self._backoff = wait_exponential_jitter(
            multiplier=policy.first_backoff_seconds,
            jitter=policy.first_backoff_seconds,
            max=policy.max_backoff_seconds,
        )

    @property
    def seconds_left(self) -> float:
        return max(self._policy.total_seconds - self._spent_seconds, 0.0)

    def spend(self, seconds: float) -> None:
        """Count what a try took."""
        self._spent_seconds += seconds

    async def run(self, attempt: Callable[[], Awaitable[T | Failure]]) -> T | Failure:
        """The first success, else the last failure."""
        retrying = AsyncRetrying(
            retry=retry_if_result(lambda outcome: isinstance(outcome, Failure) and outcome.may_pass),
            wait=self._wait,
            stop=self._is_over,
            sleep=self._sleep,
            retry_error_callback=_outcome,
        )
        outcome: T | Failure = await retrying(attempt)
        return outcome

    def _wait(self, state: RetryCallState) -> float:
        failure = _outcome(state)
        asked_for = failure.wait_seconds if isinstance(failure, Failure) else 0.0
        return max(asked_for, self._backoff(state))

    def _is_over(self, state: RetryCallState) -> bool:
        failure = _outcome(state)
        self._is_only_waiting = isinstance(failure, Failure) and failure.is_only_waiting
        if self._is_only_waiting:
            return False
        self._attempts += 1
        # tenacity has computed the wait before it asks, so the last try is not followed by one.
        return self._attempts >= self._policy.attempts or state.upcoming_sleep >= self.seconds_left

    async def _sleep(self, seconds: float) -> None:
        if not self._is_only_waiting:
            self.spend(seconds)
        await self._clock.sleep(seconds)


def _outcome(state: RetryCallState) -> object:
    return None if state.outcome is None else state.outcome.result()


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for: whole or broken seconds, or an HTTP date (RFC 9110, 10.2.3).

    Returns None where there is no header or it cannot be read; a date in the past is 0.
    """
    if value is None:
        return None
    if _SECONDS.fullmatch(value.strip()):
        return float(value)
    try:
        instant = parsedate_to_datetime(value)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        seconds = (instant - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None
