"""usage_costs, usage_costs_daily, model_mix, model_mix_daily and what they stand on: staging, cycles, seats, seeds."""

from __future__ import annotations

import csv
import random
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pytest

from tests.dbt_project.warehouse_builder import DBT_PROJECT, WarehouseBuilder, daily, event, instant, member

PROMISED = {
    "model_mix": {
        "team_id": "VARCHAR",
        "window_start_date": "DATE",
        "window_end_date": "DATE",
        "email": "VARCHAR",
        "model": "VARCHAR",
        "model_tier": "VARCHAR",
        "requests": "BIGINT",
        "request_share": "DOUBLE",
        "input_tokens": "BIGINT",
        "output_tokens": "BIGINT",
        "cache_write_tokens": "BIGINT",
        "cache_read_tokens": "BIGINT",
        "usage_value_usd": "DECIMAL(38,8)",
        "other_usage_usd": "DECIMAL(38,8)",
        "usage_value_share": "DOUBLE",
        "max_mode_requests": "BIGINT",
        "simple_premium_model_requests": "BIGINT",
    },
    "model_mix_daily": {
        "team_id": "VARCHAR",
        "usage_date": "DATE",
        "email": "VARCHAR",
        "model": "VARCHAR",
        "model_tier": "VARCHAR",
        "requests": "BIGINT",
        "input_tokens": "BIGINT",
        "output_tokens": "BIGINT",
        "cache_write_tokens": "BIGINT",
        "cache_read_tokens": "BIGINT",
        "usage_value_usd": "DECIMAL(38,8)",
        "other_usage_usd": "DECIMAL(38,8)",
        "max_mode_requests": "BIGINT",
        "simple_premium_model_requests": "BIGINT",
    },
    "usage_costs": {
        "team_id": "VARCHAR",
        "cycle_start_at": "TIMESTAMP",
        "cycle_end_at": "TIMESTAMP",
        "is_open_cycle": "BOOLEAN",
        "is_fully_covered": "BOOLEAN",
        "email": "VARCHAR",
        "seat_type": "VARCHAR",
        "seat_fee_usd": "DECIMAL(38,8)",
        "seat_price_source": "VARCHAR",
        "included_usage_usd": "DECIMAL(38,8)",
        "on_demand_usd": "DECIMAL(38,8)",
        "cash_cost_usd": "DECIMAL(38,8)",
        "usage_value_usd": "DECIMAL(38,8)",
        "other_usage_usd": "DECIMAL(38,8)",
        "on_demand_share": "DOUBLE",
        "requests": "BIGINT",
        "input_tokens": "BIGINT",
        "output_tokens": "BIGINT",
        "cache_write_tokens": "BIGINT",
        "cache_read_tokens": "BIGINT",
    },
    "usage_costs_daily": {
        "team_id": "VARCHAR",
        "usage_date": "DATE",
        "email": "VARCHAR",
        "included_usage_usd": "DECIMAL(38,8)",
        "on_demand_usd": "DECIMAL(38,8)",
        "usage_value_usd": "DECIMAL(38,8)",
        "other_usage_usd": "DECIMAL(38,8)",
        "requests": "BIGINT",
        "input_tokens": "BIGINT",
        "output_tokens": "BIGINT",
        "cache_write_tokens": "BIGINT",
        "cache_read_tokens": "BIGINT",
        "is_settled": "BOOLEAN",
    },
}
SEED_TYPES = {
    "seat_prices": {"valid_from": "DATE", "monthly_price_usd": "DECIMAL(38,8)", "seat_type": "VARCHAR"},
    "seat_types": {"team_id": "VARCHAR", "email": "VARCHAR", "seat_type": "VARCHAR", "valid_from": "DATE"},
    "reclaim_exclusions": {"team_id": "VARCHAR", "email": "VARCHAR", "reason": "VARCHAR", "expires_on": "DATE"},
    "join_dates": {"team_id": "VARCHAR", "email": "VARCHAR", "join_date": "DATE"},
    "dashboard_totals": {
        "team_id": "VARCHAR",
        "measure": "VARCHAR",
        "start_date": "DATE",
        "end_date": "DATE",
        "value": "DECIMAL(38,8)",
        "read_at": "TIMESTAMP",
    },
    "renewal_dates": {"team_id": "VARCHAR", "renewal_date": "DATE"},
    "cost_centres": {"team_id": "VARCHAR", "email": "VARCHAR", "cost_centre": "VARCHAR", "valid_from": "DATE"},
    "model_tiers": {"model": "VARCHAR", "output_usd_per_million": "DECIMAL(38,8)", "valid_from": "DATE"},
    "seat_allowances": {"valid_from": "DATE", "monthly_allowance_usd": "DECIMAL(38,8)", "is_pooled": "BOOLEAN"},
    "model_patterns": {"pattern": "VARCHAR", "listed_model": "VARCHAR", "usage_pool": "VARCHAR"},
    "cursor_kinds": {"kind": "VARCHAR", "category": "VARCHAR", "note": "VARCHAR"},
}
DAY = "2026-11-03"
KINDS = {
    "included": ("Included in Business", "USAGE_EVENT_KIND_INCLUDED_IN_BUSINESS", "Included in Pro", "Included"),
    "on_demand": ("Usage-based", "USAGE_EVENT_KIND_USAGE_BASED", "On-Demand", " usage-BASED "),
    "credit": ("Free Credit", "USAGE_EVENT_KIND_FREE_CREDIT", "Free"),
    "own_key": ("User API Key", "USAGE_EVENT_KIND_USER_API_KEY"),
    "not_charged": (
        "Errored, Not Charged",
        "USAGE_EVENT_KIND_ERRORED_NOT_CHARGED",
        "Aborted, Not Charged",
        "USAGE_EVENT_KIND_ABORTED_NOT_CHARGED",
    ),
    "unknown": ("Custom Subscription", "Included in Everything", "USAGE_EVENT_KIND_LOTTERY", "", None),
}
# The model as events spell it, and the tier of cursor-api.md section 8.
TIERS = {
    "claude-4.5-sonnet": "standard",
    "claude-sonnet-4.5": "standard",
    "claude-4.5-sonnet-thinking": "standard",
    "claude-4.6-opus-high-thinking": "premium",
    "claude-4.6-opus-fast": "premium",
    "claude-4.5-haiku": "standard",
    "composer-2": "entry",
    "composer-2.5-fast": "unknown",
    "Cursor Grok 4.6 (Auto Balanced)": "unknown",
    "default": "standard",
    "AUTO": "standard",
    "gpt-5": "standard",
    "gpt-5-fast": "premium",
    "GPT-5-High": "standard",
    "gpt-5-mini": "entry",
    "gpt-5.3-codex-high-fast": "standard",
    "gpt-5.5": "premium",
    "gpt-6": "unknown",
    "grok-4-fast": "entry",
    "grok-4-thinking-1m": "standard",
    "kimi-k2.5": "entry",
    "gpt-5thinking": "unknown",
    "-thinking": "unknown",
}


