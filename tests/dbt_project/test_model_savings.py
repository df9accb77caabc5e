"""models, model_savings and seat_type_advice, from events to figures that fit on a slip of paper."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.dbt_project.warehouse_builder import Row, WarehouseBuilder, event, member, spend

AT = "2026-11-02 10:00"
OPUS, SONNET, GPT, COMPOSER = "claude-4.5-opus", "claude-4.5-sonnet", "gpt-5", "composer-2"
SIMPLE = (18_000, 500, 0, 0)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> WarehouseBuilder:
    """One build for all: each case has a team of its own."""
    builder = WarehouseBuilder(tmp_path_factory.mktemp("model_savings"))
    add_simple_work(builder)
    add_simple_work_without_a_rate(builder)
    for team in ("advice", "configured"):
        add_seats(builder, team)
    builder.build(
        seeds={
            "seat_types": [{"team_id": "*", "email": "pro@example.com", "seat_type": "premium"}],
            "seat_allowances": [
                {"team_id": "configured", "seat_type": "standard", "monthly_allowance_usd": "30"},
                {"team_id": "*", "seat_type": "standard", "valid_from": "2026-06-01"},
            ],
        }
    )
    return builder


def rows(warehouse: WarehouseBuilder, mart: str, team: str, columns: str) -> list[tuple[Any, ...]]:
    found = warehouse.query(f"select {columns} from marts.{mart} where team_id = ? order by all", team)
    return [tuple(row.values()) for row in found]


def add_simple_work(builder: WarehouseBuilder) -> None:
    """A thousand tokens cost one cent on a standard model and four on another; the entry one has a request too few."""
    thousand, half = (900, 100, 0, 0), (450, 50, 0, 0)
    builder.add_events(
        ("2026-10-31", "2026-11-14"),
        [
            *[event(AT, "ann@example.com", "100", model=OPUS, tokens=SIMPLE)] * 2,
            event(AT, "ann@example.com", "50", model=OPUS, tokens=SIMPLE, kind="Included"),
            event(AT, "ann@example.com", "50", model=OPUS, tokens=SIMPLE, kind="User API Key"),
            event(AT, "ann@example.com", "50", model=OPUS, tokens=SIMPLE, kind="Free Credit"),
            event(AT, "ann@example.com", "50", model=OPUS, tokens=(0, 501, 0, 0)),
            event(AT, "ann@example.com", "50", model=OPUS, tokens=SIMPLE, maxMode=True),
            event("2026-10-31 10:00", "ann@example.com", "50", model=OPUS, tokens=SIMPLE),
            event(AT, None, "-100", model=OPUS, tokens=SIMPLE),
            event(AT, "own@example.com", "50", model=OPUS, tokens=SIMPLE, kind="User API Key"),
            *[event(AT, "bo@example.com", "1", model=GPT, tokens=thousand)] * 19,
            event(AT, "cy@example.com", "1", model=GPT, tokens=thousand, kind="Included"),
            *[event(AT, "bo@example.com", "2", model=SONNET, tokens=half)] * 20,
            *[event(AT, "bo@example.com", "2", model=COMPOSER, tokens=half)] * 19,
            event(AT, "bo@example.com", "2", model=COMPOSER, tokens=half, kind="User API Key"),
            event(AT, "bo@example.com", "2", model="claude-9-opus"),
            event(AT, "bo@example.com", "2", model="some model", kind="Errored, Not Charged"),
        ],
        team="savings",
    )


def test_simple_work_is_costed_by_the_teams_own_rates_else_by_the_list(warehouse: WarehouseBuilder) -> None:
    columns = (
        "email, target_model_tier, simple_premium_model_requests, simple_tokens, simple_on_demand_usd, "
        "simple_included_usage_usd, rate_source, low_rate_model, high_rate_model, cash_saved_low_usd, "
        "cash_saved_high_usd, allowance_saved_low_usd, allowance_saved_high_usd"
    )
    none = Decimal(0)
    cash, allowance = Decimal(2), Decimal("0.5")
    assert rows(warehouse, "model_savings", "savings", columns) == [
        (
            *("ann@example.com", "entry", 3, 55_500, cash, allowance, "list", "grok-4-fast", COMPOSER),
            *(Decimal("1.98"), Decimal("1.99"), Decimal("0.49"), Decimal("0.5")),
        ),
        (
            *("ann@example.com", "standard", 3, 55_500, cash, allowance, "observed", GPT, SONNET),
            *(Decimal("0.52"), Decimal("1.63"), none, Decimal("0.31")),
        ),
        (None, "entry", 1, 18_500, Decimal(-1), none, "list", "grok-4-fast", COMPOSER, none, none, none, none),
        (None, "standard", 1, 18_500, Decimal(-1), none, "observed", GPT, SONNET, none, none, none, none),
    ]


def test_each_model_that_an_event_names_has_its_row(warehouse: WarehouseBuilder) -> None:
    second, before = date(2026, 11, 2), date(2026, 10, 31)
    columns = "model, listed_model, matched_by, model_tier, usage_pool, first_used_date, last_used_date, requests"
    assert rows(warehouse, "models", "savings", columns) == [
        (OPUS, OPUS, "exact", "premium", "third_party", before, second, 10),
        (SONNET, SONNET, "exact", "standard", "third_party", second, second, 20),
        ("claude-9-opus", None, "pattern", "unknown", "third_party", second, second, 1),
        (COMPOSER, COMPOSER, "exact", "entry", "cursor", second, second, 20),
        (GPT, GPT, "exact", "standard", "third_party", second, second, 20),
        ("some model", None, "unknown", "unknown", "unknown", None, None, 0),
    ]


def add_simple_work_without_a_rate(builder: WarehouseBuilder) -> None:
    """4000 tokens of input: at $1.25 a million they are half a cent, which is one; at $1 they are none."""
    events = [event(AT, "ann@example.com", "1", model=OPUS, tokens=(4_000, 0, 0, 0), kind="Included")]
    builder.add_events(("2026-11-01", "2026-11-14"), events, team="list")


def test_without_enough_requests_of_any_model_list_prices_of_all_give_the_range(warehouse: WarehouseBuilder) -> None:
    columns = "target_model_tier, low_rate_model, high_rate_model, allowance_saved_low_usd, allowance_saved_high_usd"
    none, cent = Decimal(0), Decimal("0.01")
    assert rows(warehouse, "model_savings", "list", f"{columns}, cash_saved_high_usd, rate_source") == [
        # To the cent, all entry models cost the same, and all standard ones but the cheapest: the first by name.
        ("entry", "composer-2", "composer-2", cent, cent, none, "list"),
        ("standard", "claude-4.5-haiku", "auto", none, cent, none, "list"),
    ]


def add_seats(builder: WarehouseBuilder, team: str) -> None:
    """Two closed cycles, from 12 September and 12 October, and the open one from 12 November."""
    everybody = [member(f"{name}@example.com") for name in ("heavy", "even", "silent", "pro")]
    builder.add_members_snapshot("2026-09-10 06:00", everybody, team=team)
    builder.add_members_snapshot("2026-10-15 06:00", [*everybody, member("joiner@example.com")], team=team)
    builder.add_members_snapshot("2026-11-14 06:00", [*everybody, member("joiner@example.com")], team=team)
    for month in (9, 10, 11):
        builder.add_spend_snapshot(
            f"2026-{month:02}-14 06:00", f"2026-{month:02}-12", [spend("pro@example.com")], team=team
        )
    amounts: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
        "heavy": (("2500", "10000"), ("2500", "12000")),
        "even": (("2500", "8000"), ("2400", "12000")),
        "pro": (("5000", "0"), ("10999", "0")),
        "joiner": (("0", "0"), ("2500", "10000")),
    }
    events: list[Row] = []
    for name, cycles in amounts.items():
        for day, (included, on_demand) in zip(("2026-09-20", "2026-10-20"), cycles, strict=True):
            events += [
                event(f"{day} 10:00", f"{name}@example.com", included, kind="Included"),
                event(f"{day} 11:00", f"{name}@example.com", on_demand),
            ]
        events.append(event("2026-11-12 10:00", f"{name}@example.com", "1", kind="Included"))
    builder.add_events(("2026-09-12", "2026-11-13"), events, team=team)


def test_a_seat_type_is_advised_where_its_own_cycles_decide(warehouse: WarehouseBuilder) -> None:
    columns = "email, seat_type, advised_seat_type, monthly_saving_usd, cycles_used, allowance_usd, allowance_source"
    none, observed = Decimal(0), "observed"
    assert rows(warehouse, "seat_type_advice", "advice", columns) == [
        ("even@example.com", "standard", "standard", none, 2, Decimal(25), observed),  # 80 in one cycle: the break-even
        ("heavy@example.com", "standard", "premium", Decimal(20), 2, Decimal(25), observed),
        ("joiner@example.com", "standard", None, None, 0, None, None),
        ("pro@example.com", "premium", None, None, 2, None, None),
        ("silent@example.com", "standard", "none", Decimal(40), 2, None, None),
    ]


def test_a_configured_allowance_decides_for_premium_seats_too(warehouse: WarehouseBuilder) -> None:
    columns = "email, advised_seat_type, monthly_saving_usd, average_included_usage_usd, allowance_source"
    found = {email: values for email, *values in rows(warehouse, "seat_type_advice", "configured", columns)}
    # $20 and $79.99 would be beyond a standard seat's $30: 49.995 on average, and 80 less that is 30.005.
    assert found["pro@example.com"] == ["standard", Decimal("30.01"), Decimal(80), "configured"]
    # $100 and $120 of on-demand usage, all within a premium seat's $150.
    assert found["heavy@example.com"] == ["premium", Decimal(30), Decimal(25), "configured"]
    assert {values[3] for values in found.values()} == {"configured"}
