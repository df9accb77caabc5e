from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cursor_usage.pipeline.windows import (
    DayWindow,
    RunWindow,
    WindowError,
    is_settled,
    plan_daily_usage_windows,
    plan_event_windows,
    resolve_window,
)

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 24, 5, 30, 7, tzinfo=UTC)
NEWEST = date(2026, 11, 23)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def nov(day: int) -> date:
    return date(2026, 11, day)


def days_of(window: DayWindow) -> list[date]:
    return [window.start_date + number * DAY for number in range((window.end_date - window.start_date).days + 1)]


def cron_run(text: str, run_type: str) -> dict[str, Any]:
    """What Airflow gives to a scheduled or back-filled run of a cron string: one instant, four times."""
    instant = at(text)
    return {
        "logical_date": instant,
        "data_interval_start": instant,
        "data_interval_end": instant,
        "run_after": instant,
        "run_type": run_type,
    }


def dag_test_run(logical_date: str, run_after: str = "2026-11-24T05:30:05") -> dict[str, Any]:
    """What `airflow dags test <dag> <date>` gives: a zero-length interval at the date, and run_after = now."""
    return {**cron_run(logical_date, "manual"), "run_after": at(run_after)}


DAILY = (None, None)

RUNS = {
    "scheduled, on time": (cron_run("2026-11-24T05:30", "scheduled"), NOW, DAILY),
    "scheduled, started at noon": (cron_run("2026-11-24T05:30", "scheduled"), at("2026-11-24T12:00"), DAILY),
    "scheduled, started after midnight": (cron_run("2026-11-23T05:30", "scheduled"), at("2026-11-24T02:00"), DAILY),
    "scheduled, a second before the next": (
        cron_run("2026-11-23T05:30", "scheduled"),
        at("2026-11-24T05:29:59"),
        DAILY,
    ),
    "scheduled, when the next is due": (
        cron_run("2026-11-23T05:30", "scheduled"),
        at("2026-11-24T05:30"),
        (nov(22), nov(22)),
    ),
    "scheduled, cleared two weeks later": (cron_run("2026-11-10T05:30", "scheduled"), NOW, (nov(9), nov(9))),
    "scheduled, with data intervals": (
        {
            "logical_date": at("2026-11-23T05:30"),
            "data_interval_start": at("2026-11-23T05:30"),
            "data_interval_end": at("2026-11-24T05:30"),
            "run_after": at("2026-11-24T05:30"),
            "run_type": "scheduled",
        },
        NOW,
        DAILY,
    ),
    "back-fill of the 10th": (cron_run("2026-11-10T05:30", "backfill"), NOW, (nov(9), nov(9))),
    "back-fill of the newest": (cron_run("2026-11-24T05:30", "backfill"), NOW, (nov(23), nov(23))),
    "back-fill of a morning in 2024": (
        cron_run("2024-03-01T05:30", "backfill"),
        NOW,
        (date(2024, 2, 29), date(2024, 2, 29)),
    ),
    "back-fill at midnight": (cron_run("2026-11-10T00:00", "backfill"), NOW, (nov(9), nov(9))),
    "back-fill with weekly intervals": (
        {
            "logical_date": at("2026-11-10T05:30"),
            "data_interval_start": at("2026-11-10T05:30"),
            "data_interval_end": at("2026-11-17T05:30"),
            "run_after": at("2026-11-17T05:30"),
            "run_type": "backfill",
        },
        NOW,
        (nov(10), nov(16)),
    ),
    "back-fill with an interval from midnight to midnight": (
        {
            "logical_date": at("2026-11-10T00:00"),
            "data_interval_start": at("2026-11-10T00:00"),
            "data_interval_end": at("2026-11-11T00:00"),
            "run_after": at("2026-11-11T00:00"),
            "run_type": "backfill",
        },
        NOW,
        (nov(10), nov(10)),
    ),
    "back-fill by partition, without a logical date": (
        {"run_after": at("2026-11-10T00:00"), "run_type": "backfill"},
        NOW,
        (nov(9), nov(9)),
    ),
    "CLI, API or UI without a date": ({"run_after": NOW, "run_type": "manual"}, NOW, DAILY),
    "nothing known but now": ({}, NOW, DAILY),
    "by an asset": ({"run_after": NOW, "run_type": "asset_triggered"}, NOW, DAILY),
    "by an operator with a date": (
        {**dag_test_run("2026-11-10T00:00"), "run_type": "operator_triggered"},
        NOW,
        (nov(10), nov(10)),
    ),
    "dags test of now": (dag_test_run("2026-11-24T05:30:05", "2026-11-24T05:30:06"), NOW, DAILY),
    "dags test of now, across midnight": (
        dag_test_run("2026-11-23T23:59:59.999", "2026-11-24T00:00:00.001"),
        at("2026-11-24T00:00:03"),
        DAILY,
    ),
    "dags test of today": (dag_test_run("2026-11-24T00:00"), NOW, DAILY),
    "dags test of yesterday": (dag_test_run("2026-11-23T00:00"), NOW, (nov(23), nov(23))),
    "dags test of the 10th": (dag_test_run("2026-11-10T00:00"), NOW, (nov(10), nov(10))),
    "UI with an older date and time": (dag_test_run("2026-11-10T05:30"), NOW, (nov(10), nov(10))),
    "UI of yesterday 23:58, started after midnight": (
        dag_test_run("2026-11-23T23:58", "2026-11-23T23:58"),
        at("2026-11-24T00:05"),
        DAILY,
    ),
    "manual of last week, cleared today": (dag_test_run("2026-11-17T09:00", "2026-11-17T09:00"), NOW, DAILY),
    "trigger with an older date: the interval lies at now": (
        {**cron_run("2026-11-24T05:30:05", "manual"), "logical_date": at("2026-11-10T00:00")},
        NOW,
        (nov(10), nov(10)),
    ),
    "API with date and interval": (
        {
            "logical_date": at("2026-11-10T00:00"),
            "data_interval_start": at("2026-11-10T00:00"),
            "data_interval_end": at("2026-11-13T00:00"),
            "run_after": NOW,
        },
        NOW,
        (nov(10), nov(12)),
    ),
    "manual, interval inferred by a data-interval timetable": (
        {
            "logical_date": at("2026-11-24T03:00"),
            "data_interval_start": at("2026-11-22T05:30"),
            "data_interval_end": at("2026-11-23T05:30"),
            "run_after": at("2026-11-24T03:00"),
        },
        at("2026-11-24T03:00:09"),
        DAILY,
    ),
    "START and END": ({"start": "2026-10-01", "end": "2026-10-31"}, NOW, (date(2026, 10, 1), date(2026, 10, 31))),
    "START and END as dates": ({"start": nov(1), "end": nov(1)}, NOW, (nov(1), nov(1))),
    "START alone": ({"start": "2026-11-20"}, NOW, (nov(20), nov(23))),
    "START alone, END empty": ({"start": " 2026-11-20 ", "end": ""}, NOW, (nov(20), nov(23))),
    "both empty": ({"start": "", "end": ""}, NOW, DAILY),
    "START and END on the newest closed day": ({"start": "2026-11-23", "end": "2026-11-23"}, NOW, (nov(23), nov(23))),
    "the earliest day": (
        {"start": "2023-01-01", "end": "2023-01-02"},
        NOW,
        (date(2023, 1, 1), date(2023, 1, 2)),
    ),
    "START and END win over a back-fill's date": (
        {**cron_run("2026-11-10T05:30", "backfill"), "start": "2026-11-01", "end": "2026-11-02"},
        NOW,
        (nov(1), nov(2)),
    ),
}