def usd(cents: Decimal) -> Decimal:
    """Dollars with eight decimals, half away from zero."""
    with localcontext(prec=100):
        return (cents * Decimal("0.01")).quantize(Decimal("0.00000001"), rounding=ROUND_HALF_UP)


def number_text(draw: random.Random, most_digits: int = 17, most_decimals: int = 22) -> str:
    """A JSON number as an API of doubles may write it: plain or with an exponent, near a half or far from it."""
    digits = draw.randint(0, 10 ** draw.randint(1, most_digits))
    scale = draw.randint(0, most_decimals)
    value = Decimal(digits).scaleb(-scale) * draw.choice([1, 1, 1, -1])
    if draw.random() < 0.3:
        value = (Decimal(draw.randint(-(10**6), 10**6)) + Decimal("0.5")) * Decimal("0.000001")
    return draw.choice([format(value, "f"), format(value, "e"), str(value), repr(float(value))])


AMOUNTS = random.Random(20261103)  # noqa: S311  made-up amounts, not cryptography
CHARGED = [number_text(AMOUNTS) for _ in range(1500)]
BY_TOKENS = [
    (
        number_text(AMOUNTS, most_digits=14, most_decimals=19),
        AMOUNTS.choice(["0", "10", "12.5", "33.333333333333336", None]),
        number_text(AMOUNTS, most_digits=9, most_decimals=19),
    )
    for _ in range(500)
]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> WarehouseBuilder:
    """One build for all: each test has a team of its own."""
    builder = WarehouseBuilder(tmp_path_factory.mktemp("cost_marts"))
    for add in (
        add_amounts,
        add_kinds,
        add_tiers,
        add_developers,
        add_activity,
        add_simple_work,
        add_anniversaries,
        add_months,
        add_seats,
        add_rollover,
        add_nameless_member,
    ):
        add(builder)
    with (DBT_PROJECT / "seeds" / "seat_prices.csv").open(newline="") as file:
        list_prices = list(csv.DictReader(file))
    result = builder.build(
        seeds={
            "seat_types": [
                {
                    "team_id": "seats",
                    "email": "Premium@example.com ",
                    "seat_type": "premium",
                    "valid_from": "2026-07-01",
                },
                {
                    "team_id": "seats",
                    "email": "upgraded@example.com",
                    "seat_type": "premium",
                    "valid_from": "2026-10-20",
                },
                {"team_id": "*", "email": "boss@example.com", "seat_type": "premium"},
            ],
            "join_dates": [{"team_id": "seats", "email": "dated@example.com", "join_date": "2026-10-31"}],
            "seat_prices": [
                *list_prices,
                {"team_id": "rollover", "seat_type": "standard", "valid_from": "2026-10-12", "monthly_price_usd": 31},
            ],
        }
    )
    warnings = {node for node, status in result.statuses().items() if status == "warn"}
    assert warnings == {"every_member_of_the_list_has_an_email"}
    return builder


