"""The figures of a long fetch."""

from __future__ import annotations

from datetime import date

from cursor_usage.landing import Window
from cursor_usage.pipeline.progress import Progress, duration

FIRST = Window("usage_events", date(2026, 11, 1), date(2026, 11, 7))
SECOND = Window("usage_events", date(2026, 11, 8), date(2026, 11, 14))


class Time:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_what_is_done_and_what_is_left_of_begun_windows_and_of_those_to_come():
    time = Time()
    progress = Progress("acme", lambda: 600, time)
    progress.expect(4)
    progress.begin(FIRST)
    progress.begin(SECOND)
    for _ in range(5):
        progress.page(FIRST, 1000, 10_000)
        progress.page(SECOND, 1000, 10_000)
    time.seconds = 10.0
    figures = progress.figures()
    assert (figures["windows_done"], figures["windows"], figures["pages"], figures["rows"]) == (0, 4, 10, 10_000)
    assert figures["rows_per_second"] == 1000
    assert figures["seconds_left"] == 30  # ten pages of these two and twenty of the others, one a second


def test_the_time_left_is_never_shorter_than_the_rate_limit_allows():
    time = Time()
    progress = Progress("acme", lambda: 60, time)
    progress.expect(1)
    progress.begin(FIRST)
    for _ in range(60):  # a minute's requests, all at once
        progress.page(FIRST, 1000, 120_000)
    time.seconds = 2.0
    assert progress.figures()["seconds_left"] == 60


def test_pages_of_an_earlier_fetch_are_done_but_not_at_this_ones_speed():
    time = Time()
    progress = Progress("acme", lambda: 600, time)
    progress.expect(1)
    progress.begin(FIRST)
    progress.take_over(FIRST, 90, 90_000, 100_000)
    assert progress.figures()["seconds_left"] is None
    progress.page(FIRST, 1000, 100_000)
    time.seconds = 1.0
    figures = progress.figures()
    assert (figures["rows"], figures["rows_per_second"], figures["seconds_left"]) == (91_000, 1000, 9)


def test_a_try_that_is_repeated_and_windows_that_were_landed_before():
    progress = Progress("acme", lambda: 600, Time())
    progress.expect(2)
    progress.skip()
    for _ in range(2):
        progress.begin(FIRST)
        progress.page(FIRST, 1000, 1000)
    progress.end(FIRST)
    figures = progress.figures()
    assert (figures["windows_done"], figures["windows"], figures["pages"], figures["rows"]) == (2, 2, 1, 1000)


def test_pages_that_were_taken_over_and_then_fetched_anew_count_once():
    time = Time()
    progress = Progress("acme", lambda: 600, time)
    progress.expect(1)
    progress.begin(FIRST)
    progress.take_over(FIRST, 90, 90_000, 100_000)
    progress.begin(FIRST)
    progress.page(FIRST, 1000, 10_000)
    time.seconds = 1.0
    figures = progress.figures()
    assert (figures["rows"], figures["rows_per_second"], figures["seconds_left"]) == (1000, 1000, 9)


def test_snapshots_and_the_open_day_are_no_windows_of_closed_days():
    progress = Progress("acme", lambda: 600, Time())
    progress.expect(1)
    for window in (Window("spend"), Window("usage_events", date(2026, 11, 24), date(2026, 11, 24), is_open_day=True)):
        progress.begin(window)
        progress.page(window, 7, 7)
        progress.end(window)
    figures = progress.figures()
    assert (figures["windows_done"], figures["windows"], figures["pages"]) == (0, 1, 2)


def test_durations_in_words():
    assert [duration(seconds) for seconds in (0, 59, 75, 7260)] == ["0 s", "59 s", "1 min 15 s", "2 h 1 min"]
