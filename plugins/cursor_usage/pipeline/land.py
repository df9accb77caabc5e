"""Fetches one window and lands it: page by page, until the announced count fits, going on where a fetch broke off."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from cursor_usage.cursor_api import CursorError, Page, PagesRead
from cursor_usage.landing import Beginning, FetchWriter, Landing, Manifest, Unfinished, Window
from cursor_usage.pipeline.errors import IncompleteWindowError
from cursor_usage.pipeline.progress import Progress
from cursor_usage.pipeline.windows import MILLISECOND, is_settled

log = logging.getLogger(__name__)

MAX_TRIES = 3
# Rows that arrive while a window is paged move its count; a moment later it holds still.
PAUSE_BETWEEN_TRIES_SECONDS = 5.0

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_Result = TypeVar("_Result")

# The pages of a window from the first, or behind those that were read before.
Pages = Callable[[PagesRead | None], AsyncGenerator[Page, None]]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a window's pages come from.

    ``is_counted``: the API announces how many records there are. ``is_count_firm``: an answer with another number is
    never taken; otherwise the last try's is. ``page_size``: as asked for, where it is known and a fetch that broke off
    may be gone on with; None where it may not.
    """

    pages: Pages
    is_counted: bool
    is_count_firm: bool = True
    page_size: int | None = None


@dataclass(slots=True)
class _Reading:
    """What is known of the pages read so far."""

    started_at: datetime
    first_envelope: dict[str, Any]
    last: Page
    announced: set[int] = field(default_factory=set)


