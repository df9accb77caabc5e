"""How fast each endpoint may be asked. One gate an endpoint, shared by everything that uses the client."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

from pyrate_limiter import InMemoryBucket, Rate, RateItem

from cursor_usage.cursor_api.endpoints import Endpoint
from cursor_usage.cursor_api.envelope import to_int
from cursor_usage.cursor_api.errors import CursorRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cursor_usage.cursor_api.clock import Clock

DEFAULT_REQUESTS_PER_MINUTE = 20

# The API counts when a request arrives, the gate when it leaves: a window a little longer than the minute
# covers the difference between two requests' ways.
_WINDOW_MS = 61_000
# After a 429 the limit is back within twenty quiet minutes, whatever it is: another client's work rarely lasts longer.
_STEPS_BACK = 20


def limits_by_endpoint(requests_per_minute: int | Mapping[str, int]) -> dict[Endpoint, int]:
    """The configured limit of each endpoint; an endpoint that is not named has the default.

    Raises:
        CursorRequestError: not whole numbers above zero, or a name that is no endpoint.
    """
    if isinstance(requests_per_minute, str | int | float):
        return dict.fromkeys(Endpoint, _limit(requests_per_minute))
    unknown = [name for name in requests_per_minute if name not in set(Endpoint)]
    if unknown:
        raise _bad_limit(f"names {', '.join(repr(str(name)[:40]) for name in unknown)}")
    named = {Endpoint(name): _limit(value) for name, value in requests_per_minute.items()}
    return {endpoint: named.get(endpoint, DEFAULT_REQUESTS_PER_MINUTE) for endpoint in Endpoint}


def _limit(value: object) -> int:
    limit = to_int(value)
    if limit is None or limit < 1:
        raise _bad_limit(f"has {str(value)[:40]!r}")
    return limit


def _bad_limit(what: str) -> CursorRequestError:
    return CursorRequestError(
        f"requests_per_minute {what}",
        next_step=f"give a whole number above zero, or an object of such numbers by endpoint ({', '.join(Endpoint)})",
    )


class EndpointGate:
    """Lets requests to one endpoint through, first come, first served.

    A sliding window, because that is what the API's limit is: no window of a minute holds more than the limit. A
    leaky bucket (aiolimiter) of the same rate lets a full bucket go at once and refills meanwhile, so that the
    first minute holds up to twice the limit.

    The API's quota is the team's, so another client may eat of it. A 429 says so: the limit falls to what got
    through, though at most by half at once, and rises again by a twentieth of the configured one each minute without
    another 429.

    The library's bucket is used without its `Limiter`, which starts a thread for each and can neither be paused nor
    given another clock.
    """

    def __init__(self, limit: int, clock: Clock) -> None:
        self._configured_limit = limit
        self._bucket = InMemoryBucket([Rate(limit, _WINDOW_MS)])
        self._clock = clock
        self._paused_until = clock.monotonic()
        self._queue = asyncio.Lock()
        self._limit_changed_at = clock.monotonic()
        self._refusals = 0  # of requests that were under way together: one
        self._answered_at: deque[float] = deque()  # of the newest window only
        self.answers = 0  # that were no refusals, since the beginning

    @property
    def limit(self) -> int:
        """Requests a minute that are let through as things are now: the configured ones, or fewer after a 429."""
        return self._bucket.rates[0].limit

    def open_in_this_loop(self) -> None:
        """Forget the queue of an earlier event loop, but not what was let through."""
        self._queue = asyncio.Lock()

    async def pass_through(self) -> int:
        """Wait until a request may leave, and count it; what to tell :meth:`turn_away` of it."""
        async with self._queue:
            while (seconds := self._seconds_to_wait()) > 0:
                await self._clock.sleep(seconds)
            return self._refusals

    def note_answer(self) -> None:
        """A request was not turned away."""
        self.answers += 1
        self._answered_at.append(self._clock.monotonic())
        self._forget_old_answers()

    def turn_away(self, refusals_before: int, seconds: float) -> None:
        """A request got a 429: nobody leaves for that long, and fewer leave afterwards.

        Of requests that were under way together the first one's 429 speaks for all: the others left before the limit
        was lowered, which ``refusals_before`` (from :meth:`pass_through`) tells.
        """
        self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)
        if refusals_before < self._refusals:
            return
        self._refusals += 1
        self._forget_old_answers()
        self._set_limit(max(min(len(self._answered_at), self.limit - 1), self.limit // 2, 1))

    def _set_limit(self, limit: int) -> None:
        self._bucket.rates = [Rate(limit, _WINDOW_MS)]
        self._limit_changed_at = self._clock.monotonic()

    def _raise_limit_after_quiet(self, now: float) -> None:
        quiet_minutes = int((now - max(self._limit_changed_at, self._paused_until)) * 1000 / _WINDOW_MS)
        if self.limit < self._configured_limit and quiet_minutes > 0:
            step = max(self._configured_limit // _STEPS_BACK, 1)
            self._set_limit(min(self.limit + quiet_minutes * step, self._configured_limit))

    def _forget_old_answers(self) -> None:
        since = self._clock.monotonic() - _WINDOW_MS / 1000
        while self._answered_at and self._answered_at[0] < since:
            self._answered_at.popleft()

    def _seconds_to_wait(self) -> float:
        now = self._clock.monotonic()
        if now < self._paused_until:
            return self._paused_until - now
        self._raise_limit_after_quiet(now)
        now_ms = int(now * 1000)
        self._bucket.leak(now_ms)
        request = RateItem("request", now_ms)
        if self._bucket.put(request):
            return 0.0
        # At least a millisecond: the bucket counts in whole ones, and a wait of zero would spin.
        wait_ms = cast("int", self._bucket.waiting(request))  # awaitable for remote buckets only
        return max(wait_ms, 1) / 1000
