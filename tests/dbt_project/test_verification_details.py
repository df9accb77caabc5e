"""Closed cycles against closing records and invoices, differences by developer, and their causes, on hand-made teams.

One build serves all cases: each is a team of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.dbt_project.warehouse_builder import WarehouseBuilder, daily, event, member, spend

if TYPE_CHECKING:
    from collections.abc import Iterable

PREVIOUS_START = "2026-10-02 09:10:11.123"
CYCLE_START = "2026-11-02 09:10:11.123"
CLOSING = "2026-11-01 06:00:00"
SNAPSHOT = "2026-11-15 06:00:00"
HISTORY = ("2026-10-01", "2026-11-14")
NOON = "2026-11-05 12:00"


def ann(cents: Any, at: str = NOON, **more: Any) -> dict[str, Any]:
    return event(at, "ann@example.com", cents, **more)


# Of the previous cycle 15.00 up to its closing record, 14.00 of it on days that had not settled then or after it.
OCTOBER = [
    ann(100, "2026-10-02 09:00"),
    ann(1000, "2026-10-05 12:00"),
    ann(200, "2026-10-31 12:00"),
    ann(300, "2026-11-01 05:00"),
    ann(400, "2026-11-01 07:00"),
    ann(500, "2026-11-02 09:00"),
    ann(900, "2026-11-02 10:00"),
]


class Cases:
    """Teams with two cycles, fully loaded and settled, but for what a case says."""

    def __init__(self, builder: WarehouseBuilder) -> None:
        self.builder = builder
        self.invoices: list[dict[str, Any]] = []
        self.dashboard_totals: list[dict[str, Any]] = []

    def add(
        self,
        team: str,
        *,
        events: Iterable[dict[str, Any]] = (),
        closing: Iterable[dict[str, Any]] | None = None,
        spends: Iterable[dict[str, Any]] = (),
        open_events: Iterable[dict[str, Any]] = (),
        windows: Iterable[tuple[str, str]] = (HISTORY,),
        members: Iterable[str] = (),
    ) -> None:
        events = list(events)
        self.builder.add_team_run(team=team)
        for window in windows:
            inside = [one for one in events if window[0] <= _day_of(one) <= window[1]]
            self.builder.add_events(window, inside, team=team)
        self.builder.add_open_day("2026-11-15 06:00:05", open_events, team=team)
        if closing is not None:
            earlier = [spend("ann@example.com", 700, overall=700)]
            self.builder.add_spend_snapshot("2026-10-20 06:00:00", PREVIOUS_START, earlier, team=team)
            self.builder.add_spend_snapshot(CLOSING, PREVIOUS_START, closing, team=team)
        self.builder.add_spend_snapshot(SNAPSHOT, CYCLE_START, spends, team=team)
        people = [member(email) for email in members]
        if people:
            self.builder.add_members_snapshot("2026-10-03 06:00:00", people, team=team)
            self.builder.add_members_snapshot(SNAPSHOT, people, team=team)

    def invoice(self, team: str, start: str, fees: Any, on_demand: Any, **more: Any) -> None:
        row = {"team_id": team, "cycle_start_date": start, "seat_fees_usd": fees, "on_demand_usd": on_demand}
        self.invoices.append({**row, **more})


def add_readings_of_the_open_day(cases: Cases) -> None:
    """Of the open cycle 10.50 was used up to the spend snapshot, 0.50 of it on the day that is still open."""
    for team, value, read_at in [
        ("read right after", "10.50", "06:30"),
        ("read right after and off", "15", "06:30"),
        ("read later", "15", "09:00"),
        ("read later and equal", "10.50", "09:00"),
    ]:
        cases.add(team, events=[ann(1000)], open_events=[ann(50, "2026-11-15 01:00")])
        cases.dashboard_totals.append(
            {
                "team_id": team,
                "measure": "cycle_on_demand_usd",
                "start_date": "2026-11-02",
                "end_date": "2026-11-15",
                "value": value,
                "read_at": f"2026-11-15 {read_at}:00",
            }
        )


def _day_of(record: dict[str, Any]) -> str:
    return datetime.fromtimestamp(int(record["timestamp"]) / 1000, UTC).date().isoformat()


def add_previous_cycles(cases: Cases) -> None:
    cases.add("closed", events=OCTOBER, closing=[spend("ann@example.com", 1500, overall=1500)])
    cases.add("less than settled then", events=OCTOBER, closing=[spend("ann@example.com", 1100, overall=1100)])
    settled = [ann(1000, "2026-10-05 12:00")]
    cases.add("settled and off", events=settled, closing=[spend("ann@example.com", 800, overall=800)])
    cases.add("of somebody else", events=settled, closing=[spend("bo@example.com", 1000, overall=1000)])
    cases.add("no earlier cycle", events=settled)
    cases.add("refused since", events=settled, closing=[spend("ann@example.com", 1000, overall=1000)])
    cases.builder.add_endpoint_access("spend", team="refused since", message="Not authorized")
    cases.add(
        "a day of it missing",
        events=settled,
        closing=[spend("ann@example.com", 1000, overall=1000)],
        windows=[("2026-10-01", "2026-10-09"), ("2026-10-11", "2026-11-14")],
    )


def add_invoices(cases: Cases) -> None:
    two = ("ann@example.com", "bo@example.com")
    closing = [spend("ann@example.com", 1500, overall=1500)]
    for team in ("invoiced", "invoiced otherwise", "of no cycle", "of the open cycle", "not invoiced"):
        cases.add(team, events=OCTOBER, closing=closing, members=two)
    cases.invoice("invoiced", "2026-10-02", 80, 24, credits_usd=5, tax_usd="3.2")
    cases.invoice("invoiced otherwise", "2026-10-02", 120, 23)
    cases.invoice("of no cycle", "2026-10-03", 80, 24)
    cases.invoice("of the open cycle", "2026-11-02", 80, 9)
    cases.add("seats unknown", events=OCTOBER, closing=closing)
    cases.invoice("seats unknown", "2026-10-02", 80, "")
    windows = [("2026-10-01", "2026-10-09"), ("2026-10-11", "2026-11-14")]
    cases.add("invoice and a hole", events=OCTOBER, closing=closing, members=two, windows=windows)
    cases.invoice("invoice and a hole", "2026-10-02", 80, 24)
    unknown = [*OCTOBER, ann(7, "2026-10-06 12:00", kind="Brand New"), ann(None, "2026-10-07 12:00")]
    cases.add("invoice and an unknown kind", events=unknown, closing=closing, members=two)
    cases.invoice("invoice and an unknown kind", "2026-10-02", 80, 24)


def add_causes(cases: Cases) -> None:
    cases.add(
        "causes",
        events=[
            ann(1000),
            event(NOON, "bo@example.com", 500),
            event(NOON, "dee@example.com", 100),
            event("2026-11-02 03:00", "dee@example.com", 200),
            event(NOON, "eve@example.com", 100),
            event(NOON, "eve@example.com", 50, kind="Free Credit"),
            event(NOON, "fay@example.com", "100.4"),
            event(NOON, "gus@example.com", 700),
            event(NOON, None, 30),
            event(NOON, "runner@example.com", 40, serviceAccountId="sa_1"),
        ],
        open_events=[ann(60, "2026-11-15 06:00:02"), event("2026-11-15 01:00", "hal@example.com", 20)],
        spends=[
            spend("ann@example.com", 1000, overall=1000),
            spend("cy@example.com", 300, overall=300),
            spend("dee@example.com", 300, overall=300),
            spend("eve@example.com", 150, overall=150),
            spend("fay@example.com", 100, overall=100),
            spend("gus@example.com", 600, overall=600),
            spend("hal@example.com", 20, overall=20),
        ],
    )
    cases.add("equal", events=[ann(1000)], spends=[spend("ann@example.com", 1000, overall=1000)])
    cases.add("no addresses", events=[ann("1000.4")], spends=[spend(None, 1000, overall=1000)])
    cases.add(
        "unattributed in part",
        events=[ann(10), event(NOON, None, 30), event(NOON, "runner@example.com", 40, serviceAccountId="sa_1")],
        spends=[spend("ann@example.com", 10, overall=10), spend("runner@example.com", 35, overall=35)],
    )
    cases.add(
        "days",
        events=[
            ann(1),
            ann(1, "2026-11-06 12:00"),
            event(NOON, "bo@example.com", 1),
            event(NOON, "dee@example.com", 1),
        ],
    )
    rows = [
        daily("2026-11-05", "ann@example.com"),
        daily("2026-11-07", "cy@example.com"),
        daily("2026-11-08", "cy@example.com"),
        daily("2026-11-05", "dee@example.com", is_active=False),
    ]
    cases.builder.add_daily(("2026-11-01", "2026-11-14"), rows, team="days")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> WarehouseBuilder:
    builder = WarehouseBuilder(tmp_path_factory.mktemp("verification_details"))
    cases = Cases(builder)
    for add in (add_previous_cycles, add_invoices, add_causes, add_readings_of_the_open_day):
        add(cases)
    builder.build(seeds={"invoices": cases.invoices, "dashboard_totals": cases.dashboard_totals})
    return builder


def total(warehouse: WarehouseBuilder, team: str, measure: str) -> dict[str, Any]:
    (row,) = warehouse.query("select * from marts.verification_totals where team_id = ? and measure = ?", team, measure)
    return row


def previous(warehouse: WarehouseBuilder, team: str) -> dict[str, Any]:
    return total(warehouse, team, "previous_cycle_on_demand_usd")


# --- the previous cycle ----------------------------------------------------------------------------------------------


def test_the_previous_cycle_is_compared_with_its_last_snapshot_up_to_that_instant(warehouse: WarehouseBuilder) -> None:
    row = previous(warehouse, "closed")
    assert (row["warehouse_value"], row["reference_value"]) == (15, 15)
    assert (row["reference_source"], row["verdict"]) == ("cursor_spend_api", "matched")
    assert (str(row["window_start_date"]), str(row["window_end_date"])) == ("2026-10-02", "2026-11-01")


def test_what_had_not_settled_when_it_closed_excuses_as_much_as_it_is(warehouse: WarehouseBuilder) -> None:
    row = previous(warehouse, "less than settled then")
    assert (row["difference"], row["verdict"]) == (4, "inconclusive")
    assert "$14.00 may still change" in row["explanation"]
    assert previous(warehouse, "settled and off")["verdict"] == "drift"


def test_a_closing_record_is_compared_by_email_too(warehouse: WarehouseBuilder) -> None:
    row = previous(warehouse, "of somebody else")
    assert (row["difference"], row["verdict"]) == (0, "drift")


def test_without_a_closing_record_nothing_is_compared_and_it_says_why(warehouse: WarehouseBuilder) -> None:
    row = previous(warehouse, "no earlier cycle")
    assert row["verdict"] == "not_compared"
    named = ("warehouse_value", "reference_value", "reference_source", "window_start_date", "window_end_date")
    assert [row[name] for name in named] == [None] * 5
    assert row["explanation"] == (
        "No reference for this figure. No spend snapshot of a cycle before the open one is loaded."
    )


def test_what_is_refused_now_was_answered_then(warehouse: WarehouseBuilder) -> None:
    assert previous(warehouse, "refused since")["verdict"] == "matched"
    assert total(warehouse, "refused since", "cycle_on_demand_usd")["verdict"] == "inconclusive"


def test_a_day_that_is_missing_in_it_is_named(warehouse: WarehouseBuilder) -> None:
    row = previous(warehouse, "a day of it missing")
    assert row["verdict"] == "inconclusive"
    assert "2026-10-10 is not loaded" in row["explanation"]


def test_its_verdict_counts_for_the_team(warehouse: WarehouseBuilder) -> None:
    (row,) = warehouse.query("select * from marts.verification_verdicts where team_id = 'settled and off'")
    assert (row["verdict"], row["drift_count"]) == ("drift", 1)
    assert row["sentence"] == (
        "Not matched: on-demand usage in the previous cycle from 2026-10-02 to 2026-11-01, $10.00 here and $8.00 in "
        "Cursor's spend figures, $2.00 apart."
    )


# --- invoices --------------------------------------------------------------------------------------------------------

BESIDE = " Beside it, the invoice has $5.00 of credits and $3.20 of tax."


@pytest.mark.parametrize(
    ("team", "measure", "expected", "words"),
    [
        ("invoiced", "seat_fee_usd", (80, 80, "matched"), "Equal to the cent." + BESIDE),
        ("invoiced", "on_demand_usd", (24, 24, "matched"), "Equal to the cent." + BESIDE),
        ("invoiced otherwise", "seat_fee_usd", (80, 120, "drift"), "Differs by $40.00"),
        ("invoiced otherwise", "on_demand_usd", (24, 23, "drift"), "Differs by $1.00"),
        ("of no cycle", "on_demand_usd", (None, 24, "inconclusive"), "no billing cycle starts on 2026-10-03"),
        ("of the open cycle", "seat_fee_usd", (80, 80, "inconclusive"), "the billing cycle of 2026-11-02 is not over"),
        ("seats unknown", "seat_fee_usd", (None, 80, "inconclusive"), "no members list of that cycle is loaded"),
        ("seats unknown", "on_demand_usd", (24, None, "not_compared"), "The invoice does not say it"),
        ("invoice and a hole", "seat_fee_usd", (80, 80, "inconclusive"), "2026-10-10 is not loaded"),
        ("invoice and a hole", "on_demand_usd", (24, 24, "inconclusive"), "2026-10-10 is not loaded"),
        ("invoice and an unknown kind", "on_demand_usd", (24, 24, "inconclusive"), "'Brand New' with $0.07"),
        ("invoice and an unknown kind", "on_demand_usd", (24, 24, "inconclusive"), "1 request has no price"),
        ("invoice and an unknown kind", "seat_fee_usd", (80, 80, "matched"), "Equal to the cent."),
        ("not invoiced", "seat_fee_usd", (80, None, "not_compared"), "No invoice is listed."),
        ("not invoiced", "on_demand_usd", (24, None, "not_compared"), "No invoice is listed."),
        ("no earlier cycle", "on_demand_usd", (10, None, "not_compared"), "No invoice is listed."),
    ],
)
def test_an_invoice_is_compared_with_its_whole_cycle(
    warehouse: WarehouseBuilder, team: str, measure: str, expected: tuple[Any, Any, str], words: str
) -> None:
    row = total(warehouse, team, f"closed_cycle_{measure}")
    assert (row["warehouse_value"], row["reference_value"], row["verdict"]) == expected
    assert words in row["explanation"]
    assert row["reference_source"] == (None if words == "No invoice is listed." else "invoice")


def test_the_dates_of_an_invoices_row_are_the_cycles(warehouse: WarehouseBuilder) -> None:
    for team in ("invoiced", "not invoiced"):
        row = total(warehouse, team, "closed_cycle_on_demand_usd")
        assert (str(row["window_start_date"]), str(row["window_end_date"])) == ("2026-10-02", "2026-11-02")
    row = total(warehouse, "of no cycle", "closed_cycle_on_demand_usd")
    assert (str(row["window_start_date"]), row["window_end_date"]) == ("2026-10-03", None)


# --- figures that were read off the dashboard today ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("team", "verdict", "words"),
    [
        ("read right after", "matched", "Equal to the cent."),
        ("read right after and off", "drift", "Differs by $4.50, $4.35 beyond the tolerance of $0.15."),
        (
            "read later",
            "inconclusive",
            "it was read at 2026-11-15 09:00:00, and usage is loaded up to 2026-11-15 06:00:00",
        ),
        ("read later and equal", "matched", "Equal to the cent."),
    ],
)
def test_a_figure_of_the_open_day_is_compared_with_usage_up_to_the_snapshot(
    warehouse: WarehouseBuilder, team: str, verdict: str, words: str
) -> None:
    (row,) = warehouse.query(
        "select * from marts.verification_totals where team_id = ? and reference_source = 'dashboard'", team
    )
    assert (row["warehouse_value"], row["verdict"]) == (Decimal("10.5"), verdict)
    assert words in row["explanation"]


# --- causes ----------------------------------------------------------------------------------------------------------

CAUSES: dict[str, tuple[Any, int]] = {
    "no_email": ("0.30", 1),
    "service_account": ("0.40", 1),
    "absent_from_reference": (5, 1),
    "absent_from_warehouse": (-3, 1),
    "rounding": ("0.004", 1),
    "cycle_edge": (-2, 1),
    "credit_or_own_key": ("-0.50", 1),
    "unexplained": (1, 1),
}


def causes(warehouse: WarehouseBuilder, team: str, measure: str = "cycle_on_demand_usd") -> list[dict[str, Any]]:
    return warehouse.query(
        "select * from marts.verification_causes where team_id = ? and measure = ? order by cause_order", team, measure
    )


@pytest.mark.parametrize("measure", ["cycle_on_demand_usd", "cycle_usage_value_usd"])
def test_a_difference_is_split_into_causes_that_sum_to_it(warehouse: WarehouseBuilder, measure: str) -> None:
    rows = causes(warehouse, "causes", measure)
    parts = {row["cause"]: (row["difference"], row["addresses"]) for row in rows if row["upper_bound"] is None}
    assert parts == {cause: (Decimal(amount), addresses) for cause, (amount, addresses) in CAUSES.items()}
    row = total(warehouse, "causes", measure)
    assert row["difference"] == Decimal("1.204")
    assert row["verdict"] == "drift"


def test_what_may_still_change_is_an_upper_bound_beside_them(warehouse: WarehouseBuilder) -> None:
    bounds = {row["cause"]: row for row in causes(warehouse, "causes") if row["upper_bound"] is not None}
    assert {cause: row["upper_bound"] for cause, row in bounds.items()} == {
        "not_settled": Decimal("0.20"),
        "after_snapshot": Decimal("0.60"),
    }
    assert {(row["difference"], row["addresses"]) for row in bounds.values()} == {(None, None)}


def test_figures_that_are_equal_leave_nothing_unexplained(warehouse: WarehouseBuilder) -> None:
    (row,) = causes(warehouse, "equal")
    assert (row["cause"], row["difference"], row["addresses"]) == ("unexplained", 0, 0)


def test_a_reference_without_emails_is_looked_at_as_a_whole(warehouse: WarehouseBuilder) -> None:
    parts = [(row["cause"], row["difference"], row["addresses"]) for row in causes(warehouse, "no addresses")]
    assert parts == [("rounding", Decimal("0.004"), None), ("unexplained", 0, None)]


def test_unattributed_usage_that_its_rows_do_not_prove_is_unexplained(warehouse: WarehouseBuilder) -> None:
    """The reference has a row of the service account, with another amount."""
    parts = [(row["cause"], row["difference"]) for row in causes(warehouse, "unattributed in part")]
    assert parts == [("unexplained", Decimal("0.35"))]


def test_what_the_closing_record_lacked_is_of_days_that_had_not_settled(warehouse: WarehouseBuilder) -> None:
    rows = causes(warehouse, "less than settled then", "previous_cycle_on_demand_usd")
    assert [(row["cause"], row["difference"], row["upper_bound"]) for row in rows] == [
        ("unexplained", 4, None),
        ("not_settled", None, 5),
        ("after_snapshot", None, 9),
    ]


def test_an_invoices_difference_is_one_whole(warehouse: WarehouseBuilder) -> None:
    rows = causes(warehouse, "invoiced otherwise", "closed_cycle_seat_fee_usd")
    assert [(row["cause"], row["difference"], row["addresses"]) for row in rows] == [("unexplained", -40, None)]
    assert causes(warehouse, "not invoiced", "closed_cycle_seat_fee_usd") == []


def test_active_days_have_causes_too(warehouse: WarehouseBuilder) -> None:
    rows = causes(warehouse, "days", "active_developer_days")
    assert [(row["cause"], row["difference"], row["addresses"]) for row in rows] == [
        ("absent_from_reference", 1, 1),
        ("absent_from_warehouse", -2, 1),
        ("unexplained", 2, 2),
    ]
    assert causes(warehouse, "days", "active_developers") == []


# --- by developer ----------------------------------------------------------------------------------------------------


def test_each_address_on_either_side_has_its_figures(warehouse: WarehouseBuilder) -> None:
    rows = warehouse.query(
        "select email, warehouse_value, reference_value, difference, presence, is_equal "
        "from marts.verification_by_developer where team_id = 'causes' and measure = 'cycle_on_demand_usd' "
        "order by email nulls last"
    )
    expected: list[tuple[Any, ...]] = [
        ("ann", 10, 10, 0, "both", True),
        ("bo", 5, None, 5, "warehouse_only", False),
        ("cy", 0, 3, -3, "reference_only", False),
        ("dee", 1, 3, -2, "both", False),
        ("eve", 1, Decimal("1.5"), "-0.5", "both", False),
        ("fay", "1.004", 1, "0.004", "both", True),
        ("gus", 7, 6, 1, "both", False),
        ("hal", "0.2", Decimal("0.2"), 0, "both", True),
        (None, "0.7", None, "0.7", "warehouse_only", False),
    ]
    assert [tuple(row.values()) for row in rows] == [
        (f"{name}@example.com" if name else None, Decimal(w), r, Decimal(d), presence, is_equal)
        for name, w, r, d, presence, is_equal in expected
    ]


def test_days_by_developer_tell_a_row_that_says_no_from_no_row(warehouse: WarehouseBuilder) -> None:
    rows = warehouse.query(
        "select email, warehouse_value, reference_value, presence, is_equal from marts.verification_by_developer "
        "where team_id = 'days' and measure = 'active_developer_days' order by email"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("ann@example.com", 2, 1, "both", False),
        ("bo@example.com", 1, None, "warehouse_only", False),
        ("cy@example.com", 0, 2, "reference_only", False),
        ("dee@example.com", 1, 0, "both", False),
    ]
