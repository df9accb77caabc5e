"""What a user may write into the seeds' CSVs, and how a mistake is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.dbt_project.warehouse_builder import DBT_PROJECT, DbtResult, WarehouseBuilder

SEEDS = ("build", "--select", "resource_type:seed", "--indirect-selection", "cautious")
PRICE = {"team_id": "*", "seat_type": "standard", "valid_from": "2026-06-01", "monthly_price_usd": "40"}
TYPE = {"team_id": "acme", "email": "ann@example.com", "seat_type": "premium", "valid_from": "2026-06-01"}
ALLOWANCE = {"team_id": "*", "seat_type": "standard", "valid_from": "2026-06-01", "monthly_allowance_usd": "20"}
TIER = {"model": "gpt-9", "model_tier": "premium", "output_usd_per_million": "30"}
# Every mistake at once: each has a test of its own that names it.
MISTAKES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "seat_prices": [
        {**PRICE, "seat_type": "golden", "price_source": "hearsay"},
        {**PRICE, "monthly_price_usd": "-1"},
        {**PRICE, "monthly_price_usd": ""},
    ],
    "seat_types": [TYPE, {**TYPE, "email": " Ann@Example.com"}, {**TYPE, "seat_type": "golden"}, {**TYPE, "email": ""}],
    "model_tiers": [
        TIER,
        {**TIER, "model": "GPT-9"},
        {**TIER, "model": "gpt-8", "model_tier": "luxury"},
        {**TIER, "model": "gpt-7", "output_usd_per_million": "-1"},
        {**TIER, "model": ""},
    ],
    "cursor_kinds": [
        {"kind": "Usage-based", "category": "on_demand"},
        {"kind": "USAGE_EVENT_KIND_USAGE_BASED", "category": "included"},
        {"kind": "Gift", "category": "free"},
        {"kind": "", "category": "credit"},
    ],
    "join_dates": [{"team_id": "acme", "email": "ann@example.com", "join_date": ""}],
    "model_patterns": [
        {"pattern": "gpt%", "usage_pool": "third_party"},
        {"pattern": " GPT%", "usage_pool": "swimming"},
        {"pattern": "", "usage_pool": "cursor"},
    ],
    "seat_allowances": [
        ALLOWANCE,
        {**ALLOWANCE, "monthly_allowance_usd": "-1"},
        {**ALLOWANCE, "seat_type": "unpaid_admin"},
        {**ALLOWANCE, "team_id": " "},
    ],
    "cost_centres": [
        {"team_id": "acme", "email": "\t", "cost_centre": "Web"},
        {"team_id": "acme", "email": "bo@example.com"},  # no mistake: unassigned
    ],
    "reclaim_exclusions": [{"team_id": " ", "email": "ann@example.com"}],
    "renewal_dates": [{"team_id": "acme", "renewal_date": ""}],
    "dashboard_totals": [
        {"team_id": "acme", "measure": " ", "start_date": "2026-11-01", "end_date": "2026-11-14", "value": "1"}
    ],
}
TOLD = {
    "seat_prices_have_a_known_seat_type",
    "seat_prices_have_a_known_source",
    "seat_prices_are_not_negative",
    "seat_prices_leave_no_needed_cell_empty",
    "seat_prices_give_each_seat_type_one_price_a_date",
    "seat_types_have_a_known_seat_type",
    "seat_types_leave_no_needed_cell_empty",
    "seat_types_give_each_member_one_type_a_date",
    "model_tiers_have_a_known_tier",
    "model_tiers_leave_no_needed_cell_empty",
    "model_tiers_list_each_model_once_a_date",
    "model_prices_are_not_negative",
    "cursor_kinds_have_a_known_category",
    "cursor_kinds_leave_no_needed_cell_empty",
    "cursor_kinds_give_each_kind_one_category",
    "join_dates_leave_no_needed_cell_empty",
    "model_patterns_leave_no_needed_cell_empty",
    "model_patterns_have_a_known_pool",
    "model_patterns_list_each_pattern_once",
    "seat_allowances_leave_no_needed_cell_empty",
    "seat_allowances_have_a_known_seat_type",
    "seat_allowances_are_not_negative",
    "seat_allowances_give_each_seat_type_one_allowance_a_date",
    "cost_centres_leave_no_needed_cell_empty",
    "reclaim_exclusions_leave_no_needed_cell_empty",
    "renewal_dates_leave_no_needed_cell_empty",
    "dashboard_totals_leave_no_needed_cell_empty",
}


@pytest.fixture
def builder(tmp_path: Path) -> WarehouseBuilder:
    builder = WarehouseBuilder(tmp_path)
    builder.write()
    return builder


def failed(result: DbtResult, status: str = "fail") -> set[str]:
    return {node for node, ended in result.statuses().items() if ended == status}


def test_the_projects_own_seeds_are_in_order(builder: WarehouseBuilder) -> None:
    result = builder.dbt(*SEEDS)
    assert result.is_green, result.output
    assert failed(result, "warn") == set()


def test_each_mistake_is_told_by_a_test_that_names_it(builder: WarehouseBuilder) -> None:
    result = builder.dbt(*SEEDS, seeds=MISTAKES)
    assert not result.is_green
    assert failed(result) == TOLD
    assert failed(result, "warn") == {"model_tiers_follow_the_output_price"}


@pytest.mark.parametrize(
    ("column", "value"),
    [("valid_from", "soon"), ("valid_from", "01/02/2026"), ("monthly_price_usd", "40 USD")],
)
def test_what_is_no_date_or_number_is_told_with_file_line_and_column(
    builder: WarehouseBuilder, column: str, value: str
) -> None:
    result = builder.dbt("seed", "--select", "seat_prices", seeds={"seat_prices": [PRICE, {**PRICE, column: value}]})
    assert not result.is_green
    for told in ("seat_prices.csv", "CSV Error on Line: 3", f'"{column}"', value):
        assert told in result.output


def test_a_file_as_a_spreadsheet_writes_it_is_read(builder: WarehouseBuilder, tmp_path: Path) -> None:
    """Columns in another order, a byte order mark, CRLF, quotes and an empty cell; twice, over a table made before."""
    assert builder.dbt("seed", "--select", "seat_prices").is_green
    folder = tmp_path / "own seeds"
    folder.mkdir()
    for seed in (DBT_PROJECT / "seeds").glob("*.csv"):
        (folder / seed.name).write_text(seed.read_text())
    written = (
        b"\xef\xbb\xbfvalid_from,note,monthly_price_usd,team_id,seat_type,price_source\r\n"
        b'2026-06-01,"contract, ""signed""",32.5,acme,standard,\r\n'
    )
    (folder / "seat_prices.csv").write_bytes(written)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builder, "_seeds_folder", lambda _: folder)
        for _ in range(2):
            result = builder.dbt("seed", "--select", "seat_prices")
            assert result.is_green, result.output
            assert (folder / "seat_prices.csv").read_bytes() == written, "dbt wrote into the user's file"
    found = builder.query(
        "select team_id, seat_type, cast(valid_from as varchar) as day, cast(monthly_price_usd as varchar) as price, "
        "price_source, note from seeds.seat_prices"
    )
    assert [tuple(row.values()) for row in found] == [
        ("acme", "standard", "2026-06-01", "32.50000000", None, 'contract, "signed"')
    ]
