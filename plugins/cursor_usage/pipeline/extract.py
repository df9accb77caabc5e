"""Fetches what a run needs from the API of one team and lands it. One client, one limiter per endpoint, one event loop.

The order matters once: spend is read, then the open day, then spend again, so that the open cycle's events are known up
to the spend snapshot's instant, and a cycle that rolls over in between is noticed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from cursor_usage.cursor_api import (
    USAGE_EVENTS_PAGE_SIZE,
    CursorAdminClient,
    CursorAuthError,
    CursorError,
    CursorPlanError,
    Endpoint,
    Page,
    PagesRead,
)
from cursor_usage.landing import Landing, LandingBusyError, Manifest, Window
from cursor_usage.pipeline.errors import IncompleteWindowError
from cursor_usage.pipeline.land import MAX_TRIES, Source, WindowLander
from cursor_usage.pipeline.landed import Known, LandedBefore, known_days
from cursor_usage.pipeline.progress import Progress
from cursor_usage.pipeline.run import AccessFact, TeamRunFile, TeamTask, read_run_file, write_run_file
from cursor_usage.pipeline.windows import (
    LOOK_BACK_DAYS,
    MILLISECOND,
    DayWindow,
    plan_daily_usage_windows,
    plan_event_windows,
)
from cursor_usage.settings import DataDir

log = logging.getLogger(__name__)

WINDOWS_SIDE_BY_SIDE = 4
CUT_OFF = "The fetch was cut off before it ended; run again, it goes on from there."

_Result = TypeVar("_Result")
Clock = Callable[[], datetime]
Sleep = Callable[[float], Awaitable[None]]


def utc_now() -> datetime:
    return datetime.now(UTC)


def extract(
    open_client: Callable[[], CursorAdminClient],
    task: TeamTask,
    data: DataDir,
    *,
    look_back_days: int = LOOK_BACK_DAYS,
    clock: Clock = utc_now,
    sleep: Sleep = asyncio.sleep,
) -> TeamRunFile:
    """Lands what the run needs and writes the run's file, also where it fails.

    An endpoint that the key may not read is left out and noted; the rest goes on. A wrong key, a plan without any of
    the endpoints, or an endpoint that fails otherwise ends the team's run.

    Raises:
        CursorError: the connection cannot be used, or the API refused or failed; see its subclasses.
        IncompleteWindowError: an announced count never fitted.
        LandingError: the team's landing is busy, or belongs to another host.
        WarehouseError: what is loaded already cannot be read.
    """
    extraction = _Extraction(task, data.landing, look_back_days=look_back_days, clock=clock, sleep=sleep)
    try:
        asyncio.run(extraction.run(open_client(), known_days(data, task.team_id)))
    except BaseException as error:
        # It may be another try of this run that fetches, and then its file is not ours to write.
        if not isinstance(error, LandingBusyError) or extraction.earlier is None:
            extraction.save_failed(str(error) or f"The fetch was interrupted ({type(error).__name__}).")
        raise
    extraction.save_succeeded()
    return extraction.run_file


class _Extraction:
    client: CursorAdminClient
    landed_before: LandedBefore
    lander: WindowLander
    progress: Progress

    def __init__(
        self,
        task: TeamTask,
        landing_root: Path,
        *,
        look_back_days: int,
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        self.task = task
        self.landing = Landing(landing_root, task.team_id)
        self.landing_root = landing_root
        self.look_back_days = look_back_days
        self.clock = clock
        self.sleep = sleep
        self.gate = asyncio.Semaphore(WINDOWS_SIDE_BY_SIDE)
        self.access: dict[Endpoint, AccessFact] = {}
        now = clock()
        self.run_file = TeamRunFile(
            run_id=task.run_id,
            team_id=task.team_id,
            connection_id=task.connection_id,
            started_at=now,
            finished_at=now,
        )

    @cached_property
    def earlier(self) -> TeamRunFile | None:
        """What an earlier try of this run left; first read when no other try can write it any more."""
        return read_run_file(self.landing_root, self.task.team_id, self.task.run_id)

    def _take_over_refusal(self) -> None:
        """What was refused is not used again by any try of the run; the steps that refused it clear their own error."""
        if self.earlier is not None and self.earlier.is_refused:
            self.run_file.is_refused = True
            self.run_file.errors = {step: text for step, text in self.earlier.errors.items() if step != "extract"}

    def save_failed(self, sentence: str) -> None:
        self._take_over_refusal()  # the try may have failed before it came to that
        self.run_file.errors["extract"] = sentence
        self._end()
        self._save_for_the_next_try()

    def save_succeeded(self) -> None:
        self.run_file.errors.pop("extract", None)
        # What was refused is not among its fetches.
        self.run_file.is_refused = False
        self._end()
        write_run_file(self.landing_root, self.run_file)

    def _end(self) -> None:
        for endpoint in Endpoint:
            if endpoint not in self.access:
                self._note(endpoint, "not_tried", message="The run ended before this endpoint was asked.")
        self.run_file.access = [self.access[endpoint] for endpoint in Endpoint]
        self.run_file.finished_at = self.clock()

    def _save_for_the_next_try(self) -> None:
        """With what earlier tries of this run have landed, or had refused, and this one has not come to yet."""
        own = self.run_file.fetches
        earlier = self.earlier.fetches if self.earlier else []
        fetches = [*(path for path in earlier if path not in own), *own]
        write_run_file(self.landing_root, msgspec.structs.replace(self.run_file, fetches=fetches))

    async def run(self, client: CursorAdminClient, known: Known) -> None:
        self.client = client
        with self.landing.claimed(client.host):
            self._take_over_refusal()
            now = self.clock()
            self.landed_before = LandedBefore(self.landing, known, self.earlier, now)
            self.progress = Progress(self.task.team_id, lambda: client.limit_now(Endpoint.USAGE_EVENTS))
            self.lander = WindowLander(
                self.landing,
                run_id=self.task.run_id,
                host=client.host,
                progress=self.progress,
                clock=self.clock,
                sleep=self.sleep,
            )
            self.run_file.errors["extract"] = CUT_OFF
            self._save_for_the_next_try()
            async with client, _in_background(self.progress.report_until_cancelled()):
                await self._run(known)

    async def _run(self, known: Known) -> None:
        await self._unless_refused(Endpoint.MEMBERS, self._snapshot(Endpoint.MEMBERS))
        spend = await self._unless_refused(Endpoint.SPEND, self._snapshot(Endpoint.SPEND))
        cycle_start = spend.cycle_start_at if spend else None
        window, now = self.task.window, self.clock()
        events = plan_event_windows(window, known.event_days, cycle_start, look_back_days=self.look_back_days, now=now)
        daily = plan_daily_usage_windows(window, known.daily_usage_days, look_back_days=self.look_back_days, now=now)
        self.progress.expect(len(events) + len(daily))
        await _side_by_side(
            [
                self._unless_refused(Endpoint.USAGE_EVENTS, self._event_windows(events)),
                self._unless_refused(Endpoint.DAILY_USAGE, self._daily_usage_windows(daily)),
            ]
        )
        if all(self.access[endpoint].outcome == "refused" for endpoint in Endpoint):
            refusal = self.access[Endpoint.MEMBERS]
            raise CursorPlanError(
                "this plan does not support the Admin API",
                status_code=refusal.status_code,
                api_message=refusal.message,
            )
        if self.access[Endpoint.USAGE_EVENTS].outcome == "ok":
            await self._open_day(cycle_start)

    async def _open_day(self, cycle_start: datetime | None) -> None:
        """The open day up to now, and spend once more; both again where a cycle began in between."""
        for _ in range(MAX_TRIES):
            try:
                await self._land_open_day()
                if self.access[Endpoint.SPEND].outcome != "ok":
                    return
                spend = await self._snapshot(Endpoint.SPEND)
            except IncompleteWindowError as error:
                # The open day still moves. It ties the open cycle to the spend snapshot and serves nothing else, and
                # the verdict says that it is missing: closed days are not to be lost for it.
                log.warning("%s The open cycle cannot be compared in this run.", error)
                return
            if spend.cycle_start_at == cycle_start:
                return
            log.info(
                "A billing cycle began at %s while this run was fetching: the open day is fetched again.",
                spend.cycle_start_at,
            )
            cycle_start = spend.cycle_start_at

    async def _land_open_day(self) -> None:
        now = self.clock().astimezone(UTC)
        today = now.date()
        if today <= self.task.window.newest_closed_date:
            return
        start_at = datetime.combine(today, datetime.min.time(), tzinfo=UTC)
        # Up, so that the open day always reaches beyond the spend snapshot that was read before it.
        end_at = start_at + -(-(now - start_at) // MILLISECOND) * MILLISECOND
        await self._land(
            Window(Endpoint.USAGE_EVENTS, today, today, start_at, end_at, is_open_day=True),
            Source(lambda _: self.client.usage_events(start_at, end_at), is_counted=True),
        )

    async def _unless_refused(self, endpoint: Endpoint, work: Awaitable[_Result]) -> _Result | None:
        """Does the work; None where the key may not read this endpoint."""
        try:
            result = await work
        except CursorPlanError as error:
            self._note(endpoint, "refused", error.status_code, error.api_message)
            log.warning("%s", error)
            return None
        except CursorError as error:
            outcome = "refused" if isinstance(error, CursorAuthError) else "failed"
            self._note(endpoint, outcome, error.status_code, error.api_message or str(error))
            raise
        except IncompleteWindowError as error:
            self._note(endpoint, "failed", message=str(error))
            raise
        self._note(endpoint, "ok", 200)
        return result

    def _note(
        self, endpoint: Endpoint, outcome: str, status_code: int | None = None, message: str | None = None
    ) -> None:
        self.access[endpoint] = AccessFact(endpoint, outcome, self.clock(), status_code, message)

    async def _snapshot(self, endpoint: Endpoint) -> Manifest:
        if endpoint is Endpoint.MEMBERS:
            return await self._land(Window(endpoint), Source(lambda _: self.client.members(), is_counted=False))
        # Members who were removed may be in its list and not in its count, or the other way round, each time it is
        # asked: a check warns of that.
        source = Source(lambda _: self.client.spend(), is_counted=True, is_count_firm=False)
        return await self._land(Window(endpoint), source)

    async def _event_windows(self, windows: Sequence[DayWindow]) -> None:
        await _side_by_side(self._event_window(window) for window in windows)

    async def _event_window(self, days: DayWindow) -> None:
        def pages(after: PagesRead | None) -> AsyncGenerator[Page, None]:
            return self.client.usage_events(days.start_at, days.end_at, after=after)

        async with self.gate:
            await self._land(
                Window(Endpoint.USAGE_EVENTS, days.start_date, days.end_date, days.start_at, days.end_at),
                Source(pages, is_counted=True, page_size=USAGE_EVENTS_PAGE_SIZE),
            )

    async def _daily_usage_windows(self, windows: Sequence[DayWindow]) -> None:
        for days in windows:
            await self._daily_usage_window(days)

    async def _daily_usage_window(self, days: DayWindow) -> None:
        await self._land(
            Window(Endpoint.DAILY_USAGE, days.start_date, days.end_date, days.start_at, days.end_at),
            # Without an announced number of rows nothing would tell whether the pages of two fetches fit together.
            Source(lambda _: self.client.daily_usage(days.start_date, days.end_date), is_counted=False),
        )

    async def _land(self, window: Window, source: Source) -> Manifest:
        """The window's fetch: of an earlier run or try where that serves as well, else a new one."""
        landed = self.landed_before.of(window)
        if landed is None:
            landed = await self.lander.land(window, source)
        else:
            log.info("%s %s was landed before and is not fetched again", window.endpoint, window.label)
            self.progress.skip()
        self.run_file.fetches.append(self.landing.manifest_path(landed))
        self._save_for_the_next_try()
        return landed


@contextlib.asynccontextmanager
async def _in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Does the work beside the block and ends it with the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _side_by_side(work: Iterable[Coroutine[Any, Any, Any]]) -> None:
    """Does all of it; the first error ends the rest and comes out as itself, so that callers can tell what it means."""
    try:
        async with asyncio.TaskGroup() as group:
            for part in work:
                group.create_task(part)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