def rows(warehouse: WarehouseBuilder, mart: str, team: str, columns: str, order: str = "all") -> list[tuple[Any, ...]]:
    found = warehouse.query(f"select {columns} from marts.{mart} where team_id = ? order by {order}", team)
    return [tuple(row.values()) for row in found]


@pytest.mark.parametrize("mart", sorted(PROMISED))
def test_mart_has_the_promised_columns_and_types(warehouse: WarehouseBuilder, mart: str) -> None:
    found = warehouse.query(f"describe marts.{mart}")
    assert PROMISED[mart].items() <= {row["column_name"]: row["column_type"] for row in found}.items()


@pytest.mark.parametrize("seed", sorted(SEED_TYPES))
def test_seed_has_its_types_also_where_it_is_empty(warehouse: WarehouseBuilder, seed: str) -> None:
    found = warehouse.query(f"describe seeds.{seed}")
    assert SEED_TYPES[seed].items() <= {row["column_name"]: row["column_type"] for row in found}.items()


# Money


def add_amounts(builder: WarehouseBuilder) -> None:
    charged = [event(f"{DAY} 10:00", f"c{n}@example.com", text, cursorTokenFee="9") for n, text in enumerate(CHARGED)]
    by_tokens = [
        event(
            f"{DAY} 10:00",
            f"t{n}@example.com",
            tokenUsage={"totalCents": total, "discountPercentOff": discount},
            cursorTokenFee=fee,
        )
        for n, (total, discount, fee) in enumerate(BY_TOKENS)
    ]
    tiny = [event(f"{DAY} 11:00", "tiny@example.com", "0.6") for _ in range(3)]
    unpriced = [
        event(f"{DAY} 12:00", "unpriced@example.com", tokens=None, cursorTokenFee="1"),
        event(f"{DAY} 12:00", "half_priced@example.com"),
        event(f"{DAY} 12:00", "half_priced@example.com", "250"),
    ]
    twins = [event(f"{DAY} 13:00", "twin@example.com", "1.5")] * 2
    builder.add_events((DAY, DAY), [*charged, *by_tokens, *tiny, *unpriced, *twins], team="amounts")


def amounts(warehouse: WarehouseBuilder) -> dict[str, Decimal]:
    return dict(rows(warehouse, "usage_costs_daily", "amounts", "email, on_demand_usd"))


def test_charged_cents_are_the_decimal_of_their_text(warehouse: WarehouseBuilder) -> None:
    found = amounts(warehouse)
    expected = {f"c{n}@example.com": usd(Decimal(text)) for n, text in enumerate(CHARGED)}
    assert {email: found[email] for email in expected} == expected


def test_tokens_price_what_has_no_charge_and_are_rounded_once(warehouse: WarehouseBuilder) -> None:
    found = amounts(warehouse)
    with localcontext(prec=100):
        expected = {
            f"t{n}@example.com": usd(Decimal(total) * (1 - Decimal(discount or 0) / 100) + Decimal(fee))
            for n, (total, discount, fee) in enumerate(BY_TOKENS)
        }
    assert {email: found[email] for email in expected} == expected