@pytest.mark.parametrize(("run", "now", "dates"), RUNS.values(), ids=RUNS.keys())
def test_each_kind_of_run_stands_for_its_days(run, now, dates):
    window = resolve_window(now=now, **run)
    assert (window.kind, window.start_date, window.end_date) == ("daily" if dates == DAILY else "range", *dates)
    assert window.newest_closed_date == NEWEST


def test_a_backfill_and_a_dag_test_of_the_same_date_mean_different_days():
    backfill = resolve_window(now=NOW, **cron_run("2026-11-10T05:30", "backfill"))
    dag_test = resolve_window(now=NOW, **dag_test_run("2026-11-10T00:00"))
    assert (backfill.start_date, dag_test.start_date) == (nov(9), nov(10))


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        (at("2026-11-24T00:00"), nov(23)),
        (at("2026-11-23T23:59:59.999999"), nov(22)),
        (datetime(2026, 11, 24, 1, 30, tzinfo=timezone(timedelta(hours=2))), nov(22)),
        (datetime(2026, 11, 23, 22, 30, tzinfo=timezone(timedelta(hours=-8))), nov(23)),
    ],
)
def test_a_day_is_closed_when_it_is_over_in_utc(now, newest):
    assert resolve_window(now=now).newest_closed_date == newest


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        resolve_window(now=datetime(2026, 11, 24, 5, 30))  # noqa: DTZ001 - the mistake under test


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"start": "2026-10-31", "end": "2026-10-01"}, "START=2026-10-31 is after END=2026-10-01"),
        ({"start": "2026-11-01", "end": "2026-11-24"}, "END=2026-11-24 is not over yet.*newest is 2026-11-23"),
        ({"start": "2026-11-24"}, "START=2026-11-24 is not over yet.*newest is 2026-11-23"),
        ({"start": "2027-01-01", "end": "2027-01-31"}, "START=2027-01-01 is not over yet"),
        ({"end": "2026-11-01"}, "END=2026-11-01 was given without START"),
        ({"start": "2022-12-31", "end": "2023-01-31"}, "2022-12-31 is too far back.*2023-01-01"),
        ({"start": "2026-02-30"}, "START='2026-02-30' is not a date"),
        ({"start": "01.10.2026"}, "START='01.10.2026' is not a date"),
        ({"start": "20261001"}, "START='20261001' is not a date"),
        ({"start": "2026-W40-4"}, "is not a date"),
        ({"start": "2026-10-01T00:00:00"}, "is not a date"),
        ({"start": "2026-10-0\N{ARABIC-INDIC DIGIT ONE}"}, "is not a date"),
        ({"start": "2026-10-01", "end": "yesterday"}, "END='yesterday' is not a date"),
        ({"start": at("2026-10-01T00:00")}, "is not a date"),
        ({"start": 20261001}, "START='20261001' is not a date"),
        ({"start": "x" * 500}, r"^START='x{40}' is not a date"),
        ({**dag_test_run("2026-12-01T00:00")}, "date 2026-12-01 lies in the future"),
        ({**dag_test_run("2022-12-31T00:00")}, "2022-12-31 is too far back"),
        ({**cron_run("2026-11-25T05:30", "backfill")}, "2026-11-24 is not over yet.*2026-11-23"),
        ({**cron_run("2022-06-01T05:30", "backfill")}, "2022-05-31 is too far back"),
    ],
)
def test_what_cannot_be_fetched_is_said_in_a_sentence(asked, sentence):
    with pytest.raises(WindowError, match=sentence) as raised:
        resolve_window(now=NOW, **asked)
    assert len(str(raised.value)) < 160


