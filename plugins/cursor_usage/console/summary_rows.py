"""What the summary reads of the marts, in which order, and how their values are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from cursor_usage.console.marts import Row
from cursor_usage.console.run_summary import Access
from cursor_usage.wording import count, money, words

RECLAIM_TIERS = ("certain", "probable", "review")
VERDICT_COLUMNS = ("team_id", "verdict", "sentence", "newest_loaded_date")
TOTALS_COLUMNS = (
    "team_id",
    "window_start_date",
    "window_end_date",
    "measure",
    "measure_order",
    "unit",
    "warehouse_value",
    "reference_source",
    "reference_value",
    "difference",
    "verdict",
    "explanation",
)
SEAT_COLUMNS = (
    "team_id",
    "email",
    "name",
    "monthly_seat_fee_usd",
    "last_active_date",
    "observed_days",
    "activity_status",
    "is_adoption_gap",
    "reclaim_tier",
    "earliest_saving_date",
    "monthly_saving_usd",
)
MIX_COLUMNS = (
    "team_id",
    "window_start_date",
    "window_end_date",
    "model",
    "model_tier",
    "requests",
    "usage_value_usd",
    "simple_premium_model_requests",
)
COST_COLUMNS = (
    "team_id",
    "cycle_start_at",
    "cycle_end_at",
    "is_open_cycle",
    "is_fully_covered",
    "email",
    "seat_fee_usd",
    "included_usage_usd",
    "on_demand_usd",
    "cash_cost_usd",
    "usage_value_usd",
    "requests",
)


PRIMARY_MEASURE = "cycle_on_demand_usd"


def place_in_contract(row: Row) -> tuple[bool, bool, bool, int, str]:
    """What was compared first, then what the verdict speaks of, the open cycle, and the order of the documents."""
    measure = row["measure"]
    return (
        row["reference_source"] is None,
        measure != PRIMARY_MEASURE,
        not measure.startswith("cycle_"),
        row["measure_order"] or 0,
        row["reference_source"] or "",
    )


def dates_of(rows: Sequence[Row]) -> str:
    """Which days the figures are about; dashboard figures and those of earlier cycles have their own."""
    said = {}
    for row in rows:
        has_own = row["reference_source"] == "dashboard" or row["measure"].startswith(("previous_", "closed_"))
        if not has_own and row["window_start_date"] is not None:
            name = "open cycle" if row["measure"].startswith("cycle_") else "window"
            said[name] = f"{name} {row['window_start_date']} to {row['window_end_date']}"
    return ", ".join(said[name] for name in sorted(said, reverse=True))


def explained(rows: Sequence[Row]) -> list[tuple[str, list[str]]]:
    """Each explanation of what did not match, with the measures that it is about."""
    measures: dict[str, list[str]] = {}
    for row in sorted(rows, key=place_in_contract):
        if row["verdict"] in ("drift", "inconclusive") and row["explanation"]:
            measures.setdefault(row["explanation"], []).append(row["measure"])
    return list(measures.items())


def reclaim_order(seat: Row) -> tuple[int, Decimal, bool, str, str]:
    """Surest first, then the dearest, then the longest silent."""
    last_active = seat["last_active_date"]
    return (
        RECLAIM_TIERS.index(seat["reclaim_tier"]),
        -(seat["monthly_saving_usd"] or Decimal(0)),
        last_active is not None,
        str(last_active or ""),
        seat["email"] or "",
    )


def summed(rows: Iterable[Row], key: str, columns: Sequence[str]) -> list[Row]:
    sums: dict[Any, Row] = {}
    for row in rows:
        group = sums.setdefault(row[key], {key: row[key]} | dict.fromkeys(columns, 0))
        for column in columns:
            group[column] += row[column] or 0
    return list(sums.values())


def assumed(rows: Iterable[Row]) -> str:
    return " (list prices, assumed)" if any(row["seat_price_source"] == "assumed_list" for row in rows) else ""


def answer_of(access: Access | None) -> str:
    if access is None:
        return "-"
    if access.outcome == "ok":
        return "ok"
    status = f" ({access.status_code})" if access.status_code is not None else ""
    return f"{words(access.outcome)}{status}{': ' + access.message if access.message else ''}"


def figure(row: Row, column: str) -> str:
    is_money = row["unit"] == "usd" or row["measure"].endswith("_usd")
    return money(row[column]) if is_money else count(row[column])
