"""The forecast's steps, worked out by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.oracle import forecasts
from tests.oracle.compare import Near
from tests.oracle.cycles import Cycle
from tests.oracle.forecasts import Known, Point
from tests.oracle.team import Configured, SeatAllowance, SpendLimit
from tests.oracle.test_oracle import (
    CYCLE_START,
    EMAIL,
    INCLUDED,
    SNAPSHOT_AT,
    TODAY,
    days,
    member,
    of,
    sent,
    spend,
    team,
)

BO = "bo@example.com"
MANY = 100_000_000  # cents: beside so much, what anybody else does leaves all weekdays alike
WEEKDAY, WEEKEND = 7 / 5.4, 1.4 / 5.4  # 1 and 0.2, over their mean


def each_day(first, last, cents, email=EMAIL, kind=INCLUDED):
    return [sent(at=f"{day}T14:00:00", cents=cents, email=email, kind=kind) for day in days(first, last)]


def steady(first=date(2026, 8, 3)):
    """Somebody who uses the same on every day of the week, from the first loaded day on."""
    return each_day(first, TODAY, MANY)


# --- weekdays --------------------------------------------------------------------------------------------------------


def test_a_week_without_history_is_mostly_working_days():
    of_team = team(sent(), loaded_from=date(2026, 11, 11))
    assert len(of_team.events_by_day) == 13
    assert forecasts.pattern(of_team, TODAY) == pytest.approx((WEEKDAY,) * 5 + (WEEKEND,) * 2)
    nothing_used = team(loaded_from=date(2026, 10, 1))
    assert forecasts.pattern(nothing_used, TODAY) == pytest.approx((WEEKDAY,) * 5 + (WEEKEND,) * 2)


def test_a_weekday_weighs_what_it_was_used_on_average():
    """14 days, 10 to 23 November: $3 and $1 on the two Mondays, $6 on a Tuesday, a credit back on a Sunday."""
    of_team = team(
        sent(at="2026-11-16T10:00:00", cents=300),
        sent(at="2026-11-23T10:00:00", cents=100, email=""),
        sent(at="2026-11-10T10:00:00", cents=600, kind=INCLUDED),
        sent(at="2026-11-15T10:00:00", cents=-100),
        sent(at="2026-11-12T10:00:00", cents=900, kind="Free Credit"),
        loaded_from=date(2026, 11, 10),
    )
    # Means of 2, 3 and -0.5, which is 0; over their mean of 5/7.
    assert forecasts.pattern(of_team, TODAY) == pytest.approx((2.8, 4.2, 0, 0, 0, 0, 0))


def test_a_weekday_that_was_never_loaded_weighs_as_the_mean_day():
    by_day = {
        day: [sent(at=f"{day}T10:00:00", cents=100 if day.weekday() < 5 else 0)]
        for day in days(date(2026, 10, 26))
        if day.weekday() != 6
    }
    weights = forecasts.pattern(team(events_by_day=by_day), TODAY)
    loaded, working = len(by_day), sum(day.weekday() < 5 for day in by_day)
    raw = (1,) * 5 + (0, working / loaded)
    assert weights == pytest.approx([one * 7 / sum(raw) for one in raw])


def test_the_pattern_is_of_eight_weeks():
    before = [sent(at="2026-09-28T10:00:00", cents=100)]  # a Monday, 56 days before
    within = [sent(at="2026-09-29T10:00:00", cents=100)]
    of_team = team(*before, *within, loaded_from=date(2026, 9, 1))
    assert forecasts.pattern(of_team, TODAY) == pytest.approx((0, 7, 0, 0, 0, 0, 0))


# --- levels ----------------------------------------------------------------------------------------------------------


def test_a_level_is_of_the_days_since_the_first_use_and_of_a_week_at_least():
    of_team = team(sent(at="2026-11-20T10:00:00", cents=500), loaded_from=date(2026, 11, 11))
    # The seven days 17 to 23 November, Tuesday to Monday, the newest counting most.
    weights = (WEEKDAY, WEEKDAY, WEEKDAY, WEEKDAY, WEEKEND, WEEKEND, WEEKDAY)
    fades = [2 ** (-age / 10) for age in (6, 5, 4, 3, 2, 1, 0)]
    expected = 5 * fades[3] / sum(weight * fade for weight, fade in zip(weights, fades, strict=True))
    assert forecasts.level(of_team, EMAIL, TODAY) == pytest.approx(expected)


def test_who_uses_the_same_each_day_has_that_level():
    of_team = team(*steady(), *each_day(date(2026, 10, 20), TODAY, 200, BO), loaded_from=date(2026, 8, 3))
    assert forecasts.level(of_team, BO, TODAY) == pytest.approx(2, rel=1e-5)


@pytest.mark.parametrize(("last", "is_gone"), [("2026-10-27", False), ("2026-10-26", True)])
def test_who_used_nothing_for_four_weeks_uses_nothing_more(last, is_gone):
    of_team = team(sent(at=f"{last}T10:00:00"), loaded_from=date(2026, 10, 1))
    assert (forecasts.level(of_team, EMAIL, TODAY) == 0) is is_gone


def test_a_level_is_never_below_nothing():
    assert forecasts.level(team(sent(cents=-100)), EMAIL, TODAY) == 0
    assert forecasts.level(team(sent()), BO, TODAY) == 0


def test_the_last_day_of_a_cycle_weighs_as_far_as_it_goes():
    of_team = team(*steady(), loaded_from=date(2026, 8, 3))
    cycle = Cycle(CYCLE_START, datetime.fromisoformat("2026-12-03T06:00"), is_open=True)
    whole = forecasts.weight_to_come(of_team, cycle, TODAY, date(2026, 12, 3))
    assert whole == pytest.approx(9.25)  # 24 November to 2 December, and six hours
    assert forecasts.weight_to_come(of_team, cycle, TODAY, date(2026, 11, 25)) == pytest.approx(2)
    assert forecasts.weight_to_come(of_team, cycle, TODAY, TODAY) == 0


# --- what of it is on-demand -----------------------------------------------------------------------------------------


def person(included=0, *, over=None, allowance=None):
    on_demand = Decimal(0) if over is None else Decimal(1)
    return Known(Decimal(included), on_demand, None if over is None else TODAY, 1.0, over, allowance, None)


@pytest.mark.parametrize(
    ("one", "on_demand"),
    [
        (person(10, allowance=25.0), 5),  # 10 and 20 are 30
        (person(10, allowance=30.0), 0),
        (person(30, allowance=25.0), 20),  # what is included already was: from here on all is on top
        (person(10), 0),  # nobody knows where it ends
        (person(10, over=0.75), 15),
    ],
)
def test_what_of_twenty_dollars_is_on_demand(one, on_demand):
    assert one.on_demand_of(20.0) == pytest.approx(on_demand)


STARTS = [datetime.fromisoformat(f"2026-{month:02}-03T00:00") for month in (9, 10, 11)]


def cycles_of(*events, loaded_from=date(2026, 9, 3), snapshot=None, **more):
    """Cycles from midnight of the third; September's and October's are over and covered."""
    told = [(start + timedelta(hours=1), spend(start=start)) for start in STARTS]
    told.append((SNAPSHOT_AT, snapshot or spend(start=STARTS[-1])))
    return team(*events, loaded_from=loaded_from, spend_snapshots=told, **more)


def known(of_team, email):
    point = forecasts.open_point(of_team)
    assert point is not None
    return forecasts.known(of_team, point)[email]


def on(month, day, cents, kind="Usage-based", email=EMAIL):
    return sent(at=f"2026-{month:02}-{day:02}T10:00:00", cents=cents, kind=kind, email=email)


def test_who_is_over_goes_on_as_since_then():
    of_team = cycles_of(
        on(11, 5, 700, INCLUDED), on(11, 5, 300), on(11, 6, 100), on(11, 7, 200, INCLUDED), on(11, 8, 500)
    )
    one = known(of_team, EMAIL)
    assert (one.first_over, one.on_demand, one.included) == (date(2026, 11, 5), 9, 9)
    assert one.on_demand_share == pytest.approx(6 / 8)  # the days after the 5th
    assert (one.allowance, one.allowance_source) == (9, "this_cycle")


def test_who_came_over_on_the_last_day_goes_on_as_the_others():
    today = on(11, 23, 100, email=BO)
    assert known(cycles_of(today), BO).on_demand_share == 1
    others = [on(11, 5, 300), on(11, 6, 100), on(11, 7, 300, INCLUDED)]
    assert known(cycles_of(today, *others), BO).on_demand_share == pytest.approx(0.25)


def test_an_allowance_is_where_included_usage_stopped_the_last_time():
    of_team = cycles_of(
        *[on(9, 10, 1500, INCLUDED), on(9, 11, 1)],
        *[on(10, 10, 2100, INCLUDED), on(10, 11, 1)],
        *[on(9, 10, 3000, INCLUDED, BO), on(9, 11, 1, email=BO), on(10, 10, 9000, INCLUDED, BO)],
        on(11, 10, 100, INCLUDED, "cy@example.com"),
        *[on(10, 10, 4000, INCLUDED, "di@example.com"), on(11, 10, 1, INCLUDED, "di@example.com")],
        on(11, 10, 100, INCLUDED),
    )
    assert (known(of_team, EMAIL).allowance, known(of_team, EMAIL).allowance_source) == (21, "earlier_cycle")
    assert known(of_team, BO).allowance == 30  # in October nothing was on top
    assert known(of_team, "cy@example.com").allowance == 25.5  # the middle of 21 and 30
    assert known(of_team, "cy@example.com").allowance_source == "team"
    assert known(of_team, "di@example.com").allowance == 40  # so much was included once


def test_an_allowance_may_be_seen_in_this_cycle_first_or_not_at_all():
    of_team = cycles_of(
        on(11, 5, 1900, INCLUDED), on(11, 6, 1), on(11, 5, 100, INCLUDED, BO), loaded_from=date(2026, 11, 1)
    )
    assert (known(of_team, BO).allowance, known(of_team, BO).allowance_source) == (19, "team")
    unknown = known(cycles_of(on(11, 5, 100, INCLUDED)), EMAIL)
    assert (unknown.allowance, unknown.allowance_source) == (None, None)


def test_an_allowance_that_somebody_wrote_down_goes_before_what_others_show_and_after_ones_own():
    def told(*events, is_pooled=False):
        rows = (SeatAllowance("standard", date(2026, 1, 1), Decimal(50), is_pooled),)
        members = [member(), member(BO)]
        lists = [(STARTS[0], members), (SNAPSHOT_AT, members)]
        used = [*[on(10, 10, 2100, INCLUDED), on(10, 11, 1)], on(11, 10, 100, INCLUDED, BO), *events]
        of_team = cycles_of(*used, members_snapshots=lists, configured=Configured(seat_allowances=rows))
        return {email: known(of_team, email) for email in (EMAIL, BO)}

    def of_both(people):
        return [(one.allowance, one.allowance_source) for one in people.values()]

    assert of_both(told()) == [(21, "earlier_cycle"), (50, "configured")]
    assert of_both(told(on(11, 10, 1, email=BO)))[1] == (1, "this_cycle")
    assert of_both(told(is_pooled=True)) == [(21, "earlier_cycle"), (21, "team")]
    assert known(cycles_of(on(11, 10, 1, email="")), None).allowance_source == "this_cycle"


# --- the figures -----------------------------------------------------------------------------------------------------


def near(text):
    return Near(Decimal(text), Decimal("0.01"))


def overage(*events, members=None, snapshot=None, **configured):
    """Bo uses $2 a day on top, in a cycle from 3 November 13:06:28 to 3 December; somebody else is steady."""
    used = each_day(date(2026, 11, 3), TODAY, 200, BO, "Usage-based")
    of_team = team(
        *steady(),
        *used,
        *events,
        loaded_from=date(2026, 8, 3),
        members=members,
        spend_snapshots=[(SNAPSHOT_AT, snapshot or spend())],
        configured=Configured(**configured),
    )
    return forecasts.forecast_rows(of_team)


def test_the_forecast_of_a_developer():
    """21 days of $2; nine days more, and 13:06:28 of the tenth: 9.5462 days, $19.09."""
    row = of(overage(), scope="developer", email=BO)
    assert (row["cycle_day"], row["days_left"], row["as_of_date"]) == (21, 10, TODAY)
    assert row["on_demand_to_date_usd"] == 42
    assert row["usage_to_come_usd"] == near("19.09")
    assert row["forecast_mid_usd"] == near("61.09")
    assert row["forecast_low_usd"] == near("50.30")  # 19.09 / 2.3 = 8.30
    assert row["forecast_high_usd"] == near("85.91")  # 19.09 times 2.3 = 43.91
    assert row["run_rate_usd"] == near("60")  # 42 / 21 times 30
    assert row["has_enough_days"] is True


def test_the_team_has_a_row_that_sums_to_its_people():
    rows = overage()
    whole = of(rows, scope="team")
    assert (whole["email"], whole["on_demand_to_date_usd"], whole["allowance_usd"]) == (None, 42, None)
    assert {row["email"] for row in rows if row["scope"] == "developer"} == {EMAIL, BO}
    assert whole["forecast_mid_usd"] == near("61.09")  # what is included each day was included in August, too


def test_who_holds_a_seat_or_used_anything_or_nobody_has_a_row():
    rows = overage(
        sent(at="2026-11-10T10:00:00", email=""),
        sent(at="2026-11-10T10:00:00", email="cy@example.com", kind="Free Credit"),
        sent(at="2026-11-02T10:00:00", email="recent@example.com"),
        sent(at="2026-10-20T10:00:00", email="gone@example.com"),
        members=[member("seat@example.com"), member("boss@example.com", "free-owner")],
    )
    people = {row["email"] for row in rows if row["scope"] == "developer"}
    assert people == {EMAIL, BO, None, "cy@example.com", "recent@example.com", "seat@example.com"}


def limited(dollars, email=BO, start=CYCLE_START):
    told = spend((email, 0, 0), start=start)
    told["teamMemberSpend"][0]["effectivePerUserLimitDollars"] = dollars
    return told


@pytest.mark.parametrize(
    ("limit", "hit"),
    [
        (4, date(2026, 11, 4)),
        (42, TODAY),
        (43, date(2026, 11, 24)),
        (45, date(2026, 11, 25)),
        (61, date(2026, 12, 3)),  # its first thirteen hours
        (62, None),
    ],
)
def test_the_day_on_which_a_limit_is_hit(limit, hit):
    row = of(overage(snapshot=limited(limit)), scope="developer", email=BO)
    assert (row["spend_limit_usd"], row["limit_hit_date"]) == (limit, hit)


def test_a_limit_of_nothing_or_of_another_cycle_is_none():
    for snapshot in (limited(0), limited(None), limited(50, email=EMAIL)):
        assert of(overage(snapshot=snapshot), scope="developer", email=BO)["spend_limit_usd"] is None


def test_the_teams_limit_is_the_newest_in_force_at_the_cycles_start():
    limits = (
        SpendLimit(None, Decimal(10)),
        SpendLimit(date(2026, 11, 3), Decimal(20)),
        SpendLimit(date(2026, 11, 4), Decimal(30)),
    )
    row = of(overage(spend_limits=limits), scope="team")
    assert (row["spend_limit_usd"], row["limit_hit_date"]) == (20, date(2026, 11, 12))
    assert of(overage(), scope="team")["limit_hit_date"] is None


def test_the_day_on_which_included_usage_ends():
    """$2 a day are $6 on 23 November; $9 are reached two days later."""
    used = each_day(date(2026, 11, 21), TODAY, 200, BO)
    earlier = [on(10, 10, 900, INCLUDED, BO), on(10, 11, 1, email=BO)]
    of_team = cycles_of(*steady(date(2026, 8, 3)), *used, *earlier, loaded_from=date(2026, 8, 3))
    point = forecasts.open_point(of_team)
    assert point is not None
    row = of(forecasts.forecast_rows(of_team), scope="developer", email=BO)
    assert (row["allowance_source"], row["allowance_usd"]) == ("earlier_cycle", near("9"))
    level = forecasts.level(of_team, BO, TODAY)
    days_needed = -(-3 // level)
    assert row["allowance_hit_date"] == TODAY + timedelta(days=days_needed)
    over = of(overage(), scope="developer", email=BO)
    assert over["allowance_hit_date"] == date(2026, 11, 3)


def test_who_uses_nothing_more_reaches_no_allowance():
    """In October all of what both used was on top, so that nothing is included; only Cy has used anything since."""
    gone, cy = "gone@example.com", "cy@example.com"
    events = [on(10, 5, 100, email=gone), on(10, 5, 100, email=cy), on(11, 12, 100, INCLUDED, cy)]
    of_team = cycles_of(*steady(), *events, loaded_from=date(2026, 8, 3), members=[member(gone), member(cy)])
    rows = forecasts.forecast_rows(of_team)
    row = of(rows, scope="developer", email=gone)
    assert (row["allowance_source"], row["allowance_usd"], row["usage_to_come_usd"]) == (
        "earlier_cycle",
        near("0"),
        near("0"),
    )
    assert row["allowance_hit_date"] is None
    assert of(rows, scope="developer", email=cy)["allowance_hit_date"] == date(2026, 11, 24)


# --- how sure it is --------------------------------------------------------------------------------------------------


def tenfold_then(after):
    """$10 a day up to the 21st day of October's cycle, and then so much a day."""
    events = [
        *each_day(date(2026, 8, 3), date(2026, 10, 23), 1000),
        *each_day(date(2026, 10, 24), date(2026, 11, 2), after),
        *each_day(date(2026, 11, 3), TODAY, 1000),
    ]
    return cycles_of(*events, loaded_from=date(2026, 8, 3))


