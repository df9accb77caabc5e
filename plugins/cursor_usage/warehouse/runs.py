"""What a run leaves in raw beside rows: how it ended for a team, what endpoints answered, what the build said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb


@dataclass(frozen=True, slots=True)
class Access:
    """What one endpoint answered to this key; ``outcome`` is ok, refused, failed or not_tried."""

    endpoint: str
    outcome: str
    checked_at: datetime
    status_code: int | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class TeamRun:
    """How a run ended for a team: ``error`` is one sentence, None where it succeeded."""

    run_id: str
    team_id: str
    connection_id: str
    started_at: datetime
    finished_at: datetime
    error: str | None
    access: tuple[Access, ...] = ()


def record_team_run(connection: duckdb.DuckDBPyConnection, run: TeamRun) -> None:
    """Replaces what is known of this run of this team, in one transaction."""
    connection.begin()
    try:
        for table in ("team_runs", "endpoint_access"):
            connection.execute(f"delete from raw.{table} where run_id = ? and team_id = ?", [run.run_id, run.team_id])
        connection.execute(
            "insert into raw.team_runs values (?, ?, ?, ?, ?, ?, ?)",
            [
                run.run_id,
                run.team_id,
                run.connection_id,
                _naive(run.started_at),
                _naive(run.finished_at),
                "failed" if run.error else "succeeded",
                run.error,
            ],
        )
        for access in run.access:
            connection.execute(
                "insert into raw.endpoint_access values (?, ?, ?, ?, ?, ?, ?)",
                [
                    run.run_id,
                    run.team_id,
                    access.endpoint,
                    _naive(access.checked_at),
                    access.outcome,
                    access.status_code,
                    access.message,
                ],
            )
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def teams_recorded(connection: duckdb.DuckDBPyConnection, run_id: str) -> set[str]:
    """Teams that this run has loaded."""
    rows: Iterable[tuple[str]] = connection.execute(
        "select team_id from raw.team_runs where run_id = ? and status = 'succeeded'", [run_id]
    ).fetchall()
    return {team_id for (team_id,) in rows}


def begin_build(connection: duckdb.DuckDBPyConnection, run_id: str, project_checksum: str) -> None:
    """From here on the marts are not to be published, until :func:`pass_build`."""
    connection.execute(
        """
        insert into raw.builds by name
        select
            ? as run_id, ? as started_at, (select max(load_number) from raw.loads) as newest_load_number,
            ? as project_checksum
        """,
        [run_id, _naive(datetime.now(UTC)), project_checksum],
    )


def built_with(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The checksum of the dbt project that made what is there; None where nothing is, or where several did.

    A build that failed may have left tables behind too: all since the newest one that passed count.
    """
    row = connection.execute(
        """
        select case when count(distinct coalesce(project_checksum, '')) = 1 then max(project_checksum) end
        from raw.builds
        where started_at >= (select max(started_at) from raw.builds where passed_at is not null)
        """
    ).fetchone()
    return None if row is None else row[0]


def pass_build(connection: duckdb.DuckDBPyConnection, run_id: str) -> None:
    """All models and tests of the run's newest build were green: from here on, what it said first is history."""
    connection.begin()
    try:
        connection.execute(
            "update raw.builds set passed_at = ? where run_id = ? and passed_at is null "
            "and started_at = (select max(started_at) from raw.builds where run_id = ?)",
            [_naive(datetime.now(UTC)), run_id, run_id],
        )
        if connection.execute(
            "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'verification_history'"
        ).fetchone():
            _note_verdicts(connection)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _note_verdicts(connection: duckdb.DuckDBPyConnection) -> None:
    """Adds what the newest build said that no build had said before: the mart tells, by its one rule of what is new."""
    connection.execute(
        """
        insert into raw.verdicts by name
        select
            team_id, measure, reference_source, window_start_date, window_end_date, said_at, run_id,
            cast(warehouse_value as varchar) as warehouse_value, cast(reference_value as varchar) as reference_value,
            verdict, is_settled
        from marts.verification_history
        where said_at = (select max(started_at) from raw.builds)
            and said_at > (select coalesce(max(said_at), '-infinity') from raw.verdicts)
        """
    )


def newest_build(connection: duckdb.DuckDBPyConnection) -> tuple[str, bool] | None:
    """Run and result of the build that made the marts as they are now."""
    row = connection.execute(
        "select run_id, passed_at is not null from raw.builds order by started_at desc limit 1"
    ).fetchone()
    return None if row is None else (str(row[0]), bool(row[1]))


def passed_at(connection: duckdb.DuckDBPyConnection, run_id: str) -> datetime | None:
    """When the run's own build passed (naive, UTC): whatever is built and published later holds its rows too."""
    row = connection.execute("select max(passed_at) from raw.builds where run_id = ?", [run_id]).fetchone()
    return None if row is None else row[0]


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
