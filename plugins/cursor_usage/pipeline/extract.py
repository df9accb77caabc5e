"""Fetches what a run needs from the API of one team and lands it. One client, one limiter per endpoint, one event loop.

The order matters once: spend is read, then the open day, then spend again, so that the open cycle's events are known up
to the spend snapshot's instant, and a cycle that rolls over in between is noticed.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from cursor_usage.cursor_api import CursorAdminClient, CursorAuthError, CursorError, CursorPlanError, Endpoint, Page
from cursor_usage.landing import Landing, Manifest, Window
from cursor_usage.pipeline.errors import IncompleteWindowError
from cursor_usage.pipeline.run import AccessFact, TeamRunFile, TeamTask, read_run_file, write_run_file
from cursor_usage.pipeline.windows import LOOK_BACK_DAYS, DayWindow, plan_daily_usage_windows, plan_event_windows
from cursor_usage.settings import DataDir
from cursor_usage.warehouse.connection import connected, writer
from cursor_usage.warehouse.load import loaded_days

log = logging.getLogger(__name__)

MAX_TRIES = 3
# Rows that arrive while a window is paged move its count; a moment later it holds still.
PAUSE_BETWEEN_TRIES_SECONDS = 5.0
WINDOWS_SIDE_BY_SIDE = 4
_MILLISECOND = timedelta(milliseconds=1)

_Result = TypeVar("_Result")
Clock = Callable[[], datetime]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Known:
    """What raw holds of the team: days by endpoint with the start of their newest fetch (aware, UTC)."""

    event_days: dict[date, datetime]
    daily_usage_days: dict[date, datetime]


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
        return asyncio.run(extraction.run(open_client(), known_days(data, task.team_id)))
    except BaseException as error:
        extraction.run_file.errors["extract"] = str(error) or f"The fetch was interrupted ({type(error).__name__})."
        raise
    finally:
        extraction.save()


def known_days(data: DataDir, team_id: str) -> Known:
    """The days that raw holds of a team. Nothing is known before the first run.

    Raises:
        WarehouseError: the warehouse is held by another process, or cannot be opened.
    """
    if not data.warehouse.exists():
        return Known({}, {})
    with writer(data.warehouse, purpose=f"reading what is loaded of {team_id}"), connected(data.warehouse) as warehouse:
        return Known(
            loaded_days(warehouse, team_id, Endpoint.USAGE_EVENTS),
            loaded_days(warehouse, team_id, Endpoint.DAILY_USAGE),
        )


class _Extraction:
    client: CursorAdminClient

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
        self.landed_before = self._landed_by_this_run()
        now = clock()
        self.run_file = TeamRunFile(
            run_id=task.run_id,
            team_id=task.team_id,
            connection_id=task.connection_id,
            started_at=now,
            finished_at=now,
        )

    def _landed_by_this_run(self) -> dict[str, Manifest]:
        """Closed windows that an earlier try of the same run has landed: they are not fetched again."""
        earlier = read_run_file(self.landing_root, self.task.team_id, self.task.run_id)
        manifests = [self.landing.manifest(path) for path in earlier.fetches] if earlier else []
        return {
            f"{m.window.endpoint}/{m.window.key}": m
            for m in manifests
            if m.window.start_date is not None and not m.window.is_open_day
        }

    def save(self) -> None:
        for endpoint in Endpoint:
            if endpoint not in self.access:
                self._note(endpoint, "not_tried", message="The run ended before this endpoint was asked.")
        self.run_file.access = [self.access[endpoint] for endpoint in Endpoint]
        self.run_file.finished_at = self.clock()
        write_run_file(self.landing_root, self.run_file)

    async def run(self, client: CursorAdminClient, known: Known) -> TeamRunFile:
        self.client = client
        with self.landing.claimed(client.host):
            async with client:
                await self._run(known)
        return self.run_file

    async def _run(self, known: Known) -> None:
        await self._unless_refused(Endpoint.MEMBERS, self._snapshot(Endpoint.MEMBERS))
        spend = await self._unless_refused(Endpoint.SPEND, self._snapshot(Endpoint.SPEND))
        cycle_start = spend.cycle_start_at if spend else None
        window, now = self.task.window, self.clock()
        events = plan_event_windows(window, known.event_days, cycle_start, look_back_days=self.look_back_days, now=now)
        daily = plan_daily_usage_windows(window, known.daily_usage_days, look_back_days=self.look_back_days, now=now)
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
            except IncompleteWindowError as error:
                # The open day still moves. It ties the open cycle to the spend snapshot and serves nothing else, and
                # the verdict says that it is missing: closed days are not to be lost for it.
                log.warning("%s The open cycle cannot be compared in this run.", error)
                return
            if self.access[Endpoint.SPEND].outcome != "ok":
                return
            spend = await self._snapshot(Endpoint.SPEND)
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
        end_at = start_at + -(-(now - start_at) // _MILLISECOND) * _MILLISECOND
        window = Window(Endpoint.USAGE_EVENTS, today, today, start_at, end_at, is_open_day=True)
        await self._land(window, functools.partial(self.client.usage_events, start_at, end_at), counted=True)

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
        pages = self.client.members if endpoint is Endpoint.MEMBERS else self.client.spend
        return await self._land(Window(endpoint), pages, counted=endpoint is Endpoint.SPEND)

    async def _event_windows(self, windows: Sequence[DayWindow]) -> None:
        await _side_by_side(self._event_window(window) for window in windows)

    async def _event_window(self, days: DayWindow) -> None:
        window = Window(Endpoint.USAGE_EVENTS, days.start_date, days.end_date, days.start_at, days.end_at)
        async with self.gate:
            pages = functools.partial(self.client.usage_events, days.start_at, days.end_at)
            await self._land(window, pages, counted=True)

    async def _daily_usage_windows(self, windows: Sequence[DayWindow]) -> None:
        for days in windows:
            window = Window(Endpoint.DAILY_USAGE, days.start_date, days.end_date, days.start_at, days.end_at)
            pages = functools.partial(self.client.daily_usage, days.start_date, days.end_date)
            await self._land(window, pages, counted=False)

    async def _land(self, window: Window, pages: Callable[[], AsyncIterator[Page]], *, counted: bool) -> Manifest:
        """One window, fetched until its announced count fits; ``counted`` says whether the API announces records."""
        landed = self.landed_before.get(f"{window.endpoint}/{window.key}")
        if landed is None:
            for attempt in range(1, MAX_TRIES + 1):
                landed = await self._land_once(window, pages, counted=counted)
                if landed is not None:
                    break
                if attempt < MAX_TRIES:
                    await self.sleep(PAUSE_BETWEEN_TRIES_SECONDS)
        if landed is None:
            raise IncompleteWindowError(
                f"The Cursor API announced another number of {window.endpoint} for {window.label} than it gave, "
                f"{MAX_TRIES} times. Nothing of it is used; run again in an hour, when the count holds still."
            )
        self.run_file.fetches.append(self.landing.manifest_path(landed))
        return landed

    async def _land_once(
        self, window: Window, pages: Callable[[], AsyncIterator[Page]], *, counted: bool
    ) -> Manifest | None:
        with self.landing.fetch() as (writer, scratch):
            first: Page | None = None
            last: Page | None = None
            announced: set[int | None] = set()
            async for page in pages():
                first = first or page
                last = page
                announced.add(page.announced_records)
                writer.add_page(page.records, page.size_bytes)
            if first is None or last is None:
                raise IncompleteWindowError(f"The Cursor API gave no page of {window.endpoint} for {window.label}.")
            counts = announced - {None}
            if counted and counts and counts != {writer.records_received}:
                log.warning(
                    "%s of %s: announced %s, received %d; fetching again.",
                    window.endpoint,
                    window.label,
                    " then ".join(str(count) for count in sorted(c for c in counts if c is not None)),
                    writer.records_received,
                )
                return None
            manifest = self.landing.complete(
                writer,
                scratch,
                window=window,
                run_id=self.task.run_id,
                host=self.client.host,
                request=_request_of(window),
                records_announced=last.announced_records,
                started_at=first.requested_at,
                finished_at=last.received_at,
                cycle_start_at=_instant(last.cycle_start_ms),
                first_envelope=first.envelope,
                last_envelope=last.envelope,
            )
        log.info(
            "landed %s %s: %d records in %d pages%s",
            window.endpoint,
            window.label,
            manifest.records_received,
            manifest.pages,
            ", the same as before" if manifest.same_records_as else "",
        )
        return manifest


async def _side_by_side(work: Iterable[Coroutine[Any, Any, Any]]) -> None:
    """Does all of it; the first error ends the rest and comes out as itself, so that callers can tell what it means."""
    try:
        async with asyncio.TaskGroup() as group:
            for part in work:
                group.create_task(part)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


def _request_of(window: Window) -> dict[str, Any]:
    if window.start_at is None or window.end_at is None:
        return {}
    return {"startDate": _milliseconds(window.start_at), "endDate": _milliseconds(window.end_at)}


def _milliseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // _MILLISECOND


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
