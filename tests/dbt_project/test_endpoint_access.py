"""endpoint_access: what a key may read, and that the marts that are said to be empty without it are, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from tests.companies import LAST_RUN, Built, Scenario, build_companies, folder_in_memory
from tests.cursor_api_simulator import CompanyOptions
from tests.oracle.access import EMPTY_WITHOUT
from tests.oracle.compare import assert_mart_equals
from tests.oracle.registry import expected_marts

OPTIONS = CompanyOptions(seed=7, seats=14, events_per_day=40)
# Over two rollovers, so that a closed cycle is loaded as a whole and every mart has rows.
RUNS = ("2026-09-30T05:30:00Z", "2026-10-20T05:30:00Z", "2026-11-05T05:30:00Z", LAST_RUN)
SCENARIOS = {
    "whole": Scenario(OPTIONS, RUNS),
    **{f"without-{endpoint}": Scenario(OPTIONS, RUNS, refused={endpoint: 403}) for endpoint in EMPTY_WITHOUT},
    "spend-lost": Scenario(OPTIONS, RUNS[-2:], refused_at_last={"spend": 403}),
    "key-lost": Scenario(OPTIONS, RUNS[-2:], has_wrong_key_at_last=True),
}

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def built() -> Iterator[Built]:
    with folder_in_memory() as folder:
        yield build_companies(folder, SCENARIOS, lambda *_: None)


def published(built: Built, sql: str, *parameters: object) -> list[dict[str, Any]]:
    with duckdb.connect() as session:
        session.execute(f"attach '{built.data.published}/marts.duckdb' as published (read_only)")
        session.execute("use published.marts")
        found = session.execute(sql, list(parameters))
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def marts_with_rows(built: Built, team: str) -> set[str]:
    names = published(built, "select mart from publications where mart <> 'endpoint_access'")
    return {
        row["mart"]
        for row in names
        if published(built, f"select 1 as one from {row['mart']} where team_id = ? limit 1", team)
    }


def access(built: Built, team: str) -> dict[str, dict[str, Any]]:
    return {row["endpoint"]: row for row in published(built, "select * from endpoint_access where team_id = ?", team)}


@pytest.mark.parametrize("team", SCENARIOS)
def test_the_mart_is_exact(built: Built, team: str) -> None:
    expected = expected_marts()["endpoint_access"]
    with duckdb.connect() as session:
        session.execute(f"attach '{built.data.published}/marts.duckdb' as published (read_only)")
        rows = expected.rows(built.teams[team])
        assert_mart_equals(session, "published.marts.endpoint_access", rows, expected.key_columns, team_id=team)


@pytest.mark.parametrize("endpoint", EMPTY_WITHOUT)
def test_the_marts_that_are_said_to_be_empty_are_and_no_others(built: Built, endpoint: str) -> None:
    said = access(built, f"without-{endpoint}")[endpoint]
    assert said["access"] == "refused"
    missing = marts_with_rows(built, "whole") - marts_with_rows(built, f"without-{endpoint}")
    assert ", ".join(sorted(missing)) == said["empty_marts"]


def test_an_endpoint_that_was_lost_says_since_when_and_until_when(built: Built) -> None:
    lost = access(built, "spend-lost")["spend"]
    assert lost["access"] == "refused"
    assert lost["last_granted_at"] < lost["access_since_at"] == lost["last_checked_at"]


def test_a_failed_run_changes_nothing_of_it(built: Built) -> None:
    rows = access(built, "key-lost").values()
    assert {row["access"] for row in rows} == {"granted"}
    assert {f"{row['last_checked_at']:%Y-%m-%d}" for row in rows} == {"2026-11-05"}
