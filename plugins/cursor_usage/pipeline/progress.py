"""How far a long fetch is: one log line every few seconds, with figures as fields for whoever shows a bar."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from cursor_usage.landing import Window

REPORT_EVERY_SECONDS = 5.0
# The logger's name and the field that holds the figures, for the reader of the log.
LOGGER = "cursor_usage.progress"
FIELD = "fetch_progress"

# structlog's own and not the standard library's logger: Airflow's log drops the `extra` of the latter.
log = structlog.get_logger(LOGGER)


@dataclass(slots=True)
class _WindowSoFar:
    pages: int = 0
    rows: int = 0
    announced_rows: int | None = None
    pages_taken_over: int = 0
    rows_taken_over: int = 0

    @property
    def pages_left(self) -> int:
        """As far as the announced rows and the rows of the pages so far tell."""
        if not self.announced_rows or not self.rows:
            return 0
        rows_a_page = self.rows / self.pages
        return max(round((self.announced_rows - self.rows) / rows_a_page), 0)


class Progress:
    """Counts windows of closed days, and pages and rows of everything, of one team's fetch.

    ``requests_per_minute`` tells the limit as it is now; ``seconds`` is a clock that never goes back.
    """

    def __init__(
        self, team_id: str, requests_per_minute: Callable[[], int], seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._team_id = team_id
        self._requests_per_minute = requests_per_minute
        self._seconds = seconds
        self._began = seconds()
        self._windows = 0
        self._under_way: dict[Window, _WindowSoFar] = {}
        self._windows_done = 0
        self._pages = 0
        self._rows = 0
        self._pages_taken_over = 0
        self._rows_taken_over = 0

    def expect(self, windows: int) -> None:
        """So many windows more are to be landed."""
        self._windows += windows

    def begin(self, window: Window) -> None:
        self._drop(window)
        self._under_way[window] = _WindowSoFar()

    def take_over(self, window: Window, pages: int, rows: int, announced_rows: int) -> None:
        """Pages of an earlier fetch: done, but not at the speed of this one."""
        so_far = self._under_way[window]
        so_far.pages, so_far.rows, so_far.announced_rows = pages, rows, announced_rows
        so_far.pages_taken_over, so_far.rows_taken_over = pages, rows
        self._count(pages, rows)
        self._pages_taken_over += pages
        self._rows_taken_over += rows

    def page(self, window: Window, rows: int, announced_rows: int | None) -> None:
        so_far = self._under_way[window]
        so_far.pages += 1
        so_far.rows += rows
        so_far.announced_rows = announced_rows
        self._count(1, rows)

    def end(self, window: Window) -> None:
        self._under_way.pop(window, None)
        if window.is_of_closed_days:
            self._windows_done += 1

    def skip(self) -> None:
        """A window was landed already."""
        self._windows_done += 1

    def figures(self) -> dict[str, int | str | None]:
        """Whole numbers; ``seconds_left`` is None as long as nothing tells."""
        seconds = max(self._seconds() - self._began, 0.001)
        return {
            "team_id": self._team_id,
            "windows_done": self._windows_done,
            "windows": self._windows,
            "pages": self._pages,
            "rows": self._rows,
            "rows_per_second": round((self._rows - self._rows_taken_over) / seconds),
            "seconds_left": self._seconds_left(seconds),
        }

    async def report_until_cancelled(self) -> None:
        while True:
            await asyncio.sleep(REPORT_EVERY_SECONDS)
            if self._windows:  # before that nobody knows how many there will be
                self.report()

    def report(self) -> None:
        figures = self.figures()
        log.info(sentence(figures), **{FIELD: figures})

    def _seconds_left(self, seconds: float) -> int | None:
        fetched = self._pages - self._pages_taken_over
        begun = self._windows_done + sum(window.is_of_closed_days for window in self._under_way)
        if not fetched or not begun:
            return None
        pages_left = sum(so_far.pages_left for so_far in self._under_way.values())
        # Windows that have not begun are taken for as large as those that have.
        not_begun = max(self._windows - begun, 0)
        pages_left += round((self._pages + pages_left) / begun * not_begun)
        # A minute's requests go at once and then none: what was seen so far may be faster than the limit lasts.
        pages_a_second = min(fetched / seconds, self._requests_per_minute() / 60)
        return round(pages_left / pages_a_second)

    def _count(self, pages: int, rows: int) -> None:
        self._pages += pages
        self._rows += rows

    def _drop(self, window: Window) -> None:
        """A try that is repeated did not count."""
        tried = self._under_way.pop(window, None)
        if tried is not None:
            self._count(-tried.pages, -tried.rows)
            self._pages_taken_over -= tried.pages_taken_over
            self._rows_taken_over -= tried.rows_taken_over


def sentence(figures: dict[str, int | str | None]) -> str:
    """The figures in words."""
    left = figures["seconds_left"]
    return (
        f"{figures['windows_done']} of {figures['windows']} windows, {figures['pages']:,} pages, "
        f"{figures['rows']:,} records ({figures['rows_per_second']:,} a second)"
        + ("" if left is None else f", about {duration(int(left))} left")
    )


def duration(seconds: int) -> str:
    """``75`` is ``1 min 15 s``."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
