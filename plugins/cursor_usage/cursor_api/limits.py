"""How fast each endpoint may be asked. One gate an endpoint, shared by everything that uses the client."""

from __future__ import annotations

import asyncio
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

    The library's bucket is used without its `Limiter`, which starts a thread for each and can neither be paused nor
    given another clock.
    """

    def __init__(self, limit: int, clock: Clock) -> None:
        self._bucket = InMemoryBucket([Rate(limit, _WINDOW_MS)])
        self._clock = clock
        self._paused_until = clock.monotonic()
        self._queue = asyncio.Lock()

    def open_in_this_loop(self) -> None:
        """Forget the queue of an earlier event loop, but not what was let through."""
        self._queue = asyncio.Lock()

    async def pass_through(self) -> None:
        """Wait until a request may leave, and count it."""
        async with self._queue:
            while (seconds := self._seconds_to_wait()) > 0:
                await self._clock.sleep(seconds)

    def pause(self, seconds: float) -> None:
        """Let nobody through for that long: one request's 429 counts for all of the endpoint."""
        self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)

    def _seconds_to_wait(self) -> float:
        now = self._clock.monotonic()
        if now < self._paused_until:
            return self._paused_until - now
        now_ms = int(now * 1000)
        self._bucket.leak(now_ms)
        request = RateItem("request", now_ms)
        if self._bucket.put(request):
            return 0.0
        # At least a millisecond: the bucket counts in whole ones, and a wait of zero would spin.
        wait_ms = cast("int", self._bucket.waiting(request))  # awaitable for remote buckets only
        return max(wait_ms, 1) / 1000