def test_a_window_ends_a_millisecond_before_midnight():
    window = DayWindow(nov(9), nov(10))
    assert window.start_at == at("2026-11-09T00:00")
    assert window.end_at == at("2026-11-10T23:59:59.999")
    assert window.end_at + timedelta(milliseconds=1) == DayWindow(nov(11), nov(11)).start_at


def test_a_day_is_settled_48_hours_after_its_end():
    assert is_settled(nov(20), at("2026-11-23T00:00"))
    assert not is_settled(nov(20), at("2026-11-22T23:59:59.999"))


TODAY = RunWindow("daily", NEWEST)


def settled_days(first: date, last: date) -> dict[date, datetime]:
    return {first + n * DAY: at(f"{first + (n + 4) * DAY}T05:30") for n in range((last - first).days + 1)}


def spans(windows):
    return [(window.start_date, window.end_date) for window in windows]


def test_the_first_run_fetches_14_days_of_events():
    assert spans(plan_event_windows(TODAY, {}, None, now=NOW)) == [
        (nov(10), nov(16)),
        (nov(17), nov(20)),
        (nov(21), nov(21)),
        (nov(22), nov(22)),
        (nov(23), nov(23)),
    ]


def test_the_first_run_reaches_back_to_the_day_the_open_cycle_began():
    windows = plan_event_windows(TODAY, {}, at("2026-11-05T13:59:48"), now=NOW)
    assert spans(windows)[:3] == [(nov(5), nov(11)), (nov(12), nov(18)), (nov(19), nov(20))]


