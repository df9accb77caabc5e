"""adoption_gaps: who holds a paid seat, whether it is used, and what giving it back saves, on hand-made cases.

One build serves all cases. As of 14 November 2026 unless a case says otherwise.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.dbt_project.warehouse_builder import WarehouseBuilder, daily, event, member, spend

if TYPE_CHECKING:
    from collections.abc import Iterable

AS_OF = date(2026, 11, 14)
DAY_AFTER = date(2026, 11, 15)
MORNING_AFTER = "2026-11-15 06:00"
CYCLE_START = "2026-10-20 09:00"
CYCLE_END = date(2026, 11, 20)
LONG = ("2026-10-01", "2026-11-14")  # 45 days


def add_team(
    builder: WarehouseBuilder,
    team: str,
    *,
    events: Iterable[dict[str, Any]] | None = (),
    daily_rows: Iterable[dict[str, Any]] | None = None,
    window: tuple[str, str] = LONG,
    snapshots: dict[str, list[dict[str, Any]]],
    cycle_start: str = CYCLE_START,
) -> None:
    builder.add_team_run(team=team)
    if events is not None:
        builder.add_events(window, events, team=team)
    if daily_rows is not None:
        builder.add_daily(window, daily_rows, team=team)
    for at, members in snapshots.items():
        builder.add_members_snapshot(at, members, team=team)
    builder.add_spend_snapshot(MORNING_AFTER, cycle_start, [spend("ann@example.com")], team=team)


def used(day: str, who: str, **more: Any) -> dict[str, Any]:
    return event(f"{day} 12:00", f"{who}@example.com", 1, **more)


def active(day: str, who: str, **more: Any) -> dict[str, Any]:
    return daily(day, f"{who}@example.com", **more)


def people(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [member(f"{name}@example.com", **more) for name in names]


def add_activity(builder: WarehouseBuilder) -> None:
    add_team(
        builder,
        "activity",
        events=[
            used("2026-11-01", "13 days ago"),
            used("2026-10-31", "14 days ago"),
            used("2026-10-15", "30 days ago"),
            used("2026-10-16", "29 days ago"),
            used("2026-11-10", "errored only", kind="Errored, Not Charged"),
            used("2026-11-10", "Mixed Case"),
            event("2026-10-20 08:59:59.999", "before the cycle@example.com", 1),
            event("2026-10-20 09:00", "in the cycle@example.com", 1),
            used("2026-11-14", "runner", serviceAccountId="sa_1"),
        ],
        daily_rows=[
            active("2026-11-14", "by tab only"),
            active("2026-11-14", "inactive row", is_active=False),
            active("2026-10-25", "tab in the cycle"),
        ],
        snapshots={
            MORNING_AFTER: [
                *people("13 days ago", "14 days ago", "30 days ago", "29 days ago", "errored only", "by tab only"),
                *people(
                    "inactive row", "never", "before the cycle", "in the cycle", "tab in the cycle", "open day only"
                ),
                *people("Mixed case", " MIXED CASE", "runner"),
                *people("boss", role="free-owner"),
            ]
        },
    )
    builder.add_open_day(
        "2026-11-15 06:00:05", [used("2026-11-15", "open day only") | {"timestamp": "1794700800000"}], team="activity"
    )


def add_tenure(builder: WarehouseBuilder) -> None:
    add_team(
        builder,
        "tenure",
        events=[used("2026-10-28", "used before listed")],
        daily_rows=[],
        snapshots={
            "2026-10-01 06:00": people("old", "comes back"),
            "2026-10-05 06:00": people("old", "joined 40 days ago"),
            "2026-10-31 06:00": people("old", "joined 40 days ago", "joined 14 days ago"),
            "2026-11-01 06:00": people("old", "joined 40 days ago", "joined 14 days ago", "joined 13 days ago"),
            MORNING_AFTER: people(
                *("old", "comes back", "joined 40 days ago", "joined 14 days ago", "joined 13 days ago"),
                *("joined today", "used before listed"),
            ),
        },
    )
    add_team(
        builder,
        "first run",
        events=[used("2026-10-25", "came back")],
        snapshots={MORNING_AFTER: people("ann", "joined lately", "joined long ago", "came back")},
    )


def add_removed(builder: WarehouseBuilder) -> None:
    gone = people("used then removed", "removed unused", "errored then removed", "tab then removed", "used last cycle")
    add_team(
        builder,
        "removed",
        events=[
            used("2026-11-13", "used then removed"),
            used("2026-11-13", "used then vanished"),
            used("2026-11-13", "errored then removed", kind="Aborted, Not Charged"),
            used("2026-10-19", "used last cycle"),
            used("2026-11-13", "was unpaid"),
        ],
        daily_rows=[active("2026-11-13", "tab then removed")],
        snapshots={
            "2026-10-01 06:00": [
                *gone,
                *people("used then vanished", "vanished"),
                *people("was unpaid", role="free-owner"),
            ],
            MORNING_AFTER: [{**one, "isRemoved": True} for one in gone],
        },
    )


EXCLUSIONS = [
    ("exclusions", " ON LEAVE@example.com", "parental leave", ""),
    ("exclusions", "to this day@example.com", "sabbatical", "2026-11-14"),
    ("exclusions", "to the day before@example.com", "sabbatical", "2026-11-13"),
    ("exclusions", "twice@example.com", "first", "2026-11-01"),
    ("exclusions", "twice@example.com", "second", "2026-12-31"),
    ("exclusions", "busy@example.com", "key person", ""),
    ("another team", "never@example.com", "not here", ""),
]


def add_exclusions(builder: WarehouseBuilder) -> None:
    add_team(
        builder,
        "exclusions",
        events=[used("2026-11-14", "busy")],
        daily_rows=[],
        snapshots={MORNING_AFTER: people("on leave", "to this day", "to the day before", "twice", "busy", "never")},
    )


def add_dates(builder: WarehouseBuilder) -> None:
    add_team(
        builder,
        "renewal",
        events=[used("2026-10-25", "used")],
        snapshots={MORNING_AFTER: people("used", "never")},
    )
    add_team(
        builder,
        "half a cycle loaded",
        window=("2026-11-01", "2026-11-14"),
        snapshots={MORNING_AFTER: people("never")},
    )
    add_team(
        builder,
        "half a cycle loaded, daily usage whole",
        window=("2026-11-01", "2026-11-14"),
        snapshots={MORNING_AFTER: people("never")},
    )
    builder.add_daily(("2026-10-16", "2026-11-14"), team="half a cycle loaded, daily usage whole")


def add_unknown(builder: WarehouseBuilder) -> None:
    nameless = [member(None, id="user_1", name="One"), member("", id="user_2", name="Two")]
    add_team(builder, "no e-mail", daily_rows=[], snapshots={MORNING_AFTER: nameless})
    add_team(builder, "no daily usage", snapshots={MORNING_AFTER: people("never")})
    add_team(builder, "daily usage of 29 days", snapshots={MORNING_AFTER: people("never")})
    builder.add_daily(("2026-10-17", "2026-11-14"), team="daily usage of 29 days")
    add_team(builder, "nothing loaded", events=None, snapshots={MORNING_AFTER: people("ann")})
    add_team(
        builder,
        "events refused",
        events=None,
        daily_rows=[active("2026-11-10", "busy"), active("2026-10-15", "idle")],
        snapshots={MORNING_AFTER: people("busy", "idle", "never")},
    )
    add_team(
        builder,
        "daily usage newer",
        events=[],
        window=("2026-10-01", "2026-11-10"),
        snapshots={MORNING_AFTER: people("busy")},
    )
    builder.add_daily(("2026-10-16", "2026-11-14"), [active("2026-11-14", "busy")], team="daily usage newer")
    add_team(
        builder,
        "days with holes",
        events=[used("2026-09-01", "idle")],
        window=("2026-09-01", "2026-09-20"),
        snapshots={MORNING_AFTER: people("idle")},
    )
    builder.add_events(("2026-11-01", "2026-11-14"), team="days with holes")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> WarehouseBuilder:
    builder = WarehouseBuilder(tmp_path_factory.mktemp("adoption"))
    for add in (add_activity, add_tenure, add_removed, add_exclusions, add_dates, add_unknown):
        add(builder)
    exclusion_names = ("team_id", "email", "reason", "expires_on")
    builder.build(
        seeds={
            "reclaim_exclusions": [dict(zip(exclusion_names, row, strict=True)) for row in EXCLUSIONS],
            "join_dates": [
                {"team_id": "first run", "email": "Joined lately@example.com", "join_date": "2026-11-10"},
                {"team_id": "first run", "email": "joined long ago@example.com", "join_date": "2020-01-01"},
                {"team_id": "first run", "email": "came back@example.com", "join_date": "2026-11-10"},
            ],
            "renewal_dates": [
                {"team_id": "renewal", "renewal_date": day} for day in ("2026-01-31", "2026-12-31", "2027-12-31")
            ],
            "seat_types": [
                {
                    "team_id": "activity",
                    "email": "never@example.com",
                    "seat_type": "premium",
                    "valid_from": "2026-06-01",
                }
            ],
            "seat_prices": [
                {
                    "team_id": "activity",
                    "seat_type": seat_type,
                    "valid_from": "2026-06-01",
                    "monthly_price_usd": price,
                    "price_source": "configured",
                }
                for seat_type, price in (("standard", 32), ("premium", "96.50"))
            ]
            + [
                {
                    "team_id": "*",
                    "seat_type": "standard",
                    "valid_from": "2025-10-01",
                    "monthly_price_usd": 40,
                    "price_source": "assumed_list",
                }
            ],
        }
    )
    return builder


def seats_of(warehouse: WarehouseBuilder, team: str) -> dict[str, dict[str, Any]]:
    rows = warehouse.query("select * from marts.adoption_gaps where team_id = ? order by email", team)
    seats = {row["email"].removesuffix("@example.com"): row for row in rows}
    assert len(seats) == len(rows)
    return seats


def column(seats: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    return {who: seat[name] for who, seat in seats.items()}


# --- activity --------------------------------------------------------------------------------------------------------


def test_a_seat_is_active_within_the_window_by_a_request_or_an_active_row(warehouse: WarehouseBuilder) -> None:
    assert column(seats_of(warehouse, "activity"), "activity_status") == {
        "13 days ago": "active",
        "14 days ago": "idle",
        "29 days ago": "idle",
        "30 days ago": "idle",
        "before the cycle": "idle",
        "by tab only": "active",
        "errored only": "never_active",
        "in the cycle": "idle",
        "inactive row": "never_active",
        "mixed case": "active",
        "never": "never_active",
        "open day only": "never_active",
        "tab in the cycle": "idle",
    }


def test_the_gaps_are_the_idle_and_the_never_active(warehouse: WarehouseBuilder) -> None:
    for seat in seats_of(warehouse, "activity").values():
        assert seat["is_adoption_gap"] == (seat["activity_status"] in ("idle", "never_active"))


def test_days_are_counted_from_the_newest_loaded_day(warehouse: WarehouseBuilder) -> None:
    seats = seats_of(warehouse, "activity")
    assert seats["13 days ago"]["days_since_last_activity"] == 13
    assert seats["13 days ago"]["last_active_date"] == date(2026, 11, 1)
    assert seats["by tab only"]["days_since_last_activity"] == 0
    assert (seats["never"]["last_active_date"], seats["never"]["days_since_last_activity"]) == (None, None)
    assert set(column(seats, "observed_days").values()) == {45}
    assert set(column(seats, "as_of_date").values()) == {AS_OF}


def test_the_tier_goes_by_what_was_observed(warehouse: WarehouseBuilder) -> None:
    tiers = column(seats_of(warehouse, "activity"), "reclaim_tier")
    assert {who: tier for who, tier in tiers.items() if tier is not None} == {
        "14 days ago": "review",
        "29 days ago": "review",
        "30 days ago": "probable",
        "before the cycle": "review",
        "errored only": "certain",
        "in the cycle": "review",
        "inactive row": "certain",
        "never": "certain",
        "open day only": "certain",
        "tab in the cycle": "review",
    }


def test_a_hole_in_the_days_is_not_observed_time(warehouse: WarehouseBuilder) -> None:
    seat = seats_of(warehouse, "days with holes")["idle"]
    assert (seat["days_since_last_activity"], seat["observed_days"]) == (74, 34)
    assert seat["reclaim_tier"] == "probable"  # 33 observed days since


# --- who holds a seat ------------------------------------------------------------------------------------------------


def test_unpaid_admins_and_service_accounts_hold_no_paid_seat_and_two_ids_one(warehouse: WarehouseBuilder) -> None:
    seats = seats_of(warehouse, "activity")
    assert "boss" not in seats
    assert "runner" not in seats
    assert "mixed case" in seats


def test_a_removed_member_holds_the_seat_only_after_a_request_in_the_open_cycle(warehouse: WarehouseBuilder) -> None:
    seats = seats_of(warehouse, "removed")
    assert column(seats, "activity_status") == {"used then removed": "removed", "used then vanished": "removed"}
    for seat in seats.values():
        assert (seat["is_adoption_gap"], seat["reclaim_tier"], seat["earliest_saving_date"]) == (False, None, None)
        assert seat["monthly_saving_usd"] == 0
        assert "the seat is billed to its end on 2026-11-20" in seat["reason"]


# --- tenure ----------------------------------------------------------------------------------------------------------


def test_nobody_is_new_on_the_first_run_without_a_join_date(warehouse: WarehouseBuilder) -> None:
    seats = seats_of(warehouse, "first run")
    assert column(seats, "activity_status") == {
        "ann": "never_active",
        "came back": "new",
        "joined lately": "new",
        "joined long ago": "never_active",
    }
    assert column(seats, "is_tenure_known") == {
        "ann": False,
        "came back": True,
        "joined lately": True,
        "joined long ago": True,
    }
    assert column(seats, "observed_days") == {
        "ann": 45,
        "came back": 5,
        "joined lately": 5,
        "joined long ago": 45,
    }
    assert seats["joined lately"]["reclaim_tier"] is None


def test_a_joiner_is_new_for_the_days_of_grace(warehouse: WarehouseBuilder) -> None:
    seats = seats_of(warehouse, "tenure")
    assert column(seats, "activity_status") == {
        "comes back": "never_active",
        "joined 13 days ago": "new",
        "joined 14 days ago": "never_active",
        "joined 40 days ago": "never_active",
        "joined today": "new",
        "old": "never_active",
        "used before listed": "idle",
    }
    assert column(seats, "first_seen_date") == {
        "comes back": date(2026, 10, 1),
        "joined 13 days ago": date(2026, 11, 1),
        "joined 14 days ago": date(2026, 10, 31),
        "joined 40 days ago": date(2026, 10, 5),
        "joined today": DAY_AFTER,
        "old": date(2026, 10, 1),
        "used before listed": date(2026, 10, 28),
    }
    assert [who for who, is_known in column(seats, "is_tenure_known").items() if not is_known] == ["comes back", "old"]


def test_nobody_is_observed_before_they_were_there(warehouse: WarehouseBuilder) -> None:
    seats = seats_of(warehouse, "tenure")
    observed = column(seats, "observed_days")
    assert (observed["old"], observed["joined 40 days ago"], observed["joined 14 days ago"]) == (45, 41, 15)
    tiers = column(seats, "reclaim_tier")
    assert (tiers["old"], tiers["joined 40 days ago"], tiers["joined 14 days ago"]) == ("certain", "certain", "review")


# --- exclusions ------------------------------------------------------------------------------------------------------


def test_an_exclusion_holds_to_its_expiry_and_saves_nothing(warehouse: WarehouseBuilder) -> None:
    seats = seats_of(warehouse, "exclusions")
    assert column(seats, "reclaim_tier") == {
        "busy": None,
        "never": "certain",
        "on leave": "excluded",
        "to the day before": "certain",
        "to this day": "excluded",
        "twice": "excluded",
    }
    assert column(seats, "monthly_saving_usd") == {
        "busy": 0,
        "never": 40,
        "on leave": 0,
        "to the day before": 40,
        "to this day": 0,
        "twice": 0,
    }
    assert "Excluded from reclaim: parental leave." in seats["on leave"]["reason"]
    assert "Excluded from reclaim until 2026-11-14: sabbatical." in seats["to this day"]["reason"]
    assert "The exclusion expired on 2026-11-13." in seats["to the day before"]["reason"]
    assert "Excluded from reclaim until 2026-12-31: second." in seats["twice"]["reason"]


# --- dates and money -------------------------------------------------------------------------------------------------


def test_a_seat_that_was_used_in_the_open_cycle_is_billed_to_its_end(warehouse: WarehouseBuilder) -> None:
    dates = column(seats_of(warehouse, "activity"), "earliest_saving_date")
    assert {who: day for who, day in dates.items() if day == CYCLE_END} == {
        "14 days ago": CYCLE_END,
        "in the cycle": CYCLE_END,
        "tab in the cycle": CYCLE_END,
    }
    assert {who for who, day in dates.items() if day == DAY_AFTER} == {
        *("29 days ago", "30 days ago", "before the cycle", "errored only", "inactive row", "never", "open day only"),
    }
    assert dates["13 days ago"] is None


def test_nothing_is_saved_before_the_next_renewal(warehouse: WarehouseBuilder) -> None:
    dates = column(seats_of(warehouse, "renewal"), "earliest_saving_date")
    assert dates == {"never": date(2026, 12, 31), "used": date(2026, 12, 31)}


def test_a_cycle_that_is_not_loaded_from_its_start_may_have_been_used(warehouse: WarehouseBuilder) -> None:
    seat = seats_of(warehouse, "half a cycle loaded")["never"]
    assert seat["earliest_saving_date"] == CYCLE_END
    assert "The open cycle is not loaded from its start" in seat["reason"]
    seat = seats_of(warehouse, "half a cycle loaded, daily usage whole")["never"]
    assert (seat["earliest_saving_date"], seat["reclaim_tier"]) == (DAY_AFTER, "certain")


def test_a_gap_saves_its_fee_at_the_price_in_force(warehouse: WarehouseBuilder) -> None:
    seats = seats_of(warehouse, "activity")
    assert (seats["never"]["seat_type"], seats["never"]["monthly_saving_usd"]) == ("premium", Decimal("96.50"))
    assert (seats["inactive row"]["seat_type"], seats["inactive row"]["monthly_saving_usd"]) == ("standard", 32)
    assert (seats["13 days ago"]["monthly_seat_fee_usd"], seats["13 days ago"]["monthly_saving_usd"]) == (32, 0)
    assert set(column(seats, "seat_price_source").values()) == {"configured"}
    assert "The price is an assumed list price." in seats_of(warehouse, "tenure")["old"]["reason"]


# --- what nobody knows -----------------------------------------------------------------------------------------------


def test_a_seat_of_which_no_activity_is_known_is_a_gap(warehouse: WarehouseBuilder) -> None:
    seat = seats_of(warehouse, "nothing loaded")["ann"]
    assert (seat["activity_status"], seat["is_adoption_gap"], seat["reclaim_tier"]) == ("never_active", True, "review")
    assert (seat["observed_days"], seat["as_of_date"]) == (0, None)
    assert seat["reason"].startswith("Activity is unknown: no day is loaded.")
    assert seat["earliest_saving_date"] == CYCLE_END


def test_a_member_without_an_email_is_a_seat_and_a_gap(warehouse: WarehouseBuilder) -> None:
    rows = warehouse.query("select * from marts.adoption_gaps where team_id = 'no e-mail' order by name")
    assert [(row["name"], row["email"], row["activity_status"]) for row in rows] == [
        ("One", None, "never_active"),
        ("Two", None, "never_active"),
    ]
    assert rows[0]["reason"].startswith("The member has no e-mail, so nobody can tell the seat's activity.")
    assert {row["observed_days"] for row in rows} == {45}
    assert {row["reclaim_tier"] for row in rows} == {"review"}


@pytest.mark.parametrize(("team", "loaded"), [("no daily usage", 0), ("daily usage of 29 days", 29)])
def test_nobody_is_certain_to_be_idle_where_completions_could_not_be_seen(
    warehouse: WarehouseBuilder, team: str, loaded: int
) -> None:
    seat = seats_of(warehouse, team)["never"]
    assert (seat["activity_status"], seat["observed_days"], seat["reclaim_tier"]) == ("never_active", 45, "probable")
    assert seat["reason"].startswith(
        f"No request and no active day in 45 observed days. Daily usage is loaded for {loaded} of them: tab completions"
    )


def test_daily_usage_alone_says_who_is_active_where_events_are_refused(warehouse: WarehouseBuilder) -> None:
    seats = seats_of(warehouse, "events refused")
    assert column(seats, "activity_status") == {"busy": "active", "idle": "idle", "never": "never_active"}
    assert column(seats, "as_of_date")["busy"] == AS_OF


def test_activity_after_the_newest_loaded_events_keeps_a_seat_active(warehouse: WarehouseBuilder) -> None:
    seat = seats_of(warehouse, "daily usage newer")["busy"]
    assert (seat["activity_status"], seat["days_since_last_activity"]) == ("active", 0)
    assert seat["last_active_date"] == AS_OF
    assert seat["as_of_date"] == date(2026, 11, 10)