def test_three_events_of_six_tenths_of_a_cent_are_eighteen_tenths(warehouse: WarehouseBuilder) -> None:
    assert amounts(warehouse)["tiny@example.com"] == Decimal("0.018")


def test_equal_events_both_count(warehouse: WarehouseBuilder) -> None:
    assert amounts(warehouse)["twin@example.com"] == Decimal("0.03")


def test_unpriced_requests_are_counted_and_a_day_of_nothing_else_has_no_cost(warehouse: WarehouseBuilder) -> None:
    daily_rows = rows(warehouse, "usage_costs_daily", "amounts", "email, on_demand_usd, usage_value_usd, requests")
    assert [row for row in daily_rows if "priced" in row[0]] == [
        ("half_priced@example.com", Decimal("2.5"), Decimal("2.5"), 2),
        ("unpriced@example.com", None, None, 1),
    ]
    unpriced = warehouse.query(
        "select email, unpriced_requests from intermediate.int_usage_daily where team_id = 'amounts' "
        "and unpriced_requests > 0 order by all"
    )
    assert [tuple(row.values()) for row in unpriced] == [("half_priced@example.com", 1), ("unpriced@example.com", 1)]


# Kinds and models


def add_kinds(builder: WarehouseBuilder) -> None:
    events = []
    for category, kinds in KINDS.items():
        for n, kind in enumerate(kinds):
            one = event(f"{DAY} 10:00", f"{category}@example.com", "100")
            one["kind"] = kind
            if n % 2:
                one["kindLabel"] = one.pop("kind")
            events.append(one)
    builder.add_events((DAY, DAY), events, team="kinds")


def test_a_kind_is_known_by_label_enum_and_short_form(warehouse: WarehouseBuilder) -> None:
    found = rows(
        warehouse,
        "usage_costs_daily",
        "kinds",
        "email, cast(included_usage_usd as integer), cast(on_demand_usd as integer), cast(usage_value_usd as integer), "
        "cast(other_usage_usd as integer), requests",
    )
    assert found == [
        ("credit@example.com", 0, 0, 0, 3, 3),
        ("included@example.com", 4, 0, 4, 0, 4),
        ("not_charged@example.com", 0, 0, 0, 0, 0),
        ("on_demand@example.com", 0, 4, 4, 0, 4),
        ("own_key@example.com", 0, 0, 0, 2, 2),
        ("unknown@example.com", 0, 0, 0, 5, 5),
    ]


def test_what_was_not_charged_is_no_use_of_a_model_and_no_cost(warehouse: WarehouseBuilder) -> None:
    for mart in ("model_mix", "model_mix_daily", "usage_costs"):
        assert "not_charged@example.com" not in [email for (email,) in rows(warehouse, mart, "kinds", "email")]


def add_tiers(builder: WarehouseBuilder) -> None:
    without_model = {**event(f"{DAY} 10:00", "ann@example.com", "1"), "model": None}
    events = [{**without_model, "model": model} for model in TIERS]
    builder.add_events((DAY, DAY), [*events, without_model], team="tiers")


def test_model_tiers_are_those_of_the_list(warehouse: WarehouseBuilder) -> None:
    for mart in ("model_mix", "model_mix_daily"):
        found: dict[str | None, str] = dict(rows(warehouse, mart, "tiers", "model, model_tier"))
        assert found.pop(None) == "unknown"
        assert found == TIERS


def add_simple_work(builder: WarehouseBuilder) -> None:
    at, ann = f"{DAY} 10:00", "ann@example.com"
    opus, sonnet = "claude-4.5-opus", "claude-4.5-sonnet"
    builder.add_events(
        ("2026-10-21", DAY),
        [
            event(at, ann, "1", model=opus, tokens=(20_000, 500, 0, 0)),  # simple: at both limits
            event(at, ann, "1", model=opus, tokens=(10_000, 500, 5_000, 5_000)),  # simple
            event(at, ann, "1", model=opus, tokens=(10_000, 500, 5_000, 5_001)),
            event(at, ann, "1", model=opus, tokens=(0, 501, 0, 0)),
            event(at, ann, "1", model=opus, tokens=(0, 0, 0, 0), maxMode=True),
            event(at, ann, "1", model=opus, tokenUsage={"inputTokens": 1, "outputTokens": 1, "cacheReadTokens": 1}),
            event(at, ann, "1", model=opus, tokens=(0, 0, 0, 0), kind="Errored, Not Charged"),
            event(at, ann, "6", model=sonnet, tokens=(1, 1, 1, 1)),
            event("2026-10-21 00:00", ann, "1", model=sonnet, tokens=(1, 1, 1, 1)),  # one of the window's days
            event(at, "bo@example.com", "-1", model=sonnet),
        ],
        team="simple",
    )
    builder.add_events(("2026-10-20", "2026-10-20"), [event("2026-10-20 23:59:59.999", ann, "7")], team="simple")