@pytest.mark.parametrize(
    ("after", "error"),
    [(1000, 0), (1500, 0.5), (800, 0.25), (100, 1), (5000, 1), (0, 1)],
)
def test_how_far_the_usage_to_come_was_off(after, error):
    of_team = tenfold_then(after)
    october = next(cycle for cycle in forecasts.covered_cycles(of_team) if cycle.start_at == STARTS[1])
    point = forecasts.points(october)[20]
    assert (point.cycle_day, point.t) == (21, date(2026, 10, 23))
    assert forecasts.team_usage_to_come(of_team, point) == pytest.approx(100, rel=0.01)
    assert forecasts.error_of_usage(of_team, point) == pytest.approx(error, abs=0.015)


def test_the_spread_narrows_with_cycles_that_were_right():
    of_team = tenfold_then(1500)
    now = forecasts.open_point(of_team)
    assert now is not None
    # September, August: nothing off; October: half. August's 21st day had 21 days before it, so it counts.
    assert len(forecasts.earlier_cycles(of_team, now.cycle)) == 3
    assert forecasts.spread_of_team(of_team, now) == pytest.approx((3 * 0.45 + 2 * 0.5) / 6, abs=0.02)
    first = Point(forecasts.covered_cycles(of_team)[0], 21, date(2026, 8, 23))
    assert forecasts.spread_of_team(of_team, first) == pytest.approx(0.45)


