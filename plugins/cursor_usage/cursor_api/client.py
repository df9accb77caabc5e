"""The Admin API's client: one per team and run, because it holds that team's rate limits."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal, Self

import httpx

from cursor_usage import __version__
from cursor_usage.cursor_api.answers import RawAnswer, failure_of
from cursor_usage.cursor_api.base_url import DEFAULT_BASE_URL, is_loopback, normalise_base_url
from cursor_usage.cursor_api.clock import Clock, SystemClock
from cursor_usage.cursor_api.endpoints import (
    ALL_SPECS,
    DAILY_USAGE,
    MEMBERS,
    SPEND,
    USAGE_EVENTS,
    Endpoint,
    EndpointAccess,
    EndpointSpec,
    Page,
    PagesRead,
)
from cursor_usage.cursor_api.envelope import Envelope, decode_envelope, to_int
from cursor_usage.cursor_api.errors import (
    CursorAnswerError,
    CursorAuthError,
    CursorPlanError,
    CursorRateLimitError,
    CursorRequestError,
)
from cursor_usage.cursor_api.limits import DEFAULT_REQUESTS_PER_MINUTE, EndpointGate, limits_by_endpoint
from cursor_usage.cursor_api.paging import PagingWatch, digest_of
from cursor_usage.cursor_api.read_ahead import AheadBudget, ReadAhead
from cursor_usage.cursor_api.retries import PROBE_POLICY, Failure, RetryPolicy, RetrySeries
from cursor_usage.cursor_api.secret import ApiKey
from cursor_usage.cursor_api.transport_errors import transport_error

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from types import TracebackType

MAX_RANGE_DAYS = 30

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# A page of 1,000 events is 0.5 MB; what goes on beyond this is not a page.
_LARGEST_ANSWER_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, between two bytes, to write, for a free connection, and for one try as a whole."""

    connect: float = 10
    read: float = 60
    write: float = 30
    pool: float = 60
    attempt: float = 180

    def for_httpx(self) -> httpx.Timeout:
        return httpx.Timeout(connect=self.connect, read=self.read, write=self.write, pool=self.pool)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A 200 of the right shape."""

    envelope: Envelope
    size_bytes: int
    requested_at: datetime
    received_at: datetime


class CursorAdminClient:
    """Reads the four endpoints, page by page, as an async context manager.

    Pages come in order; those that an answer announces are asked for ahead, side by side, a bounded number of them
    over everything that is read at once.

    Its limiters outlive the context, so that a client that is entered again still knows what it asked for. It may be
    entered in another event loop then, but not twice at once.

    Args:
        key: the team's Admin API key.
        base_url: ``https://`` or, for a stand-in on a trusted network, ``http://`` (the key travels in the clear).
        requests_per_minute: one number for every endpoint, or numbers by endpoint, 20 for those not named.
        timeouts: see :class:`Timeouts`.
        retry_policy: see :class:`RetryPolicy`.
        clock: a seam for tests.

    Raises:
        CursorAuthError: the key is empty or cannot be one.
        CursorRequestError: base URL or limits that cannot be used.
    """

    host: str = ""  # the normalised base URL

    def __init__(
        self,
        key: str,
        *,
        base_url: str = DEFAULT_BASE_URL,
        requests_per_minute: int | Mapping[str, int] = DEFAULT_REQUESTS_PER_MINUTE,
        timeouts: Timeouts | None = None,
        retry_policy: RetryPolicy | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._key = ApiKey(key)
        del key  # a traceback that shows locals has none to show
        self.host = normalise_base_url(base_url)
        self.requests_per_minute = limits_by_endpoint(requests_per_minute)
        self._timeouts = timeouts or Timeouts()
        self._policy = retry_policy or RetryPolicy()
        self._clock = clock or SystemClock()
        self._gates = {
            endpoint: EndpointGate(limit, self._clock) for endpoint, limit in self.requests_per_minute.items()
        }
        self._http: httpx.AsyncClient | None = None
        self._ahead_budget = AheadBudget()
        self._readings: set[ReadAhead[_Answer | Failure]] = set()

    def __repr__(self) -> str:
        return f"CursorAdminClient(host={self.host!r})"

    async def __aenter__(self) -> Self:
        if self._http is not None:
            raise RuntimeError("This client is in use already")
        for gate in self._gates.values():
            gate.open_in_this_loop()
        self._http = httpx.AsyncClient(
            auth=self._key.basic_auth(),
            timeout=self._timeouts.for_httpx(),
            # To another address the key would go along, or a stranger's answer be taken for Cursor's.
            follow_redirects=False,
            # A stand-in on this machine is not behind the company's proxy, whatever the environment says.
            trust_env=not is_loopback(self.host),
            headers={"User-Agent": f"cursor-usage/{__version__}", "Accept": "application/json"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for reading in list(self._readings):
            await reading.close()
        self._readings.clear()
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    def limit_now(self, endpoint: Endpoint) -> int:
        """Requests a minute that the endpoint is asked at most as things are: fewer than configured after a 429."""
        return self._gates[endpoint].limit

    def members(self) -> AsyncGenerator[Page, None]:
        """The members list, one page: removed people may be in it (`isRemoved`)."""
        return self._pages(MEMBERS, {})

    def spend(self) -> AsyncGenerator[Page, None]:
        """The open billing cycle's spend by member, as of now."""
        return self._pages(SPEND, {})

    def daily_usage(self, start_date: date, end_date: date) -> AsyncGenerator[Page, None]:
        """Daily counters by member, for UTC days from ``start_date`` to ``end_date``, both included.

        Raises:
            CursorRequestError: more than 30 days, or an end before the start.
        """
        # Up to the last millisecond of the last day: whole days by the API's own count, and never a day too many.
        start_at = datetime.combine(start_date, time(), tzinfo=UTC)
        end_at = datetime.combine(end_date, time(), tzinfo=UTC) + timedelta(days=1) - _MILLISECOND
        return self._pages(DAILY_USAGE, _range(Endpoint.DAILY_USAGE, start_at, end_at))

    def usage_events(
        self, start_at: datetime, end_at: datetime, *, after: PagesRead | None = None
    ) -> AsyncGenerator[Page, None]:
        """Events from ``start_at`` to ``end_at``, both included, aware, to the millisecond; newest first, not promised.

        ``after``: the pages of the same range that were read before; reading goes on with the one behind them.

        Raises:
            CursorRequestError: more than 30 days, an end before the start, or times without a zone.
        """
        return self._pages(USAGE_EVENTS, _range(Endpoint.USAGE_EVENTS, start_at, end_at), after)

    async def probe(self) -> list[EndpointAccess]:
        """What each endpoint answers to this key: one small request each, one more where the connection fails.

        Waits for no rate limit and never raises a CursorError.
        """
        now = self._clock.now()
        last_day = _range(Endpoint.USAGE_EVENTS, now - timedelta(days=1), now)
        ranges = {DAILY_USAGE.endpoint: last_day, USAGE_EVENTS.endpoint: last_day}
        return await asyncio.gather(*(self._probe(spec, ranges.get(spec.endpoint, {})) for spec in ALL_SPECS))

    async def _probe(self, spec: EndpointSpec, parameters: dict[str, Any]) -> EndpointAccess:
        body = None if spec.page_size is None else {**parameters, "page": 1, "pageSize": 1}
        answer = await self._ask(spec, body, PROBE_POLICY)
        if not isinstance(answer, Failure):
            return EndpointAccess(spec.endpoint, "ok", 200, None)
        error = answer.error
        outcome: Literal["refused", "failed"] = (
            "refused" if isinstance(error, CursorAuthError | CursorPlanError) else "failed"
        )
        return EndpointAccess(spec.endpoint, outcome, error.status_code, str(error), error)

    async def _pages(
        self, spec: EndpointSpec, parameters: dict[str, Any], after: PagesRead | None = None
    ) -> AsyncGenerator[Page, None]:
        watch = PagingWatch(spec, after)
        number = after.pages + 1 if after else 1

        async def ask(number: int) -> _Answer | Failure:
            body = None if spec.page_size is None else {**parameters, "page": number, "pageSize": spec.page_size}
            return await self._ask(spec, body, self._policy)

        reading = ReadAhead(ask, self._ahead_budget, number)
        self._readings.add(reading)
        try:
            while True:
                answer = await reading.answer(number)
                if isinstance(answer, Failure):
                    raise answer.error
                page = _page(spec, number, answer)
                if watch.is_beyond_the_end(page):
                    return
                has_more = watch.has_more(page)
                if has_more:
                    reading.reach_for(watch.last_announced_page(page), page.size_bytes)
                yield page
                if not has_more:
                    return
                number += 1
        finally:
            self._readings.discard(reading)
            await reading.close()

    async def _ask(self, spec: EndpointSpec, body: dict[str, Any] | None, policy: RetryPolicy) -> _Answer | Failure:
        series = RetrySeries(policy, self._clock)
        gate = self._gates[spec.endpoint]
        answers_seen = gate.answers

        async def attempt() -> _Answer | Failure:
            nonlocal answers_seen
            refusals_before = await gate.pass_through()
            started = self._clock.monotonic()
            answer = await self._exchange(spec, body, min(self._timeouts.attempt, series.seconds_left))
            series.spend(self._clock.monotonic() - started)
            if isinstance(answer, Failure):
                return answer
            failure = failure_of(answer, spec.endpoint, policy, self._key.scrub)
            if failure is None or not isinstance(failure.error, CursorRateLimitError):
                gate.note_answer()
                return failure or _decode(spec, answer)
            if failure.may_pass:
                gate.turn_away(refusals_before, failure.wait_seconds)
                failure = replace(failure, is_only_waiting=gate.answers > answers_seen)
                answers_seen = gate.answers
            return failure

        return await series.run(attempt)

    async def _exchange(self, spec: EndpointSpec, body: dict[str, Any] | None, seconds: float) -> RawAnswer | Failure:
        if self._http is None:
            raise RuntimeError("Use the client in an `async with`")
        request = self._http.build_request(spec.method, f"{self.host}{spec.path}", json=body)
        requested_at = self._clock.now()
        is_reading = False
        try:
            async with asyncio.timeout(seconds):
                response = await self._http.send(request, stream=True)
                is_reading = True
                try:
                    content = await _read(response)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            reason = transport_error(error, self.host, spec.endpoint, is_reading=is_reading, scrub=self._key.scrub)
            return Failure(reason, may_pass=True)
        if content is None:
            return Failure(
                CursorAnswerError("The answer does not end", endpoint=spec.endpoint, status_code=200), may_pass=False
            )
        return RawAnswer(response.status_code, response.headers, content, requested_at, self._clock.now())