def test_model_mix_has_shares_within_the_developer_over_the_window(warehouse: WarehouseBuilder) -> None:
    columns = (
        "email, model, requests, request_share, input_tokens, output_tokens, cache_write_tokens, cache_read_tokens, "
        "usage_value_usd, usage_value_share, max_mode_requests, simple_premium_model_requests, window_start_date"
    )
    start, opus, sonnet = date(2026, 10, 21), "claude-4.5-opus", "claude-4.5-sonnet"
    six_of_13, seven_of_13 = pytest.approx(6 / 13), pytest.approx(7 / 13)
    assert rows(warehouse, "model_mix", "simple", columns) == [
        ("ann@example.com", opus, 6, 0.75, 40_001, 2_002, 10_000, 10_002, Decimal("0.06"), six_of_13, 1, 2, start),
        ("ann@example.com", sonnet, 2, 0.25, 2, 2, 2, 2, Decimal("0.07"), seven_of_13, 0, 0, start),
        ("bo@example.com", sonnet, 1, 1.0, 100, 50, 0, 0, Decimal("-0.01"), None, 0, 0, start),
    ]


def test_model_mix_daily_has_all_history(warehouse: WarehouseBuilder) -> None:
    columns = "usage_date, email, model, requests, usage_value_usd, simple_premium_model_requests"
    assert rows(warehouse, "model_mix_daily", "simple", columns) == [
        (date(2026, 10, 20), "ann@example.com", "gpt-5", 1, Decimal("0.07"), 0),
        (date(2026, 10, 21), "ann@example.com", "claude-4.5-sonnet", 1, Decimal("0.01"), 0),
        (date(2026, 11, 3), "ann@example.com", "claude-4.5-opus", 6, Decimal("0.06"), 2),
        (date(2026, 11, 3), "ann@example.com", "claude-4.5-sonnet", 1, Decimal("0.06"), 0),
        (date(2026, 11, 3), "bo@example.com", "claude-4.5-sonnet", 1, Decimal("-0.01"), 0),
    ]


# Developers and days


def add_developers(builder: WarehouseBuilder) -> None:
    at = f"{DAY} 10:00"
    builder.add_events(
        (DAY, DAY),
        [
            event(at, " Alice@Example.com\t", "1"),
            event(at, "alice@example.com", "2", serviceAccountId="null"),
            event(at, "left@example.com", "3"),
            event(at, None, "10"),
            event(at, "", "20"),
            event(at, "  ", "40"),
            event(at, "runner@example.com", "80", serviceAccountId="sa_1"),
            event(at, "alice@example.com", "160", serviceAccountId="sa_2"),
        ],
        team="developers",
    )


@pytest.mark.parametrize("mart", ["model_mix", "model_mix_daily", "usage_costs", "usage_costs_daily"])
def test_usage_without_a_person_is_one_row_and_rows_sum_to_the_team(warehouse: WarehouseBuilder, mart: str) -> None:
    assert rows(warehouse, mart, "developers", "email, requests, usage_value_usd", "email") == [
        ("alice@example.com", 2, Decimal("0.03")),
        ("left@example.com", 1, Decimal("0.03")),
        (None, 5, Decimal("3.1")),
    ]


