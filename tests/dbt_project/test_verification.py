"""verification_totals and verification_verdicts: each rule of the ladder and each reason, on hand-made cases.

One build serves all cases: each is a team of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.dbt_project.warehouse_builder import (
    DbtResult,
    WarehouseBuilder,
    daily,
    event,
    member,
    spend,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CYCLE_START = "2026-11-02 09:10:11.123"
SNAPSHOT = "2026-11-15 06:00:00"
COVERED_UNTIL = "2026-11-15 06:00:05"
WINDOW = ("2026-11-01", "2026-11-14")
NOON = "2026-11-05 12:00"
INCLUDED = "Included in Business"

CYCLE = ("cycle_included_usage_usd", "cycle_on_demand_usd", "cycle_usage_value_usd")


class Cases:
    """Teams with a fully loaded, settled cycle, but for what a case says."""

    def __init__(self, builder: WarehouseBuilder) -> None:
        self.builder = builder
        self.dashboard_totals: list[dict[str, Any]] = []

    def add(
        self,
        team: str,
        *,
        events: Iterable[dict[str, Any]] = (),
        spends: Iterable[dict[str, Any]] | None = (),
        open_events: Iterable[dict[str, Any]] = (),
        windows: Iterable[tuple[str, str]] = (WINDOW,),
        cycle_start: str | None = CYCLE_START,
        fetched_at: str | None = None,
        snapshot_at: str = SNAPSHOT,
        covered_until: str | None = COVERED_UNTIL,
        failed: str | None = None,
    ) -> str:
        """The id of the run that brought it all."""
        events = list(events)
        status = "succeeded" if failed is None else "failed"
        run_id = self.builder.add_team_run(team=team, status=status, error=failed)
        for window in windows:
            inside = [one for one in events if window[0] <= day_of(one) <= window[1]]
            self.builder.add_events(window, inside, team=team, fetched_at=fetched_at)
        if covered_until is not None:
            self.builder.add_open_day(covered_until, open_events, team=team)
        if spends is not None:
            self.builder.add_spend_snapshot(snapshot_at, cycle_start, spends, team=team)
        return run_id

    def read_off_dashboard(self, team: str, measure: str, dates: tuple[str, str], value: Any, **more: Any) -> None:
        row = {"team_id": team, "measure": measure, "start_date": dates[0], "end_date": dates[1], "value": value}
        self.dashboard_totals.append({**row, "read_at": "2026-11-15 08:00:00", **more})


def day_of(record: dict[str, Any]) -> str:
    return datetime.fromtimestamp(int(record["timestamp"]) / 1000, UTC).date().isoformat()


def ann(cents: Any, at: str = NOON, **more: Any) -> dict[str, Any]:
    return event(at, "ann@example.com", cents, **more)


def add_ties(cases: Cases) -> None:
    cases.add(
        "matched",
        events=[
            *(ann("0.6", kind="Usage-based") for _ in range(3)),
            ann(8, kind=INCLUDED, isChargeable=False),
            event(NOON, None, 5),
            event(NOON, "ann@example.com", 100, kind="Errored, Not Charged"),
        ],
        open_events=[ann(50, "2026-11-15 01:00")],
        spends=[spend("ann@example.com", "51.8", overall="59.8"), spend(None, 5, overall=5)],
    )
    cases.add(
        "borders",
        events=[
            ann(1000, "2026-11-02 09:10:11.122"),
            ann(1, CYCLE_START),
        ],
        open_events=[ann(2, SNAPSHOT), ann(4, "2026-11-15 06:00:00.001")],
        spends=[spend("ann@example.com", 3, overall=3)],
    )
    cases.add(
        "one person, two user ids",
        events=[ann(3), event(NOON, " Ann@Example.com ", 4)],
        spends=[spend(" ANN@example.com", 3, overall=3), spend("ann@example.com", 4, overall=4, userId="user_2")],
    )
    cases.add(
        "someone else's usage",
        events=[ann(1000)],
        spends=[spend("bo@example.com", 1000, overall=1000)],
    )
    cases.add(
        "within the tolerance",
        events=[ann(10000), event(NOON, "bo@example.com", 100)],
        spends=[spend("ann@example.com", 10050, overall=10050), spend("bo@example.com", 100, overall=100)],
    )
    cases.add(
        "older included field",
        events=[ann(10), ann(20, kind=INCLUDED)],
        spends=[spend("ann@example.com", 10, included=20)],
    )
    cases.add(
        "a member's part is null",
        events=[ann(10), ann(20, kind=INCLUDED)],
        spends=[spend("ann@example.com", 10, overall=30), spend("bo@example.com", 0)],
    )
    cases.add(
        "service account",
        events=[event(NOON, "runner@example.com", 7, serviceAccountId="sa_1"), event(NOON, "", 2)],
        spends=[spend("runner@example.com", 7, overall=7), spend("", 2, overall=2)],
    )
    cases.add("nothing used", spends=[spend("ann@example.com", 0, overall=0)])
    cases.add(
        "credit",
        events=[ann(10), ann(300, kind="Free Credit"), ann(20, kind="User API Key"), ann(-4)],
        spends=[spend("ann@example.com", 6, overall=6)],
    )
    cases.add(
        "closed since",
        events=[ann(10, "2026-11-14 01:00")],
        open_events=[ann(99, "2026-11-14 01:00")],
        covered_until="2026-11-14 06:00:05",
        snapshot_at="2026-11-14 06:00:00",
        spends=[spend("ann@example.com", 10, overall=10)],
    )


def add_obstacles(cases: Cases) -> None:
    exact: dict[str, Any] = {"events": [ann(10)], "spends": [spend("ann@example.com", 10, overall=10)]}
    cases.add("spend refused", **exact)
    cases.builder.add_endpoint_access(
        "spend", team="spend refused", status_code=403, message="Enterprise access required"
    )
    cases.builder.add_endpoint_access("spend", "ok", team="spend refused", checked_at="2026-12-30 06:00")
    cases.add("events refused since", **exact)
    for checked_at, outcome in (("2026-11-15 06:00", "ok"), ("2026-11-16 06:00", "refused")):
        cases.builder.add_endpoint_access(
            "usage_events", outcome, team="events refused since", message="Not authorized", checked_at=checked_at
        )
    cases.builder.add_spend_snapshot(
        "2026-11-16 06:00:00",
        CYCLE_START,
        [spend("ann@example.com", 99999, overall=99999)],
        team="events refused since",
    )
    cases.add("daily usage refused", **exact)
    cases.builder.add_endpoint_access("daily_usage", team="daily usage refused", message="Not authorized.")
    cases.add("refused before", **exact)
    cases.builder.add_endpoint_access("spend", team="refused before", message="No", checked_at="2026-12-29 06:00")
    cases.builder.add_endpoint_access("spend", "ok", team="refused before", checked_at="2026-12-30 06:00")
    cases.add("no snapshot", events=[ann(10)], spends=None)
    cases.add("no cycle start", events=[ann(10)], spends=[spend("ann@example.com", 10, overall=10)], cycle_start=None)
    cases.add("nobody listed", events=[ann(10)], spends=[])
    cases.add("a day missing", **exact, windows=[("2026-11-01", "2026-11-09"), ("2026-11-11", "2026-11-14")])
    cases.add("days missing", **exact, windows=[("2026-11-01", "2026-11-09"), ("2026-11-12", "2026-11-14")])
    cases.add("start missing", **exact, windows=[("2026-11-03", "2026-11-14")])
    cases.add("open day missing", **exact, covered_until=None)
    cases.add("open day too short", **exact, covered_until="2026-11-15 05:59:59")
    cases.add(
        "unknown kind",
        events=[ann(10), ann("1230.4", kind="Custom Subscription"), ann(3, kind="Brand New")],
        spends=[spend("ann@example.com", 10, overall=10)],
    )
    cases.add("unknown kind without cost", **{**exact, "events": [ann(10), ann(0, kind="Brand New")]})
    cases.add("unpriced", **{**exact, "events": [ann(10), ann(None), ann(None)]})
    cases.add("unpriced but not charged", **{**exact, "events": [ann(10), ann(None, kind="Errored, Not Charged")]})
    after = "2026-11-15 06:00:02"
    cases.add(
        "unknown and unpriced after the snapshot",
        **exact,
        open_events=[ann(9, after, kind="Brand New"), ann(None, after)],
    )
    cases.add("unpriced before the cycle", **{**exact, "events": [ann(10), ann(None, "2026-11-02 09:00")]})
    cases.add(
        "snapshot after its cycle",
        **exact,
        windows=[("2026-10-14", "2026-11-14")],
        cycle_start="2026-10-15 06:00:00",
    )
    cases.add("failed after loads", **exact, failed="The key was refused: make a new one.")
    refused = "failed with every endpoint refused"
    run_id = cases.add(refused, **exact, failed="The key was refused: make a new one.")
    cases.builder.add_endpoint_access("spend", team=refused, message="Invalid Team API Key", run_id=run_id)
    cases.add("events and members refused")
    for endpoint in ("usage_events", "members"):
        cases.builder.add_endpoint_access(endpoint, team="events and members refused", message="Not authorized")
    cases.builder.add_team_run(team="never loaded", status="failed", error="The key was refused: make a new one.")
    cases.builder.add_endpoint_access("members", team="never loaded", status_code=401, message="Invalid Team API Key")


def add_late_usage(cases: Cases) -> None:
    for team, settled_cents, unsettled_cents in [("still settling", 1010, 100), ("more than settling", 1011, 99)]:
        cases.add(
            team,
            events=[ann(settled_cents, "2026-11-05 12:00"), ann(unsettled_cents, "2026-11-13 12:00")],
            fetched_at="2026-11-15 06:00",
            # 10.00 of reference tolerates 0.10, and 1.00 is beyond it
            spends=[spend("ann@example.com", 1000, overall=1000)],
        )
    cases.add(
        "unsettled and equal",
        events=[ann(1000, "2026-11-14 12:00")],
        fetched_at="2026-11-15 06:00",
        spends=[spend("ann@example.com", 1000, overall=1000)],
    )
    cases.add(
        "came after the snapshot",
        events=[ann(1000)],
        open_events=[ann(60, "2026-11-15 06:00:01")],
        spends=[spend("ann@example.com", 1070, overall=1070)],
    )
    cases.add(
        "settled days came after the snapshot",
        events=[ann(1000), ann(60, "2026-11-11 12:00")],
        snapshot_at="2026-11-10 06:00:00",
        spends=[spend("ann@example.com", 1070, overall=1070)],
    )
    cases.add(
        "too little came after the snapshot",
        events=[ann(1000)],
        open_events=[ann(59, "2026-11-15 06:00:01")],
        spends=[spend("ann@example.com", "1070.7", overall=1070)],
    )


def add_rollover(cases: Cases) -> None:
    team = "rollover"
    cases.builder.add_team_run(team=team)
    cases.builder.add_events(("2026-10-02", "2026-11-01"), [ann(5000, "2026-10-20 12:00")], team=team)
    old, new = "2026-11-02 09:10:10", "2026-11-02 09:10:12"
    cases.builder.add_spend_snapshot(
        old, "2026-10-02 09:10:11", [spend("ann@example.com", 5000, overall=5000)], team=team
    )
    cases.builder.add_spend_snapshot(new, "2026-11-02 09:10:11", [spend("ann@example.com", 3, overall=3)], team=team)
    cases.builder.add_open_day("2026-11-02 09:10:13", [ann(3, "2026-11-02 09:10:11.5")], team=team)
    cases.builder.add_spend_snapshot(
        "2026-11-02 10:00:00", "2026-11-02 09:10:11", [spend("ann@example.com", 90, overall=90)], team=team
    )


def add_window(cases: Cases) -> None:
    team = "window"
    cases.add(
        team,
        events=[
            ann("10.5", tokens=(1, 2, 3, 4)),
            ann(20, kind=INCLUDED, tokens=(10, 20, 30, 40)),
            ann(3, kind="Free Credit", tokens=(100, 200, 300, 400)),
            ann(4, kind="User API Key", tokens=None),
            ann(50, kind="Aborted, Not Charged", tokens=(7000, 7000, 7000, 7000)),
            event(NOON, "bo@example.com", 6, kind="Brand New", tokens=None, tokenUsage={"inputTokens": 1000}),
            event("2026-11-06 12:00", "bo@example.com", None, tokens=(0, 0, 0, 0)),
            event(NOON, "", 7, tokens=(0, 0, 0, 0)),
            event(NOON, "runner@example.com", 8, kind=INCLUDED, serviceAccountId="sa_1", tokens=(0, 0, 0, 0)),
            event("2026-11-06 12:00", "cy@example.com", 9, kind="Errored, Not Charged"),
        ],
        windows=[("2026-10-20", "2026-11-14")],
        spends=[spend("ann@example.com", 1)],
    )
    rows = [
        daily("2026-11-05", "ann@example.com"),
        daily("2026-11-05", " Ann@example.com", userId="user_2"),
        daily("2026-11-06", "ann@example.com"),
        daily("2026-11-07", "ann@example.com", is_active=False),
        daily("2026-11-07", "dee@example.com"),
        daily("2026-11-07", ""),
        daily("2026-10-31", "eve@example.com"),
    ]
    cases.builder.add_daily(("2026-10-25", "2026-11-14"), rows, team=team)
    cases.add("window with a hole", windows=[("2026-11-01", "2026-11-05"), ("2026-11-07", "2026-11-14")])
    cases.builder.add_daily(
        ("2026-11-14", "2026-11-14"), [daily("2026-11-14", "ann@example.com")], team="window with a hole"
    )


def add_dashboard(cases: Cases) -> None:
    team = "dashboard"
    cases.add(
        team,
        events=[
            ann(1000, "2026-10-21 12:00"),
            ann(200, "2026-11-02 03:00"),
            ann(300, "2026-11-02 10:00"),
            event("2026-11-05 12:00", "bo@example.com", 40, kind=INCLUDED),
        ],
        windows=[("2026-10-20", "2026-11-14")],
        spends=[spend("ann@example.com", 300, overall=300), spend("bo@example.com", 0, overall=40)],
    )
    read = cases.read_off_dashboard
    read(team, "on_demand_usd", ("2026-10-20", "2026-10-31"), 10)
    read(team, "usage_value_usd", WINDOW, "5.45")
    read(team, "requests", WINDOW, 4)
    read(team, "included_usage_usd", ("2026-11-05", "2026-11-20"), "0.4")
    read(team, "cycle_on_demand_usd", ("2026-11-02", "2026-11-14"), 3)
    read(team, "active_developers", WINDOW, 2)
    read(team, "no_such_measure", WINDOW, 2)
    read(team, "input_tokens", WINDOW, "")
    read(team, "output_tokens", ("2026-11-14", "2026-11-01"), 4)
    # read again: the newer reading counts
    read(team, "on_demand_usd", ("2026-10-20", "2026-10-31"), 99, read_at="2026-11-01 08:00:00")

    late = "dashboard read early"
    cases.add(late, events=[ann(500, "2026-11-13 01:00"), ann(80, "2026-11-14 12:00")], spends=[])
    read(late, "on_demand_usd", WINDOW, "5", read_at="2026-11-14 08:00:00")
    read(late, "usage_value_usd", WINDOW, "4.5", read_at="2026-11-14 08:00:00")

    broken = "dashboard and an unknown kind"
    cases.add(broken, events=[ann(500), ann(7, kind="Brand New")], spends=[])
    read(broken, "on_demand_usd", WINDOW, "5")
    read(broken, "usage_value_usd", ("2026-11-06", "2026-11-14"), 0)
    read("unknown team", "requests", WINDOW, 1)


def add_seats(cases: Cases) -> None:
    people = [
        member("ann@example.com"),
        member("boss@example.com", role="free-owner"),
        member("never@example.com"),
        member("left@example.com", isRemoved=True),
    ]
    since_left = [
        member("gone@example.com"),
        member("old@example.com"),
        member("earlier@example.com", isRemoved=True),
    ]
    for team in ("seats", "seats of now"):
        cases.add(
            team,
            events=[
                ann(1),
                event(NOON, "boss@example.com", 1),
                event(NOON, "gone@example.com", 1),
                event("2026-11-01 12:00", "left@example.com", 1),
                event(NOON, "stranger@example.com", 1),
                event("2026-10-25 12:00", "earlier@example.com", 1),
            ],
            windows=[("2026-10-20", "2026-11-14")],
        )
        cases.builder.add_members_snapshot("2026-10-31 06:00", [*people, *since_left], team=team)
        cases.builder.add_members_snapshot(SNAPSHOT, people, team=team)
    team = "seats"
    read = cases.read_off_dashboard
    read(team, "paid_seats", WINDOW, 3)
    read(team, "paid_seats", ("2026-10-30", "2026-10-30"), 5)
    read(team, "paid_seats", ("2026-10-20", "2026-10-20"), 4)
    read(team, "monthly_seat_fee_usd", ("2026-11-14", "2026-11-14"), 120)
    read(team, "paid_seats_without_activity", WINDOW, 1)
    read(team, "developers_without_seat", ("2026-10-31", "2026-10-31"), 1)
    read(team, "seat_price_usd", ("2026-11-16", "2026-11-16"), 40)

    stale = "seats of last week"
    cases.add(stale)
    cases.builder.add_members_snapshot("2026-11-10 06:00", [member("ann@example.com")], team=stale)
    read(stale, "paid_seats", WINDOW, 1)

    mixed = "seats of two prices"
    cases.add(mixed)
    cases.builder.add_members_snapshot(SNAPSHOT, [member("ann@example.com"), member("bo@example.com")], team=mixed)

    changed = "seats of a changed price"
    cases.add(changed)
    two, three = people_named("ann", "bo"), people_named("ann", "bo", "joiner")
    for at, listed in (("2026-11-05 06:00", two), ("2026-11-12 06:00", three), (SNAPSHOT, three)):
        cases.builder.add_members_snapshot(at, listed, team=changed)
    read(changed, "monthly_seat_fee_usd", ("2026-11-10", "2026-11-10"), 64)
    read(changed, "seat_price_usd", ("2026-11-10", "2026-11-10"), 32)
    read(changed, "monthly_seat_fee_usd", ("2026-11-12", "2026-11-12"), 164)
    read(changed, "monthly_seat_fee_usd", WINDOW, 164)

    twice = "two starts in a day"
    cases.add(twice, events=[ann(10)], spends=[spend("ann@example.com", 10, overall=10)])
    cases.builder.add_spend_snapshot("2026-11-02 06:00", "2026-11-02 03:00", [spend("ann@example.com")], team=twice)
    cases.builder.add_members_snapshot(SNAPSHOT, people_named("ann"), team=twice)
    read(twice, "cycle_on_demand_usd", ("2026-11-02", "2026-11-14"), "0.10")
    read(f" {twice} ", " cycle_usage_value_usd ", ("2026-11-02", "2026-11-14"), "0.10")


def people_named(*names: str) -> list[dict[str, Any]]:
    return [member(f"{name}@example.com") for name in names]


PRICED_SEATS = {
    "configured prices": "Seat fees use configured prices.",
    "one price configured": "Some seat fees use assumed list prices, not configured ones.",
    "no price": "Some seats have no price.",
}


def add_prices(cases: Cases) -> list[dict[str, Any]]:
    for team in PRICED_SEATS:
        cases.add(team)
        people = [member("ann@example.com"), member("bo@example.com")]
        cases.builder.add_members_snapshot(SNAPSHOT, people, team=team)
    rows = [
        ("*", "standard", "2026-01-01", 40, "assumed_list"),
        ("*", "premium", "2026-11-20", 120, "assumed_list"),  # not in force yet
        ("seats of two prices", "premium", "2026-01-01", 120, "assumed_list"),
        ("seats of a changed price", "standard", "2026-01-01", 32, "configured"),
        ("seats of a changed price", "standard", "2026-11-10", 50, "configured"),
        ("seats of a changed price", "premium", "2026-01-01", 100, "configured"),
        ("configured prices", "standard", "2026-01-01", 32, "configured"),
        ("configured prices", "premium", "2026-01-01", 100, "configured"),
        ("one price configured", "standard", "2026-01-01", 32, "configured"),
        ("one price configured", "premium", "2026-01-01", 120, "assumed_list"),
    ]
    names = ("team_id", "seat_type", "valid_from", "monthly_price_usd", "price_source")
    return [dict(zip(names, row, strict=True)) for row in rows]


def seat_type(team: str, kind: str) -> dict[str, Any]:
    return {"team_id": team, "email": "bo@example.com", "seat_type": kind, "valid_from": "2026-06-01"}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> WarehouseBuilder:
    builder = WarehouseBuilder(tmp_path_factory.mktemp("verification"))
    cases = Cases(builder)
    for add in (add_ties, add_obstacles, add_late_usage, add_rollover, add_window, add_dashboard, add_seats):
        add(cases)
    seeds = {
        "seat_prices": add_prices(cases),
        "seat_types": [
            seat_type("seats of two prices", "premium"),
            seat_type("configured prices", "premium"),
            seat_type("one price configured", "premium"),
            seat_type("no price", "premium"),
            seat_type("seats of a changed price", "premium") | {"valid_from": "2026-11-10"},
            seat_type("seats of a changed price", "premium")
            | {"email": "joiner@example.com", "valid_from": "2026-11-12"},
        ],
        "dashboard_totals": cases.dashboard_totals,
    }
    builder.build(seeds=seeds)
    return builder


@pytest.fixture(scope="module")
def totals(warehouse: WarehouseBuilder) -> Totals:
    return Totals(warehouse.query("select * from marts.verification_totals order by window_start_date"))


class Totals:
    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def all(self, team: str, measure: str, source: str | None = None) -> list[dict[str, Any]]:
        key = (team, measure, source)
        return [row for row in self.rows if (row["team_id"], row["measure"], row["reference_source"]) == key]

    def one(self, team: str, measure: str, source: str | None = None) -> dict[str, Any]:
        (row,) = self.all(team, measure, source)
        return row

    def cycle(self, team: str, measure: str = "cycle_on_demand_usd") -> dict[str, Any]:
        return self.one(team, measure, "cursor_spend_api")

    def verdicts(self, team: str) -> tuple[str, ...]:
        """Of included usage, on-demand usage and usage value of the cycle."""
        return tuple(self.cycle(team, measure)["verdict"] for measure in CYCLE)


# --- the open cycle against the spend figures ------------------------------------------------------------------------


def test_events_of_the_cycle_and_the_open_day_match_the_spend_figures(totals: Totals) -> None:
    assert totals.verdicts("matched") == ("matched", "matched", "matched")
    row = totals.cycle("matched")
    assert (row["warehouse_value"], row["reference_value"]) == (Decimal("0.568"), Decimal("0.568"))
    assert row["difference"] == 0
    assert (str(row["window_start_date"]), str(row["window_end_date"])) == ("2026-11-02", "2026-11-15")
    assert totals.cycle("matched", "cycle_included_usage_usd")["warehouse_value"] == Decimal("0.08")
    assert row["explanation"] == "Equal to the cent, in total and for each of 2 e-mails."


def test_a_cycle_runs_from_its_start_instant_to_the_snapshots_both_inclusive(totals: Totals) -> None:
    row = totals.cycle("borders")
    assert row["warehouse_value"] == Decimal("0.03")
    assert row["verdict"] == "matched"


def test_two_user_ids_on_one_email_are_one(totals: Totals) -> None:
    assert totals.verdicts("one person, two user ids") == ("matched", "matched", "matched")


def test_a_total_that_fits_is_drift_where_it_is_of_other_people(totals: Totals) -> None:
    row = totals.cycle("someone else's usage")
    assert row["difference"] == 0
    assert row["verdict"] == "drift"
    assert "add up to $20.00" in row["explanation"]
    assert "(ann@example.com)" in row["explanation"]


def test_a_difference_within_the_tolerance_is_said_with_its_amount(totals: Totals) -> None:
    row = totals.cycle("within the tolerance")
    assert row["verdict"] == "matched_within_tolerance"
    assert row["difference"] == Decimal("-0.50")
    assert row["explanation"].startswith("Differs by $0.50, within the tolerance of $1.02; by e-mail")


def test_included_usage_is_read_from_either_field(totals: Totals) -> None:
    assert totals.verdicts("older included field") == ("matched", "matched", "matched")
    assert totals.cycle("older included field", "cycle_usage_value_usd")["reference_value"] == Decimal("0.30")


def test_a_part_that_is_null_makes_the_reference_partial_and_not_nothing(totals: Totals) -> None:
    assert totals.verdicts("a member's part is null") == ("inconclusive", "matched", "inconclusive")
    row = totals.cycle("a member's part is null", "cycle_included_usage_usd")
    assert row["reference_value"] == Decimal("0.20")
    assert "included usage in the open cycle of 1 of 2 members" in row["explanation"]


def test_a_service_account_is_unattributed_on_both_sides(totals: Totals) -> None:
    assert totals.verdicts("service account") == ("matched", "matched", "matched")
    assert totals.cycle("service account")["explanation"] == "Equal to the cent."


def test_no_usage_matches_no_spend(totals: Totals) -> None:
    assert totals.verdicts("nothing used") == ("matched", "matched", "matched")


def test_credits_and_own_keys_are_named_and_not_counted(totals: Totals) -> None:
    row = totals.cycle("credit", "cycle_usage_value_usd")
    assert row["warehouse_value"] == Decimal("0.06")
    assert "Not part of usage value: $3.00 of credit and $0.20 on own keys." in row["explanation"]


def test_an_open_day_that_was_loaded_since_does_not_count_twice(totals: Totals) -> None:
    assert totals.cycle("closed since")["warehouse_value"] == Decimal("0.10")
    assert totals.cycle("closed since")["verdict"] == "matched"


def test_the_cycle_is_tied_to_the_newest_snapshot_that_the_open_day_reaches(
    totals: Totals, warehouse: WarehouseBuilder
) -> None:
    row = totals.cycle("rollover")
    assert (row["warehouse_value"], row["reference_value"], row["verdict"]) == (
        Decimal("0.03"),
        Decimal("0.03"),
        "matched",
    )
    assert str(verdict_of(warehouse, "rollover")["snapshot_at"]) == "2026-11-02 09:10:12"


# --- what stands against comparing -----------------------------------------------------------------------------------

REASONS = {
    "spend refused": "the API refused the endpoint spend (Enterprise access required)",
    "events refused since": "the API refused the endpoint usage_events (Not authorized)",
    "no snapshot": "no spend snapshot is loaded",
    "no cycle start": "the spend snapshot does not say when its cycle started",
    "nobody listed": "the spend snapshot lists nobody",
    "a day missing": "2026-11-10 is not loaded",
    "days missing": "2 days of the cycle from 2026-11-10 to 2026-11-11 are not loaded",
    "start missing": "the cycle's start is not covered: 2026-11-02 is not loaded",
    "open day missing": "no open day was read up to the spend snapshot at 2026-11-15 06:00:00",
    "open day too short": "no open day was read up to the spend snapshot at 2026-11-15 06:00:00",
    "unknown kind": "costs are of an unknown kind: 'Brand New' with $0.03, 'Custom Subscription' with $12.30",
    "unpriced": "2 requests have no price",
    "snapshot after its cycle": (
        "the spend snapshot at 2026-11-15 06:00:00 is later than its cycle's end at 2026-11-15 06:00:00"
    ),
}


@pytest.mark.parametrize("team", REASONS)
def test_a_cycle_that_cannot_be_compared_says_why(totals: Totals, team: str) -> None:
    assert totals.verdicts(team) == ("inconclusive",) * 3
    for measure in CYCLE:
        assert REASONS[team] in totals.cycle(team, measure)["explanation"]


@pytest.mark.parametrize(
    "team",
    [
        "refused before",
        "unknown kind without cost",
        "unpriced but not charged",
        "unpriced before the cycle",
        "unknown and unpriced after the snapshot",
    ],
)
def test_what_does_not_stand_against_comparing(totals: Totals, team: str) -> None:
    assert totals.verdicts(team) == ("matched",) * 3


def test_a_failed_run_leaves_the_figures_and_makes_the_verdict_inconclusive(
    totals: Totals, warehouse: WarehouseBuilder
) -> None:
    assert totals.verdicts("failed after loads") == ("matched",) * 3
    assert (
        "The last run failed: The key was refused: make a new one." in totals.cycle("failed after loads")["explanation"]
    )
    verdict = verdict_of(warehouse, "failed after loads")
    assert verdict["verdict"] == "inconclusive"
    assert verdict["matched_count"] == 3
    assert verdict["sentence"] == (
        "The last run failed, so these are the figures of the run before: The key was refused: make a new one."
    )


def test_what_a_failed_run_was_refused_does_not_touch_the_figures_of_the_run_before(totals: Totals) -> None:
    assert totals.verdicts("failed with every endpoint refused") == ("matched",) * 3


def test_figures_without_a_reference_name_the_endpoint_that_was_refused(totals: Totals) -> None:
    for measure, endpoint in (("requests", "usage_events"), ("paid_seats", "members")):
        row = totals.one("events and members refused", measure)
        assert f"Also, the API refused the endpoint {endpoint} (Not authorized)." in row["explanation"]


def test_a_team_that_was_never_loaded_has_a_verdict_with_the_error(totals: Totals, warehouse: WarehouseBuilder) -> None:
    verdict = verdict_of(warehouse, "never loaded")
    assert verdict["verdict"] == "inconclusive"
    assert verdict["sentence"] == "Nothing is loaded yet, because the run failed: The key was refused: make a new one."
    assert (verdict["newest_loaded_date"], verdict["snapshot_at"]) == (None, None)
    assert totals.verdicts("never loaded") == ("inconclusive",) * 3
    row = totals.one("never loaded", "requests")
    assert (row["warehouse_value"], row["window_start_date"], row["verdict"]) == (None, None, "not_compared")


# --- usage that may still change -------------------------------------------------------------------------------------


def test_days_that_are_not_settled_excuse_as_much_as_was_used_on_them(totals: Totals) -> None:
    assert totals.cycle("still settling")["verdict"] == "inconclusive"
    assert "$1.00 may still change" in totals.cycle("still settling")["explanation"]
    assert totals.cycle("more than settling")["verdict"] == "drift"


def test_days_that_are_not_settled_never_prevent_a_match(totals: Totals) -> None:
    assert totals.verdicts("unsettled and equal") == ("matched",) * 3


def test_usage_after_the_snapshot_excuses_as_much_as_it_is(totals: Totals) -> None:
    row = totals.cycle("came after the snapshot")
    assert row["warehouse_value"] == Decimal("10.00")
    assert row["verdict"] == "inconclusive"
    row = totals.cycle("settled days came after the snapshot")
    assert (row["warehouse_value"], row["verdict"]) == (Decimal("10.00"), "inconclusive")
    assert totals.cycle("too little came after the snapshot")["verdict"] == "drift"


# --- the window ------------------------------------------------------------------------------------------------------

WINDOW_VALUES: dict[str, Any] = {
    "requests": 8,
    "input_tokens": 1111,
    "output_tokens": 222,
    "cache_write_tokens": 333,
    "cache_read_tokens": 444,
    "requests_without_tokens": 2,
    "unpriced_requests": 1,
    "included_usage_usd": "0.28",
    "on_demand_usd": "0.175",
    "usage_value_usd": "0.455",
    "credit_usd": "0.03",
    "own_key_usd": "0.04",
    "not_charged_usd": "0.59",
    "unknown_kind_usd": "0.06",
    "unattributed_usage_usd": "0.15",
}


def test_the_window_sums_every_measure_and_loses_nothing(totals: Totals) -> None:
    rows = [totals.one("window", measure) for measure in WINDOW_VALUES]
    assert [row["warehouse_value"] for row in rows] == [Decimal(value) for value in WINDOW_VALUES.values()]
    assert {(str(row["window_start_date"]), str(row["window_end_date"])) for row in rows} == {WINDOW}
    assert {row["verdict"] for row in rows} == {"not_compared"}


def test_every_measure_is_there_in_the_contracts_order(warehouse: WarehouseBuilder) -> None:
    rows = warehouse.query(
        "select measure from marts.verification_totals where team_id = 'window' order by measure_order"
    )
    assert [row["measure"] for row in rows] == [
        *WINDOW_VALUES,
        "active_developers",
        "active_developer_days",
        "cycle_included_usage_usd",
        "cycle_on_demand_usd",
        "cycle_usage_value_usd",
        "previous_cycle_on_demand_usd",
        "closed_cycle_seat_fee_usd",
        "closed_cycle_on_demand_usd",
        "paid_seats",
        "seat_price_usd",
        "monthly_seat_fee_usd",
        "paid_seats_without_activity",
        "developers_without_seat",
    ]


def test_active_developers_against_daily_usage_is_information(totals: Totals) -> None:
    row = totals.one("window", "active_developers", "cursor_daily_usage_api")
    assert (row["warehouse_value"], row["reference_value"], row["verdict"]) == (2, 2, "not_compared")
    assert "Both 1, events only 1, daily only 1." in row["explanation"]
    row = totals.one("window", "active_developer_days", "cursor_daily_usage_api")
    assert (row["warehouse_value"], row["reference_value"], row["difference"]) == (3, 3, 0)
    assert "Both 1, events only 2, daily only 2." in row["explanation"]


def test_a_window_with_a_hole_is_summed_and_says_so(totals: Totals) -> None:
    row = totals.one("window with a hole", "requests")
    assert row["warehouse_value"] == 0
    assert "Loaded days only: 2026-11-06 is not loaded." in row["explanation"]
    row = totals.one("window with a hole", "active_developers", "cursor_daily_usage_api")
    assert "13 days of daily usage are not loaded" in row["explanation"]


# --- figures that were read off the dashboard ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "warehouse_value", "verdict", "words"),
    [
        ("on_demand_usd", 10, "matched", "Equal to the cent."),
        ("usage_value_usd", "5.40", "matched_within_tolerance", "Differs by $0.05"),
        ("requests", 3, "drift", "Differs by 1, "),
        ("included_usage_usd", "0.4", "inconclusive", "6 days from 2026-11-15 to 2026-11-20 are not loaded"),
        ("cycle_on_demand_usd", 3, "matched", "Equal to the cent."),
        ("active_developers", 2, "matched", "Equal."),
        ("no_such_measure", None, "inconclusive", "there is no measure of this name"),
        ("input_tokens", 300, "inconclusive", "no value was read off the dashboard"),
        ("output_tokens", None, "inconclusive", "its dates are not a range"),
    ],
)
def test_a_dashboard_figure_is_compared_over_its_own_dates(
    totals: Totals, measure: str, warehouse_value: Any, verdict: str, words: str
) -> None:
    row = totals.one("dashboard", measure, "dashboard")
    assert row["warehouse_value"] == (None if warehouse_value is None else Decimal(warehouse_value))
    assert row["verdict"] == verdict
    assert words in row["explanation"]


def test_a_measure_has_several_references_and_no_row_without_one_then(totals: Totals) -> None:
    assert totals.cycle("dashboard")["verdict"] == "matched"
    assert totals.all("dashboard", "on_demand_usd") == []
    assert len(totals.all("dashboard", "active_developers", "cursor_daily_usage_api")) == 1


def test_usage_of_the_day_on_which_the_dashboard_was_read_may_have_come_later(totals: Totals) -> None:
    assert totals.one("dashboard read early", "on_demand_usd", "dashboard")["verdict"] == "inconclusive"
    assert totals.one("dashboard read early", "usage_value_usd", "dashboard")["verdict"] == "drift"


def test_an_unknown_kind_with_cost_blocks_the_ranges_it_is_in(totals: Totals) -> None:
    team = "dashboard and an unknown kind"
    row = totals.one(team, "on_demand_usd", "dashboard")
    assert row["verdict"] == "inconclusive"
    assert "costs are of an unknown kind: 'Brand New' with $0.07" in row["explanation"]
    assert totals.one(team, "usage_value_usd", "dashboard")["verdict"] == "matched"


# --- seats -----------------------------------------------------------------------------------------------------------


def test_seats_are_counted_as_of_the_windows_last_day(totals: Totals, warehouse: WarehouseBuilder) -> None:
    paid = warehouse.query(
        "select email, activity_status from marts.adoption_gaps where team_id = 'seats of now' order by email"
    )
    assert [tuple(row.values()) for row in paid] == [
        ("ann@example.com", "active"),
        ("gone@example.com", "removed"),
        ("never@example.com", "never_active"),
    ]
    # left and stranger: an unpaid admin has a seat, and who was removed after use still has it
    assert totals.one("seats of now", "developers_without_seat")["warehouse_value"] == 2
    assert totals.one("seats of now", "paid_seats")["warehouse_value"] == 3
    assert "1 removed member holds the seat" in totals.one("seats of now", "paid_seats")["explanation"]


def test_seats_of_the_dashboard_are_those_of_its_day(totals: Totals) -> None:
    by_date = {str(row["window_end_date"]): row for row in totals.all("seats", "paid_seats", "dashboard")}
    assert (by_date["2026-11-14"]["warehouse_value"], by_date["2026-11-14"]["verdict"]) == (3, "matched")
    assert (by_date["2026-10-30"]["warehouse_value"], by_date["2026-10-30"]["verdict"]) == (5, "matched")
    assert by_date["2026-10-20"]["verdict"] == "inconclusive"
    assert "no members list of that time is loaded" in by_date["2026-10-20"]["explanation"]
    assert totals.one("seats", "monthly_seat_fee_usd", "dashboard")["verdict"] == "matched"
    assert totals.one("seats", "paid_seats_without_activity", "dashboard")["verdict"] == "matched"
    row = totals.one("seats", "seat_price_usd", "dashboard")
    assert row["verdict"] == "inconclusive"
    assert "2026-11-16 is not loaded" in row["explanation"]
    row = totals.one("seats of last week", "paid_seats", "dashboard")
    assert (row["warehouse_value"], row["verdict"]) == (1, "inconclusive")
    assert "the newest members list is of 2026-11-10" in row["explanation"]


def test_a_past_seat_has_the_fee_of_its_cycle_like_a_seat_of_now(totals: Totals) -> None:
    """A price and a type that changed since the cycle began are billed with the next; a joiner has that of the day."""
    rows = totals.all("seats of a changed price", "monthly_seat_fee_usd", "dashboard")
    assert {str(row["window_end_date"]): (row["warehouse_value"], row["verdict"]) for row in rows} == {
        "2026-11-10": (64, "matched"),
        "2026-11-12": (164, "matched"),
        "2026-11-14": (164, "matched"),
    }
    assert totals.one("seats of a changed price", "seat_price_usd", "dashboard")["verdict"] == "matched"


def test_a_figure_of_a_day_on_which_two_cycles_start_is_of_the_one_that_goes_on(totals: Totals) -> None:
    for measure in ("cycle_on_demand_usd", "cycle_usage_value_usd"):
        row = totals.one("two starts in a day", measure, "dashboard")
        assert (row["warehouse_value"], row["verdict"]) == (Decimal("0.1"), "matched")


def test_a_figure_that_needs_activity_is_not_compared_with_another_day(totals: Totals) -> None:
    row = totals.one("seats", "developers_without_seat", "dashboard")
    assert (row["warehouse_value"], row["verdict"]) == (None, "inconclusive")
    assert "this figure is known as of 2026-11-14 only" in row["explanation"]


def test_a_price_is_null_where_seats_differ_in_price(totals: Totals) -> None:
    row = totals.one("seats of two prices", "seat_price_usd")
    assert row["warehouse_value"] is None
    assert "Seats differ in price: from $40.00 to $120.00." in row["explanation"]
    assert totals.one("seats of two prices", "monthly_seat_fee_usd")["warehouse_value"] == 160


def test_a_fee_is_null_where_a_seat_has_no_price(totals: Totals) -> None:
    row = totals.one("no price", "monthly_seat_fee_usd")
    assert row["warehouse_value"] is None
    assert "1 seat has no price." in row["explanation"]
    assert totals.one("no price", "seat_price_usd")["warehouse_value"] is None


# --- the team's verdict ----------------------------------------------------------------------------------------------


def verdict_of(warehouse: WarehouseBuilder, team: str) -> dict[str, Any]:
    (row,) = warehouse.query("select * from marts.verification_verdicts where team_id = ?", team)
    return row


ON_DEMAND = "on-demand usage in the open cycle"
SINCE = f"{ON_DEMAND} since 2026-11-02"
SENTENCES = {
    "matched": f"Matched to the cent: {SINCE}, $0.57 here and $0.57 in Cursor's spend figures.",
    "within the tolerance": (f"Matched within tolerance: {SINCE}, $101.00 here and $101.50 in Cursor's spend figures."),
    "a day missing": (
        f"Undecided: {SINCE}, $0.10 here and $0.10 in Cursor's spend figures, because 2026-11-10 is not loaded."
    ),
    "still settling": (
        f"Undecided: {SINCE}, $11.10 here and $10.00 in Cursor's spend figures, "
        "because the difference may come from usage that is not settled yet."
    ),
    "no snapshot": (
        f"Undecided: {ON_DEMAND} cannot be compared with Cursor's spend figures because no spend snapshot is loaded."
    ),
    "more than settling": f"Not matched: {SINCE}, $11.10 here and $10.00 in Cursor's spend figures, $1.10 apart.",
    "dashboard": "Not matched: requests from 2026-11-01 to 2026-11-14, 3 here and 4 on the dashboard, 1 apart.",
    "seats of two prices": (
        f"Undecided: {SINCE} cannot be compared with Cursor's spend figures because the spend snapshot lists nobody. "
        "Seat fees use assumed list prices."
    ),
    "spend refused": (
        f"Undecided: {SINCE}, $0.10 here and $0.10 in Cursor's spend figures, "
        "because the API refused the endpoint spend (Enterprise access required)."
    ),
    "events refused since": (
        f"Undecided: {SINCE}, $0.10 here and $0.10 in Cursor's spend figures, "
        "because the API refused the endpoint usage_events (Not authorized)."
    ),
    "daily usage refused": (
        f"Matched to the cent: {SINCE}, $0.10 here and $0.10 in Cursor's spend figures. "
        "Also, the API refused the endpoint daily_usage (Not authorized)."
    ),
}
VERDICTS = {
    "matched": "matched",
    "within the tolerance": "matched_within_tolerance",
    "more than settling": "drift",
    "dashboard": "drift",
    "events refused since": "inconclusive",
    "daily usage refused": "matched",
}


@pytest.mark.parametrize("team", SENTENCES)
def test_a_verdict_says_in_a_sentence_what_was_compared(warehouse: WarehouseBuilder, team: str) -> None:
    row = verdict_of(warehouse, team)
    assert row["verdict"] == VERDICTS.get(team, "inconclusive")
    assert row["sentence"] == SENTENCES[team]


@pytest.mark.parametrize(("team", "sentence"), PRICED_SEATS.items())
def test_a_verdict_says_where_the_prices_are_from(warehouse: WarehouseBuilder, team: str, sentence: str) -> None:
    assert verdict_of(warehouse, team)["sentence"].endswith(". " + sentence)


# --- the whole -------------------------------------------------------------------------------------------------------


def test_an_empty_warehouse_builds_and_has_no_rows(tmp_path: Path) -> None:
    builder = WarehouseBuilder(tmp_path / "empty")
    builder.build()
    for mart in ("verification_totals", "verification_verdicts", "adoption_gaps"):
        assert builder.query(f"select * from marts.{mart}") == []


def test_the_dbt_unit_tests_pass(warehouse: WarehouseBuilder) -> None:
    result: DbtResult = warehouse.dbt("test", "--select", "test_type:unit")
    assert result.is_green, result.output
    assert set(result.statuses().values()) == {"pass"}
