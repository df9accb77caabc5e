"""Verdicts that are better than what was compared: the data tests that are named for it see each of them.

As in test_five_mistakes, one exact replacement in a copy of the project, on a warehouse that has what it is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dbt_project.test_five_mistakes import Mistake, assert_red, build
from tests.dbt_project.warehouse_builder import WarehouseBuilder, event, member, spend

if TYPE_CHECKING:
    from pathlib import Path

MISTAKES = {
    "amounts of two people are exchanged": Mistake(
        file="models/marts/verification_totals.sql",
        right="        and coalesce(emails_differing, 0) = 0 as is_equal,\n",
        wrong="        as is_equal,\n",
        test="a_match_is_equal_to_the_cent",
    ),
    "drift is called undecided": Mistake(
        file="models/marts/verification_verdicts.sql",
        right="            when counts.severity = 1 then 'drift'\n",
        wrong="            when counts.severity = 1 then 'inconclusive'\n",
        test="a_verdict_is_no_better_than_the_worst_comparison",
    ),
}


def exchanged(builder: WarehouseBuilder) -> WarehouseBuilder:
    """Ann used $1 and Bo $3 since the cycle began; the spend figures say it the other way round. Both sum to $4."""
    builder.add_members_snapshot("2026-11-21 06:00", [member("ann@example.com"), member("bo@example.com")])
    used = [event("2026-11-05 09:00", "ann@example.com", 100), event("2026-11-05 09:00", "bo@example.com", 300)]
    builder.add_events(("2026-11-03", "2026-11-20"), used)
    told = [spend("ann@example.com", 300, overall=300), spend("bo@example.com", 100, overall=100)]
    builder.add_spend_snapshot("2026-11-21 06:00", "2026-11-03 05:00", told)
    builder.add_open_day("2026-11-21 06:01")
    builder.add_team_run()
    # a failed run's drift is that of the run before, and its verdict rightly undecided
    builder.add_events(("2026-11-03", "2026-11-20"), used, team="failed since")
    builder.add_spend_snapshot("2026-11-21 06:00", "2026-11-03 05:00", told, team="failed since")
    builder.add_open_day("2026-11-21 06:01", team="failed since")
    builder.add_team_run(team="failed since", status="failed", error="The key was refused.")
    # spend figures without a single e-mail say nothing of anybody
    builder.add_events(("2026-11-03", "2026-11-20"), used, team="nobody named")
    nobody = [spend(None, 400, overall=400)]
    builder.add_spend_snapshot("2026-11-21 06:00", "2026-11-03 05:00", nobody, team="nobody named")
    builder.add_open_day("2026-11-21 06:01", team="nobody named")
    builder.add_team_run(team="nobody named")
    return builder


@pytest.mark.parametrize("name", MISTAKES)
def test_a_verdict_that_is_too_good_turns_the_build_red(name: str, tmp_path: Path) -> None:
    assert_red(MISTAKES[name], exchanged, tmp_path)


def test_on_the_same_rows_the_right_verdicts_pass(tmp_path: Path) -> None:
    builder = exchanged(WarehouseBuilder(tmp_path / "warehouse"))
    result = build(builder, *(mistake.test for mistake in MISTAKES.values()))
    assert result.is_green, result.output
    found = builder.query("select team_id, verdict, drift_count > 0 as has_drift from marts.verification_verdicts")
    assert {row["team_id"]: (row["verdict"], row["has_drift"]) for row in found} == {
        "acme": ("drift", True),
        "failed since": ("inconclusive", True),
        "nobody named": ("matched", False),
    }