def add_activity(builder: WarehouseBuilder) -> None:
    builder.add_events((DAY, DAY), [event(f"{DAY} 10:00", "ann@example.com", "8", kind="Included")], team="activity")
    builder.add_events(("2026-11-04", "2026-11-04"), [], team="activity", fetched_at="2026-11-06 23:59:59")
    builder.add_open_day("2026-11-05 06:00", [event("2026-11-05 05:00", "ann@example.com", "99")], team="activity")
    builder.add_daily(
        ("2026-11-02", "2026-11-04"),
        [
            daily(DAY, "Ann@example.com"),
            daily(DAY, "tab@example.com"),
            daily(DAY, "TAB@example.com", userId="user_2"),
            daily(DAY, "idle@example.com", is_active=False),
            daily(DAY, "unsaid@example.com", is_active=None),
            daily("2026-11-02", "tab@example.com"),  # no events of this day are loaded
            daily("2026-11-04", "tab@example.com"),
            daily(DAY, None),
        ],
        team="activity",
    )


def test_the_open_day_is_in_no_cost_or_model_mart(warehouse: WarehouseBuilder) -> None:
    for mart in ("model_mix", "model_mix_daily", "usage_costs", "usage_costs_daily"):
        total = warehouse.query(f"select sum(usage_value_usd) as usd from marts.{mart} where team_id = 'activity'")
        assert total == [{"usd": Decimal("0.08")}]


def test_an_active_day_without_events_has_no_measures(warehouse: WarehouseBuilder) -> None:
    columns = (
        "usage_date, email, included_usage_usd, on_demand_usd, usage_value_usd, requests, input_tokens, is_settled"
    )
    second, third, fourth = (date(2026, 11, day) for day in (2, 3, 4))
    assert rows(warehouse, "usage_costs_daily", "activity", columns) == [
        (second, "tab@example.com", None, None, None, None, None, False),
        (third, "ann@example.com", Decimal("0.08"), Decimal(0), Decimal("0.08"), 1, 100, True),
        (third, "tab@example.com", None, None, None, None, None, True),
        (fourth, "tab@example.com", None, None, None, None, None, False),
    ]


# Billing cycles


def add_anniversaries(builder: WarehouseBuilder) -> None:
    team = "anniversaries"
    builder.add_spend_snapshot("2027-01-31 22:00", "2027-01-31 21:13:08", [], team=team)
    builder.add_spend_snapshot("2027-03-02 06:00", "2027-02-28 21:13:08", [], team=team)
    at_the_border = [
        event("2027-02-28 21:13:07.999", "ann@example.com", "1"),
        event("2027-02-28 21:13:08", "ann@example.com", "2"),
        event("2027-03-01 10:00", "ann@example.com", "4", kind="Included"),
    ]
    builder.add_events(("2027-01-31", "2027-03-01"), at_the_border, team=team)
    builder.add_events(("2026-12-30", "2026-12-30"), [event("2026-12-30 10:00", "ann@example.com", "8")], team=team)


def test_cycles_that_start_on_the_31st(warehouse: WarehouseBuilder) -> None:
    columns = (
        "cycle_start_at, cycle_end_at, is_open_cycle, is_fully_covered, on_demand_usd, on_demand_share, seat_fee_usd, "
        "cash_cost_usd"
    )
    november, december, january, february, march = (
        instant(f"{day} 21:13:08") for day in ("2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31")
    )
    assert rows(warehouse, "usage_costs", "anniversaries", columns) == [
        (november, december, False, False, Decimal("0.08"), 1.0, None, None),
        (january, february, False, True, Decimal("0.01"), 1.0, None, None),
        (february, march, True, True, Decimal("0.02"), pytest.approx(1 / 3), None, None),
    ]


def test_cycles_reach_from_the_first_loaded_day_to_the_open_one(warehouse: WarehouseBuilder) -> None:
    found = warehouse.query(
        "select cast(cycle_start_at as date) as day, start_source from intermediate.int_billing_cycles "
        "where team_id = 'anniversaries' order by all"
    )
    assert [tuple(row.values()) for row in found] == [
        (date(2026, 11, 30), "inferred"),
        (date(2026, 12, 31), "inferred"),
        (date(2027, 1, 31), "observed"),
        (date(2027, 2, 28), "observed"),
    ]


def add_months(builder: WarehouseBuilder) -> None:
    builder.add_events(
        ("2026-10-31", "2026-11-02"),
        [event("2026-10-31 23:59:59.999", "ann@example.com", "1"), event("2026-11-01 00:00", "ann@example.com", "2")],
        team="months",
    )