@pytest.mark.parametrize("cycle_start", [at("2026-11-15T10:00"), at("2026-11-24T01:00"), at("2026-11-10T23:00")])
def test_a_young_cycle_does_not_shorten_the_first_run(cycle_start):
    assert plan_event_windows(TODAY, {}, cycle_start, now=NOW)[0].start_date == nov(10)


def test_an_absurd_cycle_start_does_not_cost_thousands_of_requests():
    assert plan_event_windows(TODAY, {}, at("1970-01-01T00:00"), now=NOW)[0].start_date == date(2023, 1, 1)


def test_the_first_run_fetches_30_days_of_daily_usage_in_one_range():
    assert spans(plan_daily_usage_windows(TODAY, {}, now=NOW)) == [(date(2026, 10, 25), nov(23))]


def test_the_day_after_fetches_the_look_back_only():
    loaded = settled_days(date(2026, 10, 1), nov(18)) | {nov(n): at("2026-11-23T05:30") for n in range(19, 23)}
    assert is_settled(nov(20), loaded[nov(20)])
    windows = plan_event_windows(TODAY, loaded, at("2026-10-01T00:00"), now=NOW)
    assert spans(windows) == [(nov(21), nov(21)), (nov(22), nov(22)), (nov(23), nov(23))]
    assert spans(plan_daily_usage_windows(TODAY, loaded, now=NOW)) == [(nov(21), nov(23))]


def test_after_an_outage_missing_and_unsettled_days_are_fetched():
    loaded = settled_days(nov(1), nov(10)) | {nov(n): at("2026-11-13T05:30") for n in (11, 12)}
    assert not is_settled(nov(11), loaded[nov(11)])
    assert spans(plan_event_windows(TODAY, loaded, None, now=NOW)) == [
        (nov(11), nov(17)),
        (nov(18), nov(20)),
        (nov(21), nov(21)),
        (nov(22), nov(22)),
        (nov(23), nov(23)),
    ]


def test_a_hole_long_ago_is_filled_apart():
    loaded = settled_days(date(2026, 1, 1), nov(20))
    del loaded[date(2026, 3, 7)]
    assert spans(plan_event_windows(TODAY, loaded, None, now=NOW))[0] == (date(2026, 3, 7), date(2026, 3, 7))
    assert spans(plan_daily_usage_windows(TODAY, loaded, now=NOW)) == [
        (date(2026, 3, 7), date(2026, 3, 7)),
        (nov(21), nov(23)),
    ]


def test_days_before_the_first_loaded_one_and_the_window_are_left_to_a_range_run():
    loaded = settled_days(nov(5), nov(20))
    assert plan_event_windows(TODAY, loaded, None, now=NOW)[0].start_date == nov(21)


def test_a_team_that_began_with_a_short_back_fill_gets_the_window_and_the_open_cycle():
    loaded = settled_days(nov(15), nov(20))
    assert plan_event_windows(TODAY, loaded, None, now=NOW)[0].start_date == nov(10)
    assert plan_event_windows(TODAY, loaded, at("2026-11-03T13:06"), now=NOW)[0].start_date == nov(3)
    assert plan_daily_usage_windows(TODAY, loaded, now=NOW)[0].start_date == date(2026, 10, 25)


def test_a_range_run_fetches_loaded_days_too_and_nothing_else():
    run = RunWindow("range", NEWEST, date(2026, 10, 1), date(2026, 10, 31))
    loaded = settled_days(date(2026, 9, 1), nov(20))
    del loaded[date(2026, 9, 15)]
    assert spans(plan_event_windows(run, loaded, None, now=NOW)) == [
        (date(2026, 10, 1), date(2026, 10, 7)),
        (date(2026, 10, 8), date(2026, 10, 14)),
        (date(2026, 10, 15), date(2026, 10, 21)),
        (date(2026, 10, 22), date(2026, 10, 28)),
        (date(2026, 10, 29), date(2026, 10, 31)),
    ]
    assert spans(plan_daily_usage_windows(run, loaded, now=NOW)) == [
        (date(2026, 10, 1), date(2026, 10, 1)),
        (date(2026, 10, 2), date(2026, 10, 31)),
    ]