async def _read(response: httpx.Response) -> bytes | None:
    """The body, decompressed, or None where it is too large to be an answer."""
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > _LARGEST_ANSWER_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _decode(spec: EndpointSpec, answer: RawAnswer) -> _Answer | Failure:
    try:
        envelope = decode_envelope(answer.content, spec)
    except CursorAnswerError as error:
        error.status_code = answer.status_code
        # The decoder's frames hold the whole answer, with names and e-mails.
        error.__traceback__ = error.__context__ = None
        # A strange 200 may be a gateway's hiccup, so it is asked for again before it counts.
        return Failure(error, may_pass=True)
    return _Answer(envelope, len(answer.content), answer.requested_at, answer.received_at)


def _page(spec: EndpointSpec, number: int, answer: _Answer) -> Page:
    envelope = answer.envelope
    return Page(
        endpoint=spec.endpoint,
        number=number,
        records=envelope.records,
        digest=digest_of(envelope.raw_records),
        announced_records=to_int(envelope.rest.get(spec.announced_key)) if spec.announced_key else None,
        total_pages=envelope.total_pages(),
        has_next_page=envelope.has_next_page(),
        cycle_start_ms=to_int(envelope.rest.get("subscriptionCycleStart")),
        envelope=envelope.rest,
        size_bytes=answer.size_bytes,
        requested_at=answer.requested_at,
        received_at=answer.received_at,
    )


def _range(endpoint: Endpoint, start_at: datetime, end_at: datetime) -> dict[str, int]:
    """The range's bounds as the API wants them: numbers (as text they get a 500), epoch milliseconds."""
    if start_at.tzinfo is None or end_at.tzinfo is None:
        raise CursorRequestError("A range without a time zone", endpoint=endpoint, next_step="give aware times")
    if end_at < start_at:
        raise CursorRequestError(
            f"The range ends ({end_at:%Y-%m-%d}) before it starts ({start_at:%Y-%m-%d})",
            endpoint=endpoint,
            next_step="give the earlier day first",
        )
    if end_at - start_at > timedelta(days=MAX_RANGE_DAYS):
        raise CursorRequestError(
            f"The range {start_at:%Y-%m-%d} to {end_at:%Y-%m-%d} is longer than {MAX_RANGE_DAYS} days",
            endpoint=endpoint,
            next_step="split it",
        )
    return {"startDate": _epoch_ms(start_at), "endDate": _epoch_ms(end_at)}


def _epoch_ms(instant: datetime) -> int:
    return (instant - _EPOCH) // _MILLISECOND