def test_without_a_spend_snapshot_cycles_are_calendar_months(warehouse: WarehouseBuilder) -> None:
    columns = "cycle_start_at, cycle_end_at, is_open_cycle, is_fully_covered, on_demand_usd"
    october, november, december = (instant(f"2026-{month}-01") for month in (10, 11, 12))
    assert rows(warehouse, "usage_costs", "months", columns) == [
        (october, november, False, False, Decimal("0.01")),
        (november, december, True, True, Decimal("0.02")),
    ]


# Seats


def add_seats(builder: WarehouseBuilder) -> None:
    """One cycle, 11 October to 11 November (31 days), and a list before, in and after its start."""
    team, start = "seats", "2026-10-11 14:00"
    there = [
        member("old@example.com"),
        member("Premium@Example.com"),
        member("upgraded@example.com"),
        member("boss@example.com"),
        member("unpaid@example.com", role="free-owner"),
        member("twice@example.com"),
        member("Twice@example.com ", id="user_2", isRemoved=True),
        member("again@example.com"),
        member("again@example.com", id="user_z", isRemoved=True),
        member("both@example.com", role="free-owner", id="user_1"),
        member("both@example.com", id="user_9"),
        member("dated@example.com"),
        member("runner@example.com"),
        member("robot@example.com", serviceAccountId="sa_2"),
    ]
    before = [
        *there,
        member("vanished@example.com"),
        member("unused@example.com"),
        member("was_unpaid@example.com", role="free-owner"),
    ]
    builder.add_members_snapshot("2026-10-10 06:00", before, team=team)
    builder.add_members_snapshot("2026-10-12 06:00", [*before, member("first_day@example.com")], team=team)
    after = [
        *there,
        member("first_day@example.com"),
        member("joiner@example.com"),
        member("unused@example.com", isRemoved=True),
        member("removed@example.com", isRemoved=True),
        member("was_unpaid@example.com", role="removed"),
    ]
    builder.add_members_snapshot("2026-11-01 06:00", after, team=team)
    builder.add_members_snapshot("2026-11-10 06:00", [*after, member("last_day@example.com")], team=team)
    builder.add_spend_snapshot("2026-11-10 06:00", start, [], team=team)
    used = (
        "old@example.com",
        "vanished@example.com",
        "removed@example.com",
        "was_unpaid@example.com",
        "unpaid@example.com",
        "nobody@example.com",
    )
    events = [event("2026-10-20 10:00", email, "100") for email in used]
    runner = event("2026-10-20 10:00", "runner@example.com", "100", serviceAccountId="sa_1")
    failed = event("2026-10-20 10:00", "unused@example.com", "100", kind="Errored, Not Charged")
    builder.add_events(("2026-10-11", "2026-11-09"), [*events, runner, failed], team=team)


def test_each_seat_costs_what_the_cycle_bills_for_it(warehouse: WarehouseBuilder) -> None:
    columns = "email, seat_type, seat_fee_usd, seat_price_source, on_demand_usd, cash_cost_usd"
    listed, usage, none = "assumed_list", Decimal(1), Decimal(0)
    found = warehouse.query(
        f"select {columns} from marts.usage_costs where team_id = 'seats' and is_open_cycle order by email"
    )
    assert [tuple(row.values()) for row in found] == [
        ("again@example.com", "standard", Decimal(40), listed, none, Decimal(40)),
        ("boss@example.com", "premium", Decimal(120), listed, none, Decimal(120)),
        ("both@example.com", "standard", Decimal(40), listed, none, Decimal(40)),
        ("dated@example.com", "standard", Decimal("14.19"), listed, none, Decimal("14.19")),  # 11 days by the join date
        (
            "first_day@example.com",
            "standard",
            Decimal("38.71"),
            listed,
            none,
            Decimal("38.71"),
        ),  # seen on day two: 30 days
        ("joiner@example.com", "standard", Decimal("12.90"), listed, none, Decimal("12.90")),  # 10 days
        ("last_day@example.com", "standard", Decimal("1.29"), listed, none, Decimal("1.29")),
        ("nobody@example.com", None, none, None, usage, usage),
        ("old@example.com", "standard", Decimal(40), listed, usage, Decimal(41)),
        ("premium@example.com", "premium", Decimal(120), listed, none, Decimal(120)),
        (
            "removed@example.com",
            "standard",
            Decimal("12.90"),
            listed,
            usage,
            Decimal("13.90"),
        ),  # came and went between lists
        ("twice@example.com", "standard", Decimal(40), listed, none, Decimal(40)),
        ("unpaid@example.com", "unpaid_admin", none, None, usage, usage),
        ("upgraded@example.com", "standard", Decimal(40), listed, none, Decimal(40)),  # from the next cycle on
        ("vanished@example.com", "standard", Decimal(40), listed, usage, Decimal(41)),
        ("was_unpaid@example.com", "unpaid_admin", none, None, usage, usage),
        (None, None, none, None, usage, usage),
    ]


