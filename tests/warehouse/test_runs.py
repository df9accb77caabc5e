"""What a build that passes leaves in raw beside its mark: what it said that no build had said before."""

from __future__ import annotations

import duckdb
import pytest

from cursor_usage.warehouse.connection import in_memory
from cursor_usage.warehouse.runs import begin_build, pass_build


@pytest.fixture
def warehouse():
    with in_memory() as connection:
        connection.execute("create schema marts")
        connection.execute(
            """
            create table marts.verification_history (
                team_id varchar, measure varchar, reference_source varchar, window_start_date date,
                window_end_date date, said_at timestamp, run_id varchar, warehouse_value decimal(38, 8),
                reference_value decimal(38, 8), difference decimal(38, 8), verdict varchar, is_settled boolean
            )
            """
        )
        yield connection


def says(warehouse: duckdb.DuckDBPyConnection, value: str, verdict: str | None = "drift") -> None:
    """As dbt does between a build's beginning and its end: one row of the build, and one that was noted before."""
    warehouse.execute(
        """
        insert into marts.verification_history by name
        select 'acme' as team_id, 'requests' as measure, max(started_at) as said_at,
            arg_max(run_id, started_at) as run_id,
            cast($value as decimal(38, 8)) as warehouse_value, $verdict as verdict, false as is_settled
        from raw.builds
        union all by name
        select 'acme' as team_id, 'requests' as measure, timestamp '2020-01-01' as said_at, 'before' as run_id,
            1 as warehouse_value, 'matched' as verdict, true as is_settled
        """,
        {"value": value, "verdict": verdict},
    )


def noted(warehouse: duckdb.DuckDBPyConnection) -> list[tuple[str, str | None, str]]:
    return warehouse.execute("select run_id, warehouse_value, verdict from raw.verdicts order by said_at").fetchall()


def test_a_passed_build_notes_what_it_said_to_the_last_digit_and_once(warehouse):
    begin_build(warehouse, "run_1", "project")
    says(warehouse, "12345678901234567890.12345678")
    pass_build(warehouse, "run_1")
    expected = [("run_1", "12345678901234567890.12345678", "drift")]
    assert noted(warehouse) == expected
    pass_build(warehouse, "run_1")
    assert noted(warehouse) == expected


def test_a_build_that_did_not_pass_notes_nothing(warehouse):
    begin_build(warehouse, "run_1", "project")
    says(warehouse, "1")
    assert noted(warehouse) == []
    warehouse.execute("delete from marts.verification_history")
    begin_build(warehouse, "run_1", "project")
    says(warehouse, "2")
    pass_build(warehouse, "run_1")
    assert [value for _, value, _ in noted(warehouse)] == ["2.00000000"]


def test_a_build_has_passed_only_together_with_what_it_said(warehouse):
    begin_build(warehouse, "run_1", "project")
    says(warehouse, "1", verdict=None)
    with pytest.raises(duckdb.ConstraintException):
        pass_build(warehouse, "run_1")
    assert warehouse.execute("select passed_at from raw.builds").fetchall() == [(None,)]
    assert noted(warehouse) == []


def test_a_build_without_a_history_passes(warehouse):
    warehouse.execute("drop table marts.verification_history")
    begin_build(warehouse, "run_1", "project")
    pass_build(warehouse, "run_1")
    assert warehouse.execute("select count(passed_at) from raw.builds").fetchall() == [(1,)]


def test_a_build_of_the_run_that_died_has_not_passed_because_the_next_one_does(warehouse):
    begin_build(warehouse, "run_1", "project")
    begin_build(warehouse, "run_1", "project")
    pass_build(warehouse, "run_1")
    passed = warehouse.execute("select passed_at is not null from raw.builds order by started_at").fetchall()
    assert passed == [(False,), (True,)]
