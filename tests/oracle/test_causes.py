"""What each difference comes from, and the references beside the open cycle's, worked out by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.oracle import causes, marts, seats
from tests.oracle.team import Configured, DashboardTotal, Invoice, SeatPrice
from tests.oracle.test_oracle import (
    CYCLE_START,
    EMAIL,
    INCLUDED,
    SNAPSHOT_AT,
    TODAY,
    as_received,
    member,
    milliseconds,
    of,
    only,
    sent,
    team,
    tied,
)

BO = "bo@example.com"
BEFORE_START = "2026-11-03T13:06:27"  # on the cycle's first day
CREDIT, OWN_KEY = "Free Credit", "User API Key"
RUNNER = {"email": "runner@example.com", "serviceAccountId": "sa_1"}


def parts(of_team, measure="cycle_on_demand_usd"):
    """Cause to part; the upper bounds stand apart."""
    rows = [row for row in causes.cause_rows(of_team) if row["measure"] == measure]
    told = {row["cause"]: row["difference"] for row in rows if row["upper_bound"] is None}
    whole = [
        row["difference"]
        for row in marts.expected_verification_totals(of_team)
        if row["measure"] == measure and row["difference"] is not None
    ]
    assert [sum(told.values())] == whole  # the parts are the difference, and nothing else
    return {cause: part for cause, part in told.items() if cause != "unexplained" or part != 0}


def bounds(of_team, measure="cycle_on_demand_usd"):
    rows = [row for row in causes.cause_rows(of_team) if row["measure"] == measure]
    return {row["cause"]: row["upper_bound"] for row in rows if row["upper_bound"] is not None}


def spend_of_cents(*members, start=CYCLE_START):
    rows = [{"email": email, "spendCents": cents, "overallSpendCents": cents} for email, cents in members]
    return as_received({"teamMemberSpend": rows, "subscriptionCycleStart": milliseconds(start)})


def against(*events, members, **more):
    return team(*events, spend_snapshots=[(SNAPSHOT_AT, spend_of_cents(*members))], **more)


# --- an address at a time --------------------------------------------------------------------------------------------


def test_no_difference_is_all_unexplained_of_nothing():
    row = of(causes.cause_rows(tied(sent(cents=200))), measure="cycle_on_demand_usd")
    assert (row["cause"], row["difference"], row["addresses"], row["cause_order"]) == ("unexplained", 0, 0, 8)


def test_who_is_absent_from_the_reference():
    of_team = against(sent(cents=200), sent(cents=30, email=BO), members=[(EMAIL, 200)])
    assert parts(of_team) == {"absent_from_reference": Decimal("0.3")}
    row = of(causes.cause_rows(of_team), measure="cycle_on_demand_usd", cause="absent_from_reference")
    assert (row["addresses"], row["window_end_date"]) == (1, date(2026, 11, 24))


def test_who_is_absent_from_the_warehouse():
    assert parts(against(sent(), members=[(EMAIL, 100), (BO, 70)])) == {"absent_from_warehouse": Decimal("-0.7")}


def test_who_used_something_of_another_kind_is_not_absent():
    of_team = against(sent(), sent(email=BO, kind=INCLUDED), members=[(EMAIL, 100), (BO, 70)])
    assert parts(of_team) == {"unexplained": Decimal("-0.7")}


@pytest.mark.parametrize(
    ("cents", "rows", "cause"),
    [
        ("100.5", [100], "rounding"),
        ("99.5", [100], "rounding"),
        ("100.500001", [100], "unexplained"),
        ("101", [60, 40], "rounding"),  # each of two rows was rounded
        ("101.000001", [60, 40], "unexplained"),
    ],
)
def test_half_a_cent_for_each_row_of_the_reference_is_rounding(cents, rows, cause):
    of_team = against(sent(cents=Decimal(cents).__float__()), members=[(EMAIL, row) for row in rows])
    assert parts(of_team).keys() == {cause}


def test_a_reference_that_counts_the_whole_first_day():
    of_team = against(sent(cents=200), sent(at=BEFORE_START, cents=50), members=[(EMAIL, 250)])
    assert parts(of_team) == {"cycle_edge": Decimal("-0.5")}
    rounded = against(sent(cents=200), sent(at=BEFORE_START, cents=50.4), members=[(EMAIL, 250)])
    assert parts(rounded) == {"cycle_edge": Decimal("-0.5")}
    other_day = against(sent(cents=200), sent(at="2026-11-02T23:59:59", cents=50), members=[(EMAIL, 250)])
    assert parts(other_day) == {"unexplained": Decimal("-0.5")}
    other_kind = against(sent(cents=200), sent(at=BEFORE_START, cents=50, kind=INCLUDED), members=[(EMAIL, 250)])
    assert parts(other_kind) == {"unexplained": Decimal("-0.5")}
    assert parts(other_kind, "cycle_usage_value_usd") == {"cycle_edge": Decimal("-0.5")}


@pytest.mark.parametrize(
    ("counted", "cause"),
    [(230, "credit_or_own_key"), (204, "credit_or_own_key"), (234, "credit_or_own_key"), (233, "unexplained")],
)
def test_a_reference_that_counts_credits_or_own_keys_or_both(counted, cause):
    of_team = against(
        sent(cents=200), sent(cents=30, kind=CREDIT), sent(cents=4, kind=OWN_KEY), members=[(EMAIL, counted)]
    )
    assert parts(of_team) == {cause: Decimal(200 - counted) / 100}


def test_the_first_cause_that_holds_takes_all():
    """Fifty cents before the start and fifty of credit would both do: the edge comes first."""
    of_team = against(
        sent(cents=200), sent(at=BEFORE_START, cents=50), sent(cents=50, kind=CREDIT), members=[(EMAIL, 250)]
    )
    assert parts(of_team) == {"cycle_edge": Decimal("-0.5")}


def test_people_differ_each_for_a_reason_of_their_own():
    of_team = against(
        sent(cents=200.25),
        sent(cents=30, email=BO),
        sent(cents=40, email=""),
        sent(cents=8, email="di@example.com"),
        members=[(EMAIL, 200), ("cy@example.com", 11), ("di@example.com", 3)],
    )
    assert parts(of_team) == {
        "rounding": Decimal("0.0025"),
        "absent_from_reference": Decimal("0.3"),
        "no_email": Decimal("0.4"),
        "absent_from_warehouse": Decimal("-0.11"),
        "unexplained": Decimal("0.05"),
    }


# --- nobody's usage --------------------------------------------------------------------------------------------------


def test_nobodys_usage_that_the_reference_leaves_out():
    of_team = against(
        sent(),
        sent(cents=40, email=""),
        sent(cents=7, **RUNNER),
        sent(cents=1, serviceAccountId="sa_2", email=""),
        members=[(EMAIL, 100)],
    )
    assert parts(of_team) == {"no_email": Decimal("0.41"), "service_account": Decimal("0.07")}


def test_a_service_account_that_the_reference_lists_is_not_left_out():
    of_team = against(sent(), sent(cents=40, email=""), sent(cents=7, **RUNNER), members=[(EMAIL, 100), ("", 7)])
    assert parts(of_team) == {"unexplained": Decimal("0.4")}  # a row of nobody: who is in it cannot be told
    listed = [(EMAIL, 100), (RUNNER["email"], 7)]
    assert parts(against(sent(), sent(cents=40, email=""), sent(cents=7, **RUNNER), members=listed)) == {
        "no_email": Decimal("0.4")
    }


def test_nobodys_usage_is_a_cause_only_to_the_last_digit():
    listed = [(EMAIL, 100), (RUNNER["email"], 8)]
    of_team = against(sent(), sent(cents=40, email=""), sent(cents=7, **RUNNER), members=listed)
    assert parts(of_team) == {"unexplained": Decimal("0.39")}


# --- what may have changed since -------------------------------------------------------------------------------------


def test_what_is_not_settled_or_came_later_is_a_bound_and_no_part():
    of_team = against(
        sent(cents=200),
        sent(at="2026-11-23T10:00:00", cents=40),
        sent(at="2026-11-23T11:00:00", cents=5, kind=INCLUDED),
        open_day=[sent(at="2026-11-24T05:30:00", cents=3), sent(at="2026-11-24T05:30:11", cents=2)],
        members=[(EMAIL, 243)],
        fetched="2026-11-24T05:30:00",
    )
    assert parts(of_team) == {}
    # The days from 21 November on, the open one too; after the snapshot of 05:30:10 two cents more.
    assert bounds(of_team) == {"not_settled": Decimal("0.43"), "after_snapshot": Decimal("0.02")}
    assert bounds(of_team, "cycle_included_usage_usd") == {"not_settled": Decimal("0.05")}


# --- references without addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "value", "expected"),
    [
        ("on_demand_usd", "2.004", {"rounding": Decimal("-0.004")}),
        ("on_demand_usd", "2.3", {"credit_or_own_key": Decimal("-0.3")}),
        ("on_demand_usd", "2.34", {"credit_or_own_key": Decimal("-0.34")}),
        ("on_demand_usd", "2.2", {"unexplained": Decimal("-0.2")}),
        ("unattributed_usage_usd", "0.3", {"unexplained": Decimal("-0.3")}),
        ("requests", "5", {"unexplained": Decimal(-2)}),
    ],
)
def test_a_figure_of_the_dashboard_has_no_addresses(measure, value, expected):
    reading = DashboardTotal(measure, date(2026, 11, 18), date(2026, 11, 22), Decimal(value), SNAPSHOT_AT)
    of_team = team(
        sent(cents=200),
        sent(cents=30, kind=CREDIT),
        sent(cents=4, kind=OWN_KEY, email=BO),
        sent(at="2026-11-17T10:00:00", cents=5, kind=CREDIT),
        configured=Configured(dashboard_totals=(reading,)),
    )
    assert parts(of_team, measure) == expected
    assert {row["addresses"] for row in causes.cause_rows(of_team)} == {None}


def test_what_was_used_on_the_day_of_the_reading_may_have_come_after_it():
    at = datetime.fromisoformat("2026-11-22T09:00")
    reading = DashboardTotal("on_demand_usd", date(2026, 11, 20), date(2026, 11, 22), Decimal(2), at)
    of_team = team(
        sent(cents=200),
        sent(at="2026-11-22T08:00:00", cents=1),
        sent(at="2026-11-23T08:00:00", cents=7),
        configured=Configured(dashboard_totals=(reading,)),
    )
    assert bounds(of_team, "on_demand_usd") == {"after_snapshot": Decimal("0.01")}


def read_now(value, minutes, **more):
    """A figure off the dashboard some minutes after the spend snapshot, which says another one."""
    at = SNAPSHOT_AT + timedelta(minutes=minutes)
    reading = DashboardTotal("cycle_on_demand_usd", CYCLE_START.date(), SNAPSHOT_AT.date(), Decimal(value), at)
    return against(
        sent(cents=200),
        open_day=[sent(at="2026-11-24T05:30:00", cents=3), sent(at="2026-11-24T05:30:11", cents=4)],
        members=[(EMAIL, 900)],
        configured=Configured(dashboard_totals=(reading,)),
        **more,
    )


@pytest.mark.parametrize(
    ("value", "minutes", "verdict"),
    [
        ("2.03", 5, "matched"),
        ("2.03", 600, "matched"),
        ("2.05", 5, "matched_within_tolerance"),
        ("2.10", 5, "inconclusive"),  # an open day is never settled
        ("9", 5, "drift"),
        ("9", 60, "drift"),
        ("9", 61, "inconclusive"),  # who knows what was used since
        ("2.05", 61, "inconclusive"),
    ],
)
def test_a_figure_of_now_is_compared_with_the_open_day_too(value, minutes, verdict):
    row = of(marts.expected_verification_totals(read_now(value, minutes)), reference_source="dashboard")
    assert (row["warehouse_value"], row["verdict"]) == (Decimal("2.03"), verdict)


def test_the_causes_of_a_figure_of_now_are_of_the_same_range():
    rows = [row for row in causes.cause_rows(read_now("9", 5)) if row["reference_source"] == "dashboard"]
    assert {row["cause"]: row["difference"] or row["upper_bound"] for row in rows} == {
        "unexplained": Decimal("-6.97"),
        "not_settled": Decimal("0.03"),
        "after_snapshot": Decimal("0.04"),
    }


def test_a_count_of_seats_has_no_part_on_days():
    reading = DashboardTotal("paid_seats", TODAY, TODAY, Decimal(2), SNAPSHOT_AT)
    of_team = team(sent(), configured=Configured(dashboard_totals=(reading,)), fetched="2026-11-24T05:30:00")
    assert of(marts.expected_verification_totals(of_team), measure="paid_seats")["verdict"] == "drift"
    assert parts(of_team, "paid_seats") == {"unexplained": -1}
    assert bounds(of_team, "paid_seats") == {}


# --- developer by developer ------------------------------------------------------------------------------------------


def test_each_developer_beside_the_reference():
    of_team = against(
        sent(cents=200.4),
        sent(cents=30, email=BO),
        sent(cents=9, kind=INCLUDED, email="di@example.com"),
        sent(cents=40, email=""),
        members=[(EMAIL, 200), ("cy@example.com", 0), ("di@example.com", 0)],
    )
    rows = [row for row in causes.by_developer_rows(of_team) if row["measure"] == "cycle_on_demand_usd"]
    told = {
        row["email"]: (row["warehouse_value"], row["reference_value"], row["presence"], row["is_equal"]) for row in rows
    }
    assert told == {
        EMAIL: (Decimal("2.004"), 2, "both", True),
        BO: (Decimal("0.3"), None, "warehouse_only", False),
        "cy@example.com": (0, 0, "reference_only", True),
        "di@example.com": (0, 0, "both", True),
        None: (Decimal("0.4"), None, "warehouse_only", False),
    }
    assert of(rows, email=BO)["difference"] == Decimal("0.3")


def test_a_part_that_the_reference_does_not_say_is_null():
    of_team = tied(sent(cents=100), members=[(EMAIL, 100, None)])
    row = of(causes.by_developer_rows(of_team), measure="cycle_included_usage_usd")
    assert (row["warehouse_value"], row["reference_value"], row["presence"]) == (0, None, "both")


def test_developers_days_beside_the_daily_rows():
    active, idle = {"email": EMAIL, "isActive": True}, {"email": BO, "isActive": False}
    of_team = tied(
        sent(at="2026-11-20T10:00:00"),
        sent(at="2026-11-20T11:00:00"),
        sent(at="2026-11-21T11:00:00", email="cy@example.com"),
        sent(email=""),
        daily_usage_rows={date(2026, 11, 20): [active, idle], date(2026, 11, 22): [active], date(2026, 11, 1): [idle]},
    )
    rows = [row for row in causes.by_developer_rows(of_team) if row["measure"] == "active_developer_days"]
    told = {row["email"]: (row["warehouse_value"], row["reference_value"], row["presence"]) for row in rows}
    assert told == {
        EMAIL: (1, 2, "both"),
        BO: (0, 0, "reference_only"),
        "cy@example.com": (1, None, "warehouse_only"),
    }
    assert parts(of_team, "active_developer_days") == {"absent_from_reference": 1, "unexplained": -1}
    row = of(causes.by_developer_rows(tied(sent())), measure="active_developer_days")
    assert (row["warehouse_value"], row["reference_value"], row["presence"]) == (1, None, "warehouse_only")


# --- the previous cycle ----------------------------------------------------------------------------------------------

PREVIOUS_START = datetime.fromisoformat("2026-10-03T13:06:28")
CLOSING_AT = datetime.fromisoformat("2026-11-03T05:30:10")


def rolled_over(*events, closing=((EMAIL, 200),), at=CLOSING_AT, **more):
    given = {"loaded_from": date(2026, 10, 3)} | more
    return team(
        *events,
        spend_snapshots=[
            (at - timedelta(days=1), spend_of_cents((EMAIL, 1), start=PREVIOUS_START)),
            (at, spend_of_cents(*closing, start=PREVIOUS_START)),
            (SNAPSHOT_AT, spend_of_cents((EMAIL, 0))),
        ],
        **given,
    )


def previous(of_team):
    return of(marts.expected_verification_totals(of_team), measure="previous_cycle_on_demand_usd")


def test_the_previous_cycle_ties_to_its_last_snapshot():
    of_team = rolled_over(
        sent(at="2026-10-03T13:06:27", cents=1000),
        sent(at="2026-10-10T10:00:00", cents=200),
        sent(at="2026-10-10T10:00:00", cents=33, kind=INCLUDED),
        sent(at="2026-11-03T05:30:11", cents=5000),
    )
    row = previous(of_team)
    assert (row["warehouse_value"], row["reference_value"], row["verdict"]) == (2, 2, "matched")
    assert row["reference_source"] == "cursor_spend_api"
    assert (row["window_start_date"], row["window_end_date"]) == (date(2026, 10, 3), date(2026, 11, 3))
    assert only(marts.expected_verdict(of_team))["matched_count"] == 4


@pytest.mark.parametrize(
    ("late", "verdict"),
    [
        ("2026-11-03T05:30:11", "inconclusive"),  # after the snapshot, before the cycle's end
        ("2026-11-03T13:06:28", "drift"),  # the next cycle's
        ("2026-11-01T00:00:00", "inconclusive"),  # settled on 4 November only
        ("2026-10-31T23:59:59", "drift"),  # settled on 3 November at 00:00
    ],
)
def test_what_came_late_for_the_snapshot_may_explain_an_excess(late, verdict):
    of_team = rolled_over(
        sent(at="2026-10-10T10:00:00", cents=200), sent(at=late, cents=150), closing=[(EMAIL, 250)], at=CLOSING_AT
    )
    assert previous(of_team)["verdict"] == verdict


def test_a_bound_of_the_previous_cycle_is_what_was_not_settled_at_its_snapshot():
    of_team = rolled_over(
        sent(at="2026-10-10T10:00:00", cents=200),
        sent(at="2026-11-02T10:00:00", cents=7),
        sent(at="2026-11-03T06:00:00", cents=5),
    )
    assert parts(of_team, "previous_cycle_on_demand_usd") == {"unexplained": Decimal("0.07")}
    assert bounds(of_team, "previous_cycle_on_demand_usd") == {
        "not_settled": Decimal("0.07"),
        "after_snapshot": Decimal("0.05"),
    }


def test_a_day_of_the_previous_cycle_that_is_not_loaded_makes_it_inconclusive():
    whole = rolled_over(sent(at="2026-10-10T10:00:00", cents=200))
    loaded = {day: rows for day, rows in whole.events_by_day.items() if day != date(2026, 10, 20)}
    assert previous(rolled_over(events_by_day=loaded))["verdict"] == "inconclusive"
    assert previous(rolled_over(sent(at="2026-10-10T10:00:00", cents=200), open_day=None))["verdict"] == "matched"


def test_without_a_closing_record_there_is_nothing_to_compare():
    row = previous(tied(sent()))
    assert (row["verdict"], row["warehouse_value"], row["reference_value"]) == ("not_compared", None, None)
    assert (row["window_start_date"], row["window_end_date"], row["reference_source"]) == (None, None, None)


# --- invoices --------------------------------------------------------------------------------------------------------


def invoiced(*events, fees="40", on_demand="2", start=date(2026, 10, 3), **more):
    def amount(text):
        return None if text is None else Decimal(text)

    invoice = Invoice(start, amount(fees), amount(on_demand), Decimal(5), None)
    early = [(datetime.fromisoformat("2026-10-04T05:30"), [member()]), (SNAPSHOT_AT, [member()])]
    return rolled_over(*events, **{"members_snapshots": early, "configured": Configured(invoices=(invoice,)), **more})


def invoice_rows(of_team):
    rows = [row for row in marts.expected_verification_totals(of_team) if row["measure"].startswith("closed_cycle_")]
    return {row["measure"]: row for row in rows}


USED_IN_OCTOBER = (
    sent(at="2026-10-10T10:00:00", cents=150),
    sent(at="2026-11-03T13:06:27", cents=50),
    sent(at="2026-11-03T13:06:28", cents=999),
)


def test_a_closed_cycle_is_compared_with_its_invoice():
    rows = invoice_rows(invoiced(*USED_IN_OCTOBER))
    fee, on_demand = rows["closed_cycle_seat_fee_usd"], rows["closed_cycle_on_demand_usd"]
    assert (fee["warehouse_value"], fee["reference_value"], fee["verdict"]) == (40, 40, "matched")
    assert (on_demand["warehouse_value"], on_demand["reference_value"], on_demand["verdict"]) == (2, 2, "matched")
    assert (fee["reference_source"], fee["window_start_date"], fee["window_end_date"]) == (
        "invoice",
        date(2026, 10, 3),
        date(2026, 11, 3),
    )


@pytest.mark.parametrize(
    ("change", "fee_verdict", "on_demand_verdict"),
    [
        ({"fees": "41", "on_demand": "3"}, "drift", "drift"),
        ({"fees": "40.4", "on_demand": "2.05"}, "matched_within_tolerance", "matched_within_tolerance"),
        ({"start": date(2026, 11, 3)}, "inconclusive", "inconclusive"),  # the open cycle
        ({"start": date(2026, 10, 4)}, "inconclusive", "inconclusive"),  # no cycle's start
        ({"loaded_from": date(2026, 10, 4)}, "inconclusive", "inconclusive"),
        ({"members_snapshots": [(SNAPSHOT_AT, [member()])]}, "inconclusive", "matched"),
        ({"fees": None}, "not_compared", "matched"),
        ({"on_demand": None}, "matched", "not_compared"),
    ],
)
def test_verdicts_beside_an_invoice(change, fee_verdict, on_demand_verdict):
    rows = invoice_rows(invoiced(*USED_IN_OCTOBER, **change))
    assert rows["closed_cycle_seat_fee_usd"]["verdict"] == fee_verdict
    assert rows["closed_cycle_on_demand_usd"]["verdict"] == on_demand_verdict


def test_an_unknown_price_makes_the_fee_inconclusive(monkeypatch):
    monkeypatch.setattr(seats, "LIST_PRICES", (SeatPrice("standard", date(2026, 11, 1), Decimal(40), "assumed_list"),))
    rows = invoice_rows(invoiced(*USED_IN_OCTOBER))
    assert rows["closed_cycle_seat_fee_usd"]["warehouse_value"] is None
    assert rows["closed_cycle_seat_fee_usd"]["verdict"] == "inconclusive"
    assert rows["closed_cycle_on_demand_usd"]["verdict"] == "matched"


def test_an_unknown_kind_makes_the_usage_inconclusive():
    unknown = sent(at="2026-10-11T10:00:00", cents=1, kind="Promotional Bundle")
    rows = invoice_rows(invoiced(*USED_IN_OCTOBER, unknown))
    assert rows["closed_cycle_seat_fee_usd"]["verdict"] == "matched"
    assert rows["closed_cycle_on_demand_usd"]["verdict"] == "inconclusive"


def test_an_invoices_excess_may_come_from_days_that_are_not_settled():
    rows = invoice_rows(invoiced(*USED_IN_OCTOBER, fees="41", on_demand="1.9", fetched="2026-10-12T23:00:00"))
    assert rows["closed_cycle_seat_fee_usd"]["verdict"] == "drift"  # no event changes a fee
    assert rows["closed_cycle_on_demand_usd"]["verdict"] == "inconclusive"


def test_an_invoice_that_counts_a_credit():
    credit = sent(at="2026-10-11T10:00:00", cents=30, kind=CREDIT)
    of_team = invoiced(*USED_IN_OCTOBER, credit, on_demand="2.3", fees="40.3")
    assert parts(of_team, "closed_cycle_on_demand_usd") == {"credit_or_own_key": Decimal("-0.3")}
    assert parts(of_team, "closed_cycle_seat_fee_usd") == {"unexplained": Decimal("-0.3")}


def test_without_an_invoice_the_newest_closed_cycle_is_told():
    rows = invoice_rows(rolled_over(*USED_IN_OCTOBER))
    on_demand = rows["closed_cycle_on_demand_usd"]
    assert (on_demand["warehouse_value"], on_demand["reference_source"], on_demand["verdict"]) == (
        2,
        None,
        "not_compared",
    )
    assert (on_demand["window_start_date"], on_demand["window_end_date"]) == (date(2026, 10, 3), date(2026, 11, 3))
    assert rows["closed_cycle_seat_fee_usd"]["warehouse_value"] is None  # nobody was listed yet
    never = invoice_rows(team(sent(), loaded_from=date(2026, 11, 20)))
    assert never["closed_cycle_on_demand_usd"]["window_start_date"] is None