def test_a_fetch_noted_in_the_future_settles_nothing():
    loaded = settled_days(nov(1), nov(20)) | {nov(5): at("2027-11-24T05:30")}
    assert spans(plan_event_windows(TODAY, loaded, None, now=NOW))[0] == (nov(5), nov(5))


# The rule once more, day by day and without a thought for windows.
def naive_wanted(run: RunWindow, loaded: dict[date, datetime], first_run_start: date, look_back_days: int) -> set[date]:
    wanted = set()
    loaded = {day: began_at for day, began_at in loaded.items() if day <= run.newest_closed_date}
    day = date(2026, 1, 1)
    while day <= run.newest_closed_date:
        if run.start_date and run.end_date:
            due = run.start_date <= day <= run.end_date
        elif not loaded:
            due = day >= first_run_start
        else:
            in_look_back = (run.newest_closed_date - day).days < look_back_days
            is_missing = day >= min(first_run_start, *loaded) and day not in loaded
            end_of_day = datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY
            is_unsettled = day in loaded and loaded[day] < end_of_day + timedelta(hours=48)
            due = in_look_back or is_missing or is_unsettled
        if due:
            wanted.add(day)
        day += DAY
    return wanted


NEWEST_OF_RUNS = date(2026, 6, 30)
recent_days = st.integers(0, 130).map(lambda n: NEWEST_OF_RUNS - n * DAY)


@st.composite
def loads(draw):
    days = draw(st.sets(recent_days | st.just(NEWEST_OF_RUNS + DAY), max_size=60))
    began = st.integers(1, 200).map(lambda hours: timedelta(hours=hours))
    now = datetime(2026, 7, 1, 6, tzinfo=UTC)
    return {day: min(now, datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY + draw(began)) for day in days}


@st.composite
def runs(draw):
    if draw(st.booleans()):
        return RunWindow("daily", NEWEST_OF_RUNS)
    first, last = sorted((draw(recent_days), draw(recent_days)))
    return RunWindow("range", NEWEST_OF_RUNS, first, last)


@settings(max_examples=400, deadline=None)
@given(
    run=runs(),
    loaded=loads(),
    cycle_age_hours=st.none() | st.integers(0, 60 * 24),
    look_back_days=st.integers(1, 10),
    first_run_days=st.integers(1, 40),
)
def test_windows_cover_exactly_the_wanted_days(run, loaded, cycle_age_hours, look_back_days, first_run_days):
    now = datetime(2026, 7, 1, 6, tzinfo=UTC)
    cycle_start = None if cycle_age_hours is None else now - timedelta(hours=cycle_age_hours)
    options = {"look_back_days": look_back_days, "first_run_days": first_run_days, "now": now}
    first_run_start = NEWEST_OF_RUNS - (first_run_days - 1) * DAY

    daily = plan_daily_usage_windows(run, loaded, **options)
    check_windows(daily, naive_wanted(run, loaded, first_run_start, look_back_days), max_days=30)

    events = plan_event_windows(run, loaded, cycle_start, **options)
    if cycle_start is not None:
        first_run_start = min(first_run_start, cycle_start.date())
    check_windows(events, naive_wanted(run, loaded, first_run_start, look_back_days), max_days=7)
    for window in events:
        reaches_look_back = (NEWEST_OF_RUNS - window.end_date).days < look_back_days
        assert window.start_date == window.end_date or not reaches_look_back

    if daily and daily[-1].end_date == NEWEST_OF_RUNS:
        following = [w for w in daily[:-1] if w.end_date + DAY == daily[-1].start_date]
        assert not following or len(days_of(daily[-1])) == 30


def check_windows(windows, wanted, max_days):
    covered = [day for window in windows for day in days_of(window)]
    assert len(covered) == len(set(covered))
    assert set(covered) == wanted
    assert windows == sorted(windows)
    for window in windows:
        assert 1 <= len(days_of(window)) <= max_days
        assert window.start_at.timetz() == datetime(2026, 1, 1, tzinfo=UTC).timetz()
    for before, after in pairwise(windows):
        assert before.end_at < after.start_at