def test_paid_seats_are_those_that_the_open_cycle_bills(warehouse: WarehouseBuilder) -> None:
    found = warehouse.query(
        "select email, is_removed, cast(monthly_seat_fee_usd as integer) as fee, is_tenure_known "
        "from intermediate.int_seats where team_id = 'seats' and is_paid order by email"
    )
    assert [tuple(row.values()) for row in found] == [
        ("again@example.com", False, 40, False),
        ("boss@example.com", False, 120, False),
        ("both@example.com", False, 40, False),
        ("dated@example.com", False, 40, True),
        ("first_day@example.com", False, 40, True),
        ("joiner@example.com", False, 40, True),
        ("last_day@example.com", False, 40, True),
        ("old@example.com", False, 40, False),
        ("premium@example.com", False, 120, False),
        ("removed@example.com", True, 40, True),
        ("twice@example.com", False, 40, False),
        ("upgraded@example.com", False, 40, False),
        ("vanished@example.com", True, 40, False),
    ]


def add_rollover(builder: WarehouseBuilder) -> None:
    """Two cycles with another price in the second; a seat that is left in the first, used, and gone in the second."""
    team = "rollover"
    both = [member("ann@example.com"), member("left@example.com")]
    builder.add_members_snapshot("2026-10-01 06:00", both, team=team)
    builder.add_members_snapshot("2026-11-14 06:00", both[:1], team=team)
    builder.add_spend_snapshot("2026-10-13 06:00", "2026-10-12 14:00", [], team=team)
    builder.add_spend_snapshot("2026-11-14 06:00", "2026-11-12 14:00", [], team=team)
    events = [
        event("2026-09-20 10:00", "left@example.com", "100"),  # in a cycle with a list before its end
        event("2026-08-20 10:00", "left@example.com", "100"),  # in one without
        event("2026-10-20 10:00", "left@example.com", "100", kind="Included"),
    ]
    builder.add_events(("2026-08-20", "2026-11-13"), events, team=team)


def test_a_cycle_costs_the_price_at_its_start_and_is_unknown_before_the_first_list(warehouse: WarehouseBuilder) -> None:
    columns = "cast(cycle_start_at as date), email, is_fully_covered, seat_fee_usd, seat_price_source, cash_cost_usd"
    august, september, october, november = (date(2026, month, 12) for month in (8, 9, 10, 11))
    list_price, own_price, fee = "assumed_list", "configured", Decimal(31)
    assert rows(warehouse, "usage_costs", "rollover", columns) == [
        (august, "left@example.com", False, None, None, None),
        (september, "ann@example.com", True, Decimal(40), list_price, Decimal(40)),
        (september, "left@example.com", True, Decimal(40), list_price, Decimal(41)),
        (october, "ann@example.com", True, fee, own_price, fee),
        (october, "left@example.com", True, fee, own_price, fee),
        (november, "ann@example.com", True, fee, own_price, fee),
    ]


def add_nameless_member(builder: WarehouseBuilder) -> None:
    nameless = [member(None, id="user_1"), member("", id="user_2")]
    builder.add_members_snapshot("2026-11-04 06:00", [*nameless, member("ann@example.com")], team="nameless")
    builder.add_events((DAY, DAY), [event(f"{DAY} 10:00", None, "50")], team="nameless")


def test_seats_without_an_email_cost_and_share_the_row_without_one(warehouse: WarehouseBuilder) -> None:
    columns = "email, seat_type, seat_fee_usd, on_demand_usd, cash_cost_usd"
    assert rows(warehouse, "usage_costs", "nameless", columns, "email") == [
        ("ann@example.com", "standard", Decimal(40), Decimal(0), Decimal(40)),
        (None, "standard", Decimal(80), Decimal("0.5"), Decimal("80.5")),
    ]