def test_a_point_with_too_little_behind_it_tells_nothing():
    of_team = tenfold_then(1000)
    august = forecasts.covered_cycles(of_team)[0]
    assert forecasts.error_of_usage(of_team, forecasts.points(august)[12]) is None
    assert forecasts.error_of_usage(of_team, forecasts.points(august)[13]) is not None
    assert forecasts.has_enough_days(of_team, forecasts.points(august)[20]) is False  # no allowance, no cycle before
    september = forecasts.covered_cycles(of_team)[1]
    assert forecasts.has_enough_days(of_team, forecasts.points(september)[0]) is True


def test_a_backtest_says_what_would_have_been_said_and_what_came():
    """On the 10th day of October's cycle $1 a day on top: 10 + 21 to come; from the 20th day on it was $3."""
    of_team = cycles_of(
        *steady(),
        *each_day(date(2026, 10, 3), date(2026, 10, 21), 100, BO, "Usage-based"),
        *each_day(date(2026, 10, 22), date(2026, 11, 2), 300, BO, "Usage-based"),
        *each_day(date(2026, 8, 3), date(2026, 8, 8), 10 * MANY),  # an allowance without end
        loaded_from=date(2026, 8, 3),
    )
    rows = [row for row in forecasts.backtest_rows(of_team) if row["cycle_start_at"] == STARTS[1]]
    assert [row["cycle_day"] for row in rows] == list(range(1, 32))
    row = of(rows, cycle_day=10)
    assert row["as_of_date"] == date(2026, 10, 12)
    assert row["actual_on_demand_usd"] == 55  # 19 and 12 times 3
    assert row["forecast_mid_usd"] == near("31")
    assert row["run_rate_usd"] == near("31")
    assert row["error_usd"] == near("-24")
    assert row["absolute_error_share"].value == pytest.approx(24 / 55)
    assert row["is_within_range"] is False  # $10 and at most 1.4 times $21
    last = of(rows, cycle_day=31)
    assert (last["forecast_mid_usd"], last["error_usd"]) == (near("55"), near("0"))


def test_the_open_cycle_may_have_no_closed_day_yet():
    start = datetime.fromisoformat("2026-11-24T05:00")
    of_team = team(sent(), spend_snapshots=[(SNAPSHOT_AT, spend(start=start))])
    row = of(forecasts.forecast_rows(of_team), scope="team")
    assert (row["cycle_day"], row["days_left"], row["run_rate_usd"], row["as_of_date"]) == (0, 31, None, TODAY)
