"""What a CFO reads: each answer from the marts of one team, and nothing said where a mart does not say it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from cursor_usage.console.brief import brief
from cursor_usage.console.marts import Marts

CYCLE = {
    "cycle_start_at": datetime.fromisoformat("2026-11-03T13:06:28"),
    "cycle_end_at": datetime.fromisoformat("2026-12-03T13:06:28"),
}
SPENDER = "ann@example.com"
ROWS: dict[str, list[dict[str, Any]]] = {
    "team_costs": [
        {
            **CYCLE,
            "is_open_cycle": True,
            "is_fully_covered": True,
            "paid_seats": 76,
            "seat_fee_usd": 3040,
            "seat_price_source": "assumed_list",
            "included_usage_usd": Decimal("1199.44"),
            "on_demand_usd": Decimal("326.04"),
            "cash_cost_usd": Decimal("3366.04"),
            "active_developers": 46,
            "cash_cost_per_active_developer_usd": Decimal("73.17"),
            "cash_cost_per_paid_seat_usd": Decimal("44.29"),
            "allowance_used_share": 0.789,
        },
        {
            "cycle_start_at": datetime.fromisoformat("2026-10-03T13:06:28"),
            "cycle_end_at": CYCLE["cycle_start_at"],
            "is_open_cycle": False,
            "is_fully_covered": True,
            "paid_seats": 70,
            "seat_fee_usd": 2800,
            "seat_price_source": "assumed_list",
            "included_usage_usd": 0,
            "on_demand_usd": 200,
            "cash_cost_usd": 3000,
            "active_developers": 40,
            "cash_cost_per_active_developer_usd": 75,
            "cash_cost_per_paid_seat_usd": Decimal("42.86"),
            "allowance_used_share": None,
        },
    ],
    "usage_costs": [
        {"email": SPENDER, "is_open_cycle": True, "on_demand_usd": Decimal("57.43")},
        {"email": None, "is_open_cycle": True, "on_demand_usd": Decimal("47.43")},
        {"email": "bo@example.com", "is_open_cycle": True, "on_demand_usd": Decimal("1.00")},
        {"email": "old@example.com", "is_open_cycle": False, "on_demand_usd": Decimal(999)},
    ],
    "adoption_gaps": [
        {
            "is_adoption_gap": is_gap,
            "reclaim_tier": tier,
            "earliest_saving_date": saves_from,
            "fee_exposed_usd": 40 if is_gap else 0,
            "reassignable_now_usd": now,
            "saved_at_next_renewal_usd": 40 if now else 0,
        }
        for is_gap, tier, saves_from, now in (
            (False, None, None, 0),
            (True, "certain", date(2026, 12, 3), 12),
            (True, "review", date(2026, 11, 24), 12),
            (True, "excluded", date(2026, 11, 20), 0),
        )
    ],
    "model_mix": [
        {"requests": 1402, "model_tier": "premium", "simple_premium_model_requests": 640},
        {"requests": 7000, "model_tier": "standard", "simple_premium_model_requests": 0},
    ],
    "model_savings": [
        {
            "target_model_tier": tier,
            "cash_saved_low_usd": 1,
            "cash_saved_high_usd": 2,
            "allowance_saved_low_usd": 3,
            "allowance_saved_high_usd": 4,
        }
        for tier in ("standard", "standard", "entry")
    ],
    "seat_type_advice": [
        {"seat_type": "standard", "advised_seat_type": "premium", "monthly_saving_usd": 30},
        {"seat_type": "standard", "advised_seat_type": "none", "monthly_saving_usd": 40},
        {"seat_type": "standard", "advised_seat_type": "standard", "monthly_saving_usd": 0},
        {"seat_type": "standard", "advised_seat_type": None, "monthly_saving_usd": None},
    ],
    "overage_forecasts": [
        {
            "scope": scope,
            "email": email,
            "cycle_end_at": CYCLE["cycle_end_at"],
            "on_demand_to_date_usd": Decimal("326.04"),
            "forecast_low_usd": 600,
            "forecast_mid_usd": 800,
            "forecast_high_usd": 1100,
            "limit_hit_date": hit,
            "has_enough_days": True,
        }
        for scope, email, hit in (
            ("team", None, date(2026, 11, 30)),
            ("developer", SPENDER, date(2026, 12, 2)),
            ("developer", "bo@example.com", date(2026, 12, 1)),
            ("developer", "cy@example.com", None),
        )
    ],
    "cost_changes": [
        {
            "scope": scope,
            "week_start_date": week,
            "change_usd": Decimal("22.47"),
            "volume_effect_usd": Decimal("36.02"),
            "mix_effect_usd": Decimal("-18.27"),
            "price_effect_usd": Decimal("4.72"),
        }
        for scope, week in (
            ("team", date(2026, 11, 9)),
            ("team", date(2026, 11, 16)),
            ("developer", date(2026, 11, 23)),
        )
    ],
    "verification_verdicts": [{"verdict": "matched_within_tolerance"}],
    "verification_totals": [
        {
            "measure": measure,
            "reference_source": "cursor_spend_api",
            "warehouse_value": Decimal("326.10"),
            "reference_value": Decimal("326.00"),
        }
        for measure in ("cycle_on_demand_usd", "cycle_included_usage_usd")
    ],
    "verification_causes": [
        {"measure": "cycle_on_demand_usd", "reference_source": "cursor_spend_api", "cause": cause, "difference": part}
        for cause, part in (("no_email", Decimal("0.07")), ("unexplained", Decimal("0.03")), ("not_settled", None))
    ],
    "usage_attribution": [
        {"state": "attributed", "usage_value_usd": 90},
        {"state": "no_daily_row", "usage_value_usd": 3},
        {"state": "no_email", "usage_value_usd": 2},
        {"state": "service_account", "usage_value_usd": 5},
        {"state": "unknown_person", "usage_value_usd": 0},
    ],
    "restatements": [
        {"usage_date": date(2026, 11, 21), "is_settled": True, "restatements_after_settled": 1},
        {"usage_date": date(2026, 11, 23), "is_settled": False, "restatements_after_settled": 0},
    ],
}
ANSWERS = [
    ("Cost", "$3,366.04 so far in the cycle from 2026-11-03: $3,040.00 seat fees + $326.04 on-demand"),
    ("Cost", "$73.17 per active developer (46), $44.29 per paid seat (76, list prices assumed)"),
    ("Cost", "$1,199.44 included usage, covered by the seat fees, 79% of the allowance"),
    ("Cost", "$3,000.00 in the one before, to 2026-11-03: $2,800.00 seat fees + $200.00 on-demand"),
    ("Cost", "most on-demand: ann@example.com $57.43, (unattributed) $47.43"),
    ("Waste", "3 of 4 paid seats idle (1 certain or probable): $120.00 of fees a month exposed"),
    ("Waste", "$24.00 of this cycle reassignable now; $80.00 a month saved from 2026-11-24"),
    ("Waste", "640 of 1,402 premium-model requests simple; $2.00 to $4.00 cash, $6.00 to $8.00 allowance saved"),
    ("Waste", "another seat type would cost less for 1 developer: $30.00 a month"),
    (
        "Overage",
        "on-demand $326.04 to date, about $800.00 ($600.00 to $1,100.00) by 2026-12-03, the limit on 2026-11-30",
    ),
    ("Overage", "spend limit would be reached by 2 developers, first bo@example.com on 2026-12-01"),
    ("Overage", "week of 2026-11-16: usage value +$22.47 (volume +$36.02, mix -$18.27, price +$4.72)"),
    ("Trust", "matched within tolerance: on-demand $326.10 here, $326.00 at Cursor, $0.03 unexplained"),
    ("Trust", "93.0% of usage value is a member's; $7.00: service account, no email"),
    ("Trust", "loaded to 2026-11-23, settled to 2026-11-21; 1 day moved after that"),
]


def publish(path, rows) -> None:
    with duckdb.connect(path) as connection:
        connection.execute("create schema marts")
        for mart, of_mart in rows.items():
            columns = list(of_mart[0])
            values = ", ".join(f"({', '.join('?' * (len(columns) + 1))})" for _ in of_mart)
            cells = [cell for row in of_mart for cell in ("acme", *(row[column] for column in columns))]
            names = ", ".join(f'"{column}"' for column in ("team_id", *columns))
            connection.execute(
                f"create table marts.marts.{mart} as select * from (values {values}) as t({names})", cells
            )


def test_cost_waste_overage_and_trust_are_answered_in_fifteen_lines(tmp_path):
    publish(tmp_path / "marts.duckdb", ROWS)
    with Marts(tmp_path / "marts.duckdb") as marts:
        assert brief(marts, "acme") == ANSWERS
        assert brief(marts, "another") == []


@pytest.mark.parametrize(
    ("mart", "lines"),
    [
        ("team_costs", {0, 1, 2, 3}),
        ("adoption_gaps", {5, 6}),
        ("overage_forecasts", {9, 10}),
        ("cost_changes", {11}),
        ("usage_attribution", {13}),
    ],
)
def test_what_is_not_published_is_not_answered(tmp_path, mart, lines):
    publish(tmp_path / "marts.duckdb", {name: rows for name, rows in ROWS.items() if name != mart})
    with Marts(tmp_path / "marts.duckdb") as marts:
        assert brief(marts, "acme") == [answer for number, answer in enumerate(ANSWERS) if number not in lines]


def test_what_is_not_known_is_said_or_left_out(tmp_path):
    """Members that the key may not read, a closed cycle with a hole, seats and models without a price."""
    now, before = ROWS["team_costs"]
    not_known = (
        *("paid_seats", "seat_fee_usd", "seat_price_source", "cash_cost_usd"),
        *("cash_cost_per_active_developer_usd", "cash_cost_per_paid_seat_usd", "allowance_used_share"),
    )
    older = {**before, "cycle_start_at": datetime.fromisoformat("2026-09-03"), "cycle_end_at": before["cycle_start_at"]}
    rows = ROWS | {
        "team_costs": [{**now, **dict.fromkeys(not_known)}, {**before, "is_fully_covered": False}, older],
        "adoption_gaps": [{**row, "fee_exposed_usd": None} for row in ROWS["adoption_gaps"]],
        "model_savings": [row | dict.fromkeys(list(row)[1:]) for row in ROWS["model_savings"]],
    }
    publish(tmp_path / "marts.duckdb", rows)
    with Marts(tmp_path / "marts.duckdb") as marts:
        said = brief(marts, "acme")
    assert said[0] == ("Cost", "- so far in the cycle from 2026-11-03: - seat fees + $326.04 on-demand")
    assert said[1] == ("Cost", "- per active developer (46), - per paid seat (-)")
    assert said[3] == ANSWERS[4]
    assert said[4][1].endswith("$0.00 of fees a month exposed, 3 without a price")
    assert ("Waste", "640 of 1,402 premium-model requests simple") in said