class WindowLander:
    """Lands windows of one team for one run; the landing is claimed."""

    def __init__(
        self,
        landing: Landing,
        *,
        run_id: str,
        host: str,
        progress: Progress,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._landing = landing
        self._run_id = run_id
        self._host = host
        self._progress = progress
        self._clock = clock
        self._sleep = sleep

    async def land(self, window: Window, source: Source) -> Manifest:
        """The window's fetch, complete.

        Raises:
            CursorError: the API refused or failed.
            IncompleteWindowError: the announced count never fitted, and is firm.
        """
        for attempt in range(1, MAX_TRIES + 1):
            has_to_fit = source.is_count_firm or attempt < MAX_TRIES
            landed = await self._land_once(window, source, has_to_fit=has_to_fit)
            if landed is not None:
                return landed
            if attempt < MAX_TRIES:
                await self._sleep(PAUSE_BETWEEN_TRIES_SECONDS)
        raise IncompleteWindowError(
            f"The Cursor API announced another number of {window.endpoint} for {window.label} than it gave, "
            f"{MAX_TRIES} times. Nothing of it is used; run again in an hour, when the count holds still."
        )

    async def _land_once(self, window: Window, source: Source, *, has_to_fit: bool) -> Manifest | None:
        """None where the announced count does not fit, and has to."""
        self._progress.begin(window)
        # What a later try can be told by is a fetch that was cut off, not one whose answers were wrong.
        with self._landing.fetch(is_kept_on=_is_interruption) as (writer, scratch):
            before = await self._go_on(window, source, writer)
            reading = await self._read(window, source, writer, before, has_to_fit=has_to_fit)
            if reading is None:
                return None
            complete = functools.partial(
                self._landing.complete,
                writer,
                scratch,
                window=window,
                run_id=self._run_id,
                host=self._host,
                request=request_of(window),
                records_announced=reading.last.announced_records,
                started_at=reading.started_at,
                finished_at=reading.last.received_at,
                cycle_start_at=_instant(reading.last.cycle_start_ms),
                first_envelope=reading.first_envelope,
                last_envelope=reading.last.envelope,
            )
            manifest = await _in_thread(complete)
        self._progress.end(window)
        log.info(
            "landed %s %s: %d records in %d pages%s",
            window.endpoint,
            window.label,
            manifest.records_received,
            manifest.pages,
            ", the same as before" if manifest.same_records_as else "",
        )
        return manifest

    async def _read(
        self, window: Window, source: Source, writer: FetchWriter, before: Unfinished | None, *, has_to_fit: bool
    ) -> _Reading | None:
        reading: _Reading | None = None
        taken = PagesRead(writer.pages, frozenset(note.digest for note in before.notes)) if before else None
        async with aclosing(source.pages(taken)) as pages:
            async for page in pages:
                if reading is None:
                    reading = self._begin_reading(window, source, writer, before, page)
                reading.last = page
                if page.announced_records is not None:
                    reading.announced.add(page.announced_records)
                if before is not None and len(reading.announced) > 1:
                    break  # the count has moved since: its pages are no longer the ones that were read before
                # Hashing and compressing let go of Python's lock, so that pages come in meanwhile.
                await _in_thread(functools.partial(writer.add_page, page.records, page.size_bytes, page.digest))
                self._progress.page(window, len(page.records), page.announced_records)
        if reading is None:
            raise IncompleteWindowError(
                f"The Cursor API gave no page of {window.endpoint} for {window.label}. Nothing of it is used; run "
                f"again in an hour."
            )
        if source.is_counted and reading.announced and reading.announced != {writer.records_received}:
            log.warning(
                "%s of %s: announced %s, received %d; %s.",
                window.endpoint,
                window.label,
                " then ".join(str(count) for count in sorted(reading.announced)),
                writer.records_received,
                "fetching again" if has_to_fit else "it is taken as it is",
            )
            if has_to_fit:
                return None
        return reading

    def _begin_reading(
        self, window: Window, source: Source, writer: FetchWriter, before: Unfinished | None, page: Page
    ) -> _Reading:
        if before is not None:
            beginning = before.beginning
            return _Reading(beginning.started_at, beginning.first_envelope, page, {beginning.records_announced})
        if source.page_size is not None and page.announced_records is not None and _holds_still(window, page):
            writer.note_pages(
                Beginning(
                    window=window,
                    request=request_of(window),
                    host=self._host,
                    page_size=source.page_size,
                    records_announced=page.announced_records,
                    started_at=page.requested_at,
                    first_envelope=page.envelope,
                )
            )
        return _Reading(page.requested_at, page.envelope, page)

    async def _go_on(self, window: Window, source: Source, writer: FetchWriter) -> Unfinished | None:
        """Takes over the pages of an earlier fetch of the window that was cut off; the fetch, or None."""
        found = self._landing.unfinished(window)
        usable = next((one for one in found if self._can_go_on(one, window, source)), None)
        if usable is None:
            return None
        notes = await _in_thread(functools.partial(writer.go_on_from, usable))
        if not notes:
            return None
        log.info("going on with %s %s behind page %d", window.endpoint, window.label, len(notes))
        self._progress.take_over(window, len(notes), writer.records_received, usable.beginning.records_announced)
        return Unfinished(usable.folder, usable.beginning, tuple(notes))

    def _can_go_on(self, unfinished: Unfinished, window: Window, source: Source) -> bool:
        beginning = unfinished.beginning
        newest = self._landing.newest(window)
        return (
            (beginning.request, beginning.host, beginning.page_size)
            == (request_of(window), self._host, source.page_size)
            and beginning.started_at <= self._clock()
            # Otherwise the window was fetched whole since, and who asks again wants to know what is answered now.
            and (newest is None or newest.started_at < beginning.started_at)
        )


async def _in_thread(work: Callable[[], _Result]) -> _Result:
    """Does the work in a thread. Who is cancelled waits for its end: nobody clears up what is still being written."""
    thread = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        await asyncio.wait([thread])
        raise


def _is_interruption(error: BaseException) -> bool:
    """Whether the fetch was cut off, in contrast to answers that cannot be right or a disk that is full."""
    if isinstance(error, CursorError):
        return error.is_retryable
    # Cancelling, Ctrl-C, and whatever an orchestrator ends a task with.
    return not isinstance(error, Exception)


def _holds_still(window: Window, first: Page) -> bool:
    """Whether rows and amounts were final when the fetch began, so that pages of two fetches fit together."""
    return window.end_date is not None and window.is_of_closed_days and is_settled(window.end_date, first.requested_at)


def request_of(window: Window) -> dict[str, Any]:
    """The bounds of the request, in epoch milliseconds; nothing for a snapshot."""
    if window.start_at is None or window.end_at is None:
        return {}
    return {
        "startDate": (window.start_at - _EPOCH) // MILLISECOND,
        "endDate": (window.end_at - _EPOCH) // MILLISECOND,
    }


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else _EPOCH + timedelta(milliseconds=milliseconds)
