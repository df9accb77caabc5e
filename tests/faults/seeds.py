"""A user's seeds with which dbt fails."""

from __future__ import annotations

from pathlib import Path

from cursor_usage.settings import PROJECT_DIR

_PRICES = PROJECT_DIR / "dbt_project" / "seeds" / "seat_prices.csv"


def seeds_that_fail_a_test(folder: Path) -> Path:
    """Makes the folder, with a seat price below zero: models are built with it, and a data test refuses it."""
    folder.mkdir(parents=True, exist_ok=True)
    header, *_ = _PRICES.read_text("utf-8").splitlines()
    row = {
        "team_id": "*",
        "seat_type": "standard",
        "valid_from": "2020-01-01",
        "monthly_price_usd": "-1",
        "price_source": "configured",
    }
    line = ",".join(row.get(name, "") for name in header.split(","))
    (folder / _PRICES.name).write_text(f"{header}\n{line}\n", "utf-8")
    return folder
