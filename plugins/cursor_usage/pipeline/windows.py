"""Which UTC days a run is for, and in which windows it fetches them. Pure functions: no clock, no Airflow, no files.

Only closed days (UTC days that are over) are ever planned; the open day is fetched apart from this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from cursor_usage.pipeline.errors import PipelineError

LOOK_BACK_DAYS = 3
FIRST_RUN_EVENT_DAYS = 14
FIRST_RUN_DAILY_USAGE_DAYS = 30
SETTLED_AFTER = timedelta(hours=48)

# Fewest requests for a long back-fill, while one window is still replaced in one transaction of bearable size.
MAX_EVENT_WINDOW_DAYS = 7
# Cursor Admin API: daily-usage-data answers at most 30 days.
MAX_DAILY_USAGE_WINDOW_DAYS = 30

# Cursor's first release was in 2023: an earlier day is a typing error, and each such week would cost a request.
EARLIEST_DATE = date(2023, 1, 1)

# A run of the daily schedule stands for now until the next one is due, however late it starts.
SCHEDULE_PERIOD = timedelta(days=1)

ONE_DAY = timedelta(days=1)
MILLISECOND = timedelta(milliseconds=1)

LoadedDays = Mapping[date, datetime]
"""Of one team and endpoint: each loaded UTC day, and when its last fetch began (aware)."""

RunKind = Literal["daily", "range"]


class WindowError(PipelineError, ValueError):
    """The days that were asked for cannot be fetched. The message is one sentence for whoever started the run."""


@dataclass(frozen=True, slots=True)
class RunWindow:
    """What a run is for.

    ``daily``: today's work, see ``plan_event_windows``; no dates. ``range``: every day from ``start_date`` to
    ``end_date``, both inclusive, loaded before or not. ``newest_closed_date`` is the newest UTC day that is over now.
    """

    kind: RunKind
    newest_closed_date: date
    start_date: date | None = None
    end_date: date | None = None


@dataclass(frozen=True, slots=True, order=True)
class DayWindow:
    """Whole UTC days, both ends inclusive."""

    start_date: date
    end_date: date

    @property
    def start_at(self) -> datetime:
        return _midnight(self.start_date)

    @property
    def end_at(self) -> datetime:
        """23:59:59.999: both bounds of the API are inclusive, and an event of midnight belongs to one window only."""
        return _midnight(self.end_date + ONE_DAY) - MILLISECOND


def resolve_window(
    *,
    now: datetime,
    run_after: datetime | None = None,
    logical_date: datetime | None = None,
    data_interval_start: datetime | None = None,
    data_interval_end: datetime | None = None,
    run_type: str = "manual",
    start: str | date | None = None,
    end: str | date | None = None,
) -> RunWindow:
    """The days a DAG run stands for, whichever way it was started. All instants are aware.

    - ``start`` (and ``end``) given: that range. START alone runs to the newest closed day; END alone is an error.
    - *scheduled*: today's work, until the next run of the schedule is due. Later (a cleared run of last week): the day
      it stood for, which is the newest one that was closed at its instant. The run of the 24th, 05:30, brings the 23rd.
    - *backfill*: always the day that the scheduled run of that instant stood for. A back-fill of the 10th brings the
      9th, as the scheduled run of the 10th did.
    - *manual* (and by operator or asset): without a date, or with one of the day it was started on, today's work. With
      an older date it names a day: ``airflow dags test cursor_usage_daily 2026-11-10`` brings the 10th.
    - An interval with a length stands for the days that closed in it: a scheduled or back-filled one always, a manual
      one where it begins at the logical date (somebody gave both; one that Airflow infers ends there).

    What runs carry (Airflow 3.3, cron string as schedule): scheduled and back-filled ones have logical_date, both
    interval ends and run_after all equal to the cron's instant (``CronTriggerTimetable``); with
    ``create_cron_data_intervals`` the interval is the day before run_after, and logical_date its start. CLI, API and
    UI without a date give logical_date and interval None; ``dags test`` gives logical_date = now or the date of its
    argument, a zero-length interval there, run type manual, and run_after = now.

    Raises:
        WindowError: not a date, START after END, END without START, a day that is not over, or one before 2023.
    """
    newest_closed_date = _utc_date(now) - ONE_DAY
    asked = _asked_range(start, end, newest_closed_date)
    if asked is None:
        at = logical_date or data_interval_end or run_after
        is_of_schedule = run_type in {"scheduled", "backfill"}
        interval = _interval_dates(data_interval_start, data_interval_end)
        if is_of_schedule and at is not None:
            closed_at = data_interval_end or at
            if run_type == "backfill" or now - closed_at >= SCHEDULE_PERIOD:
                closed_date = _utc_date(closed_at) - ONE_DAY
                asked = interval or (closed_date, closed_date)
        elif logical_date is not None:
            asked = _manual_dates(logical_date, run_after or now, data_interval_start, interval)
    if asked is None:
        return RunWindow("daily", newest_closed_date)
    _refuse_impossible(*asked, newest_closed_date)
    return RunWindow("range", newest_closed_date, *asked)


def plan_event_windows(
    run_window: RunWindow,
    loaded: LoadedDays,
    cycle_start: datetime | None,
    *,
    look_back_days: int = LOOK_BACK_DAYS,
    first_run_days: int = FIRST_RUN_EVENT_DAYS,
    now: datetime,
) -> list[DayWindow]:
    """Windows of closed days whose usage events a run fetches, oldest first; no day is in two of them.

    A range run fetches its range. A daily run fetches, where nothing is loaded, ``first_run_days`` and the open cycle
    from its start's day where that is longer; later the look-back, each day that is missing since then or since the
    first loaded one, and each day whose last fetch began before it was settled. Days of the look-back are windows of
    their own, as these are restated and so replaced most; older ones go together, at most 7 consecutive days.
    """
    newest = run_window.newest_closed_date
    first_date = newest - (first_run_days - 1) * ONE_DAY
    if cycle_start is not None:
        first_date = max(min(first_date, _utc_date(cycle_start)), EARLIEST_DATE)
    wanted = _wanted_dates(run_window, loaded, first_date, look_back_days, now)
    look_back_start = newest - (look_back_days - 1) * ONE_DAY
    older = [day for day in wanted if day < look_back_start]
    single = [DayWindow(day, day) for day in wanted if day >= look_back_start]
    return [*_windows_from_oldest(older, MAX_EVENT_WINDOW_DAYS), *single]


def plan_daily_usage_windows(
    run_window: RunWindow,
    loaded: LoadedDays,
    *,
    look_back_days: int = LOOK_BACK_DAYS,
    first_run_days: int = FIRST_RUN_DAILY_USAGE_DAYS,
    now: datetime,
) -> list[DayWindow]:
    """Windows of closed days whose daily usage a run fetches, oldest first; no day is in two of them.

    The same days as ``plan_event_windows`` without the open cycle, in ranges of at most 30 consecutive days that are
    cut from the newest day backwards.
    """
    first_date = run_window.newest_closed_date - (first_run_days - 1) * ONE_DAY
    wanted = _wanted_dates(run_window, loaded, first_date, look_back_days, now)
    return _windows_from_newest(wanted, MAX_DAILY_USAGE_WINDOW_DAYS)


def dates_of(start_date: date | None, end_date: date | None) -> list[date]:
    """The days from the one to the other, both inclusive; none where there is no range."""
    return [] if start_date is None or end_date is None else list(_days(start_date, end_date))


def is_settled(day: date, last_fetch_began_at: datetime) -> bool:
    """Whether a day's amounts were final when they were last fetched: 48 hours after the day's end or later."""
    return last_fetch_began_at >= _midnight(day + ONE_DAY) + SETTLED_AFTER


def _wanted_dates(
    run_window: RunWindow, loaded: LoadedDays, first_run_date: date, look_back_days: int, now: datetime
) -> list[date]:
    newest = run_window.newest_closed_date
    if run_window.start_date is not None and run_window.end_date is not None:
        return list(_days(run_window.start_date, run_window.end_date))
    closed = {day: began_at for day, began_at in loaded.items() if day <= newest}
    if not closed:
        return list(_days(first_run_date, newest))
    look_back_start = newest - (look_back_days - 1) * ONE_DAY
    # A team whose first run was a short back-fill gets the window and the open cycle all the same: without them no
    # total can be compared.
    since = _days(min(first_run_date, *closed), newest)
    stale = {day for day in since if day not in closed or not _is_final(day, closed[day], now)}
    return sorted(stale | set(_days(look_back_start, newest)))


def _is_final(day: date, began_at: datetime, now: datetime) -> bool:
    # A fetch in the future was noted by a clock that ran ahead: it says nothing about having been late enough.
    return is_settled(day, began_at) and began_at <= now


def _asked_range(
    start: str | date | None, end: str | date | None, newest_closed_date: date
) -> tuple[date, date] | None:
    start_date = _parse_date("START", start)
    end_date = _parse_date("END", end)
    if start_date is None and end_date is None:
        return None
    if start_date is None:
        # Any beginning would be a guess: one day, or everything before it?
        raise WindowError(
            f"END={end_date} was given without START: say from which day on, or START={end_date} for one day."
        )
    for name, day in (("START", start_date), ("END", end_date)):
        if day is not None and day > newest_closed_date:
            raise WindowError(
                f"{name}={day} is not over yet: only closed UTC days are loaded, the newest is {newest_closed_date}."
            )
    if end_date is not None and start_date > end_date:
        raise WindowError(f"START={start_date} is after END={end_date}: give the earlier day as START.")
    return start_date, end_date or newest_closed_date


def _parse_date(name: str, value: str | date | None) -> date | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return date(value.year, value.month, value.day)
    # Stricter than date.fromisoformat, which takes 20261001 and 2026-W40-4 as well.
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            pass
    raise WindowError(f"{name}={str(value)[:40]!r} is not a date: write it as YYYY-MM-DD, for example 2026-10-01.")


def _interval_dates(start: datetime | None, end: datetime | None) -> tuple[date, date] | None:
    """First and last day that closed after ``start`` and by ``end``; None where none did."""
    if start is None or end is None:
        return None
    first, last = _utc_date(start), _utc_date(end) - ONE_DAY
    return (first, last) if first <= last else None


def _manual_dates(
    logical_date: datetime,
    started_at: datetime,
    data_interval_start: datetime | None,
    interval: tuple[date, date] | None,
) -> tuple[date, date] | None:
    if interval is not None and data_interval_start == logical_date:
        return interval
    named_date, started_date = _utc_date(logical_date), _utc_date(started_at)
    # `dags test` takes its logical date a moment before run_after, and midnight may lie between the two.
    is_of_now = started_at - logical_date < timedelta(minutes=5)
    if named_date > started_date:
        raise WindowError(f"The run's date {named_date} lies in the future: give a day that is over, or no date.")
    return None if named_date == started_date or is_of_now else (named_date, named_date)


def _refuse_impossible(start_date: date, end_date: date, newest_closed_date: date) -> None:
    if start_date < EARLIEST_DATE:
        raise WindowError(
            f"{start_date} is too far back: Cursor has no usage before {EARLIEST_DATE}, give a later day."
        )
    if end_date > newest_closed_date:
        raise WindowError(
            f"{end_date} is not over yet: give a day up to {newest_closed_date}, the newest closed UTC day."
        )


def _windows_from_oldest(dates: Sequence[date], max_days: int) -> list[DayWindow]:
    windows: list[DayWindow] = []
    for run in _consecutive(dates):
        windows += [_window(run[at : at + max_days]) for at in range(0, len(run), max_days)]
    return windows


def _windows_from_newest(dates: Sequence[date], max_days: int) -> list[DayWindow]:
    windows: list[DayWindow] = []
    for run in _consecutive(dates):
        windows += [_window(run[max(0, at - max_days) : at]) for at in range(len(run), 0, -max_days)]
    return sorted(windows)


def _window(dates: Sequence[date]) -> DayWindow:
    return DayWindow(dates[0], dates[-1])


def _consecutive(dates: Iterable[date]) -> Iterator[list[date]]:
    run: list[date] = []
    for day in dates:
        if run and day != run[-1] + ONE_DAY:
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _days(start_date: date, end_date: date) -> Iterator[date]:
    for offset in range((end_date - start_date).days + 1):
        yield start_date + offset * ONE_DAY


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _utc_date(instant: datetime) -> date:
    if instant.tzinfo is None:
        raise ValueError(f"an instant without a time zone was given: {instant}")
    # Airflow hands pendulum's types; plain ones compare and print alike everywhere.
    at = instant.astimezone(UTC)
    return date(at.year, at.month, at.day)
