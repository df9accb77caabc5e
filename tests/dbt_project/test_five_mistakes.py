"""Five mistakes that other clients of this API shipped, put into the dbt project on purpose: each turns the build red.

Each is one exact replacement in a copy of the project, which is then built on a warehouse that has what the mistake is
about. A data test whose name says the mistake must be among what fails.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.dbt_project.warehouse_builder import DBT_PROJECT, DbtResult, WarehouseBuilder, event, member, spend


@dataclass(frozen=True)
class Mistake:
    """What somebody might write in place of what is there, and the data test that is named for it."""

    file: str
    right: str
    wrong: str
    test: str


MISTAKES = {
    "the token fee is added twice": Mistake(
        file="macros/usage_events.sql",
        right="else {{ cents_to_usd('charged_text') }}\n",
        wrong="else {{ cents_to_usd('charged_text') }} + coalesce({{ cents_to_usd('cursor_token_fee') }}, 0)\n",
        test="the_token_fee_is_not_added_twice",
    ),
    "included usage is counted as cash": Mistake(
        file="models/marts/usage_costs.sql",
        right="cast(known_seat_fee_usd + on_demand_usd as decimal(38, 8)) as cash_cost_usd",
        wrong="cast(known_seat_fee_usd + usage_value_usd as decimal(38, 8)) as cash_cost_usd",
        test="no_mart_adds_included_usage_to_cash",
    ),
    "a removed seat is dropped": Mistake(
        file="models/intermediate/int_seat_fees.sql",
        right="            or usage_in_cycles.email is not null\n",
        wrong="",
        test="a_removed_seat_that_was_used_is_billed_to_the_cycles_end",
    ),
    "spend snapshots are summed": Mistake(
        file="models/intermediate/verification/int_verification_cycle_emails.sql",
        right="inner join ties on stg.team_id = ties.team_id and stg.load_id = ties.spend_load_id\n",
        wrong="inner join ties on stg.team_id = ties.team_id and stg.cycle_start_at = ties.cycle_start_at\n",
        test="spend_snapshots_are_not_summed",
    ),
    "twins are merged": Mistake(
        file="macros/usage_events.sql",
        right="select * from {{ source_relation }}\n",
        wrong="select distinct * from {{ source_relation }}\n",
        test="twins_are_not_merged",
    ),
}


def project_with(mistake: Mistake, folder: Path) -> Path:
    """A copy of the dbt project in which the one text is replaced by the other."""
    shutil.copytree(DBT_PROJECT, folder, ignore=shutil.ignore_patterns("target", "logs"))
    file = folder / mistake.file
    text = file.read_text()
    assert text.count(mistake.right) == 1, f"{mistake.file} does not have this once: put the mistake in anew"
    file.write_text(text.replace(mistake.right, mistake.wrong))
    return folder


def company(builder: WarehouseBuilder) -> WarehouseBuilder:
    """Ann has twins, a token fee and included usage; Bo was removed after use; spend was read twice in the cycle."""
    included = "Included in Business"
    twin = event("2026-11-12 10:00", "ann@example.com", "37.33", cursorTokenFee="1.18")
    builder.add_members_snapshot("2026-11-04 06:00", [member("ann@example.com"), member("bo@example.com")])
    builder.add_members_snapshot(
        "2026-11-21 06:00", [member("ann@example.com"), member("bo@example.com", isRemoved=True)]
    )
    builder.add_events(
        ("2026-11-03", "2026-11-20"),
        [
            event("2026-11-05 09:00", "bo@example.com", 250),
            event("2026-11-06 09:00", "ann@example.com", 8, kind=included),
            twin,
            twin,
            # twins that cost nothing, and an event that its tokens price, fee and all: 7 times 0.9 + 0.5 = 6.8 cents
            *[event("2026-11-12 11:00", "ann@example.com", 0)] * 2,
            event(
                "2026-11-12 12:00",
                "ann@example.com",
                tokenUsage={"totalCents": 7, "discountPercentOff": 10},
                cursorTokenFee="0.5",
            ),
        ],
    )
    before = [spend("ann@example.com", 0, overall=8), spend("bo@example.com", 250, overall=250)]
    now = [spend("ann@example.com", "81.46", overall="89.46"), spend("bo@example.com", 250, overall=250)]
    builder.add_spend_snapshot("2026-11-10 06:00", "2026-11-03 05:00", before)
    builder.add_spend_snapshot("2026-11-21 06:00", "2026-11-03 05:00", now)
    builder.add_open_day("2026-11-21 06:01")
    builder.add_team_run()
    return builder


def build(builder: WarehouseBuilder, *tests: str) -> DbtResult:
    """Builds what the tests read and runs them, and every test on the way whose models are built."""
    builder.write()
    chosen = ("--select", *(f"+{test}" for test in tests), "--indirect-selection", "buildable")
    return builder.dbt("build", "--exclude-resource-type", "unit_test", *chosen)


def assert_red(mistake: Mistake, fill: Callable[[WarehouseBuilder], WarehouseBuilder], folder: Path) -> None:
    """The mistake's own test fails on the rows that ``fill`` gives a new warehouse."""
    builder = WarehouseBuilder(folder / "warehouse", project=project_with(mistake, folder / "dbt_project"))
    result = build(fill(builder), mistake.test)
    assert not result.is_green
    assert result.statuses().get(mistake.test) == "fail", result.output


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_turns_the_build_red_by_the_test_that_names_it(name: str, tmp_path: Path) -> None:
    assert_red(MISTAKES[name], company, tmp_path)


def test_without_a_mistake_the_build_is_green(tmp_path: Path) -> None:
    """On the same rows, so that it is the mistake that each of the tests above sees."""
    builder = company(WarehouseBuilder(tmp_path / "warehouse"))
    result = build(builder, *(mistake.test for mistake in MISTAKES.values()))
    assert result.is_green, result.output
    assert {mistake.test: "pass" for mistake in MISTAKES.values()}.items() <= result.statuses().items()


def test_events_that_only_look_like_a_mistake_pass_on_the_days_since_the_last_build_that_passed(tmp_path: Path) -> None:
    builder = WarehouseBuilder(tmp_path)
    twins = [event("2026-11-03 10:00", " Ann@example.com", "7.1e-3", cursorTokenFee="0.5")] * 2
    builder.add_events(("2026-11-03", "2026-11-03"), [*twins, event("2026-11-03 11:00", None, "")])
    for _ in range(2):
        statuses = builder.build(select="+int_days_since_last_passed_build", must_be_green=False).statuses()
        assert statuses["the_token_fee_is_not_added_twice"] == "pass"
        assert statuses["twins_are_not_merged"] == "pass"
        builder.note_passed_build()
        builder.add_events(("2026-11-04", "2026-11-04"), [event("2026-11-04 00:00", "ann@example.com", 3)])
