"""Makes the tested marts readable for everybody: one Parquet file a mart, then ``marts.duckdb``, each by one rename."""

from __future__ import annotations

import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from cursor_usage.disk import sync
from cursor_usage.pipeline.errors import PublishError
from cursor_usage.settings import PUBLISHED_FILE, DataDir
from cursor_usage.sql_text import literal
from cursor_usage.warehouse.connection import MEMORY_LIMIT, connected, writer
from cursor_usage.warehouse.runs import newest_build, passed_at

log = logging.getLogger(__name__)

MARTS_NAME = PUBLISHED_FILE
# The same file for tools that open it by its path. They name the database after the file, and in a database `marts`
# DuckDB holds `marts.usage_costs` to be ambiguous: most of them write just that.
TOOLS_NAME = "cursor_usage.duckdb"
# DuckDB 2.0's own format cannot be opened by 1.x tools; v1.4.0 is the oldest that readers are promised.
STORAGE_VERSION = "v1.4.0"
_PARTIAL = ".partial"
_SPILLED = f"spilled{_PARTIAL}"


def publish(data: DataDir, run_id: str) -> dict[str, int]:
    """Publishes the marts as this run's build or a later run's made them; returns rows by mart.

    Runs of a back-fill go side by side (Airflow's ``max_active_runs`` does not count them), so that another build may
    come between this run's build and its publishing. A reader that has the old file open keeps it. Only
    ``marts.duckdb`` is consistent across marts.

    Raises:
        PublishError: this run's build or the newest one has not passed its tests.
        WarehouseError: the warehouse is held by another process.
    """
    data.published.mkdir(parents=True, exist_ok=True, mode=0o700)
    with writer(data.warehouse, purpose=f"publishing, run {run_id}"):
        with connected(data.warehouse) as warehouse:
            newest_run_id, has_passed = newest_build(warehouse) or (None, False)
            if passed_at(warehouse, run_id) is None or not has_passed:
                raise PublishError(
                    f"The marts in {data.warehouse} did not pass their tests when run {newest_run_id or run_id} built "
                    f"them: nothing was published. Run the task 'build' of this run again, or start a new run."
                )
        for left_behind in data.published.glob(f"*{_PARTIAL}*"):
            if left_behind.is_dir():
                shutil.rmtree(left_behind)
            else:
                left_behind.unlink()
        return _write_and_rename(data, run_id, datetime.now(UTC).replace(tzinfo=None))


def published_run(published: Path) -> str | None:
    """The run that published what is there, or None."""
    newest = newest_publication(published)
    return newest[0] if newest else None


def newest_publication(published: Path) -> tuple[str, datetime] | None:
    """The run that published what is there, and when (naive, UTC); None where nothing is."""
    marts_file = published / MARTS_NAME
    if not marts_file.exists():
        return None
    # A second connect() to a path in one process returns the file as it was: attach it to a fresh session each time.
    with duckdb.connect() as session:
        session.execute(f"attach {literal(marts_file)} as published (read_only)")
        row = session.execute("select run_id, published_at from published.marts.publications limit 1").fetchone()
    return None if row is None else (row[0], row[1])


def _write_and_rename(data: DataDir, run_id: str, published_at: datetime) -> dict[str, int]:
    marts_file = data.published / f"{MARTS_NAME}{_PARTIAL}"
    with duckdb.connect() as session:
        session.execute("set timezone = 'UTC'")
        # As much memory as any task; what does not fit goes to the disk that the marts are on. To keep rows in order,
        # which nobody is promised, would take twice as long within that limit.
        session.execute(f"set memory_limit = {literal(MEMORY_LIMIT)}")
        session.execute(f"set temp_directory = {literal(data.published / _SPILLED)}")
        session.execute("set preserve_insertion_order = false")
        session.execute(f"attach {literal(data.warehouse)} as warehouse (read_only)")
        session.execute(f"attach {literal(marts_file)} as published (storage_version {literal(STORAGE_VERSION)})")
        session.execute("create schema published.marts")
        marts = [
            str(name)
            for (name,) in session.execute(
                "select table_name from duckdb_tables() "
                "where database_name = 'warehouse' and schema_name = 'marts' order by table_name"
            ).fetchall()
        ]
        rows = {mart: _write(session, data.published, mart, run_id, published_at) for mart in marts}
        _write_publications(session, rows, run_id, published_at)
        _copy_parquet(session, "publications", data.published, run_id, published_at)
        session.execute("detach published")
    for mart in [*rows, "publications"]:
        _rename(data.published / f"{mart}.parquet{_PARTIAL}", data.published / f"{mart}.parquet")
    for_tools = data.published / f"{TOOLS_NAME}{_PARTIAL}"
    _same_file(marts_file, for_tools)
    _rename(for_tools, data.published / TOOLS_NAME)
    _rename(marts_file, data.published / MARTS_NAME)
    for stale in data.published.glob("*.parquet"):
        if stale.stem not in {*rows, "publications"}:
            stale.unlink()
    log.info("published %d marts to %s", len(rows), data.published)
    return rows


def _write(session: duckdb.DuckDBPyConnection, folder: Path, mart: str, run_id: str, published_at: datetime) -> int:
    session.execute(f'create table published.marts."{mart}" as from warehouse.marts."{mart}"')
    comments = session.execute(
        "select column_name, comment from duckdb_columns() where database_name = 'warehouse' "
        "and schema_name = 'marts' and table_name = ? and comment is not null",
        [mart],
    ).fetchall()
    for column, comment in comments:
        session.execute(f'comment on column published.marts."{mart}"."{column}" is {literal(comment)}')
    _copy_parquet(session, mart, folder, run_id, published_at)
    row = session.execute(f'select count(*) from published.marts."{mart}"').fetchone()
    return int(row[0]) if row else 0


def _copy_parquet(
    session: duckdb.DuckDBPyConnection, mart: str, folder: Path, run_id: str, published_at: datetime
) -> None:
    target = folder / f"{mart}.parquet{_PARTIAL}"
    session.execute(
        f'copy published.marts."{mart}" to {literal(target)} (format parquet, compression zstd, '
        f"kv_metadata {{run_id: {literal(run_id)}, published_at: {literal(published_at.isoformat())}}})"
    )


def _write_publications(
    session: duckdb.DuckDBPyConnection, rows: dict[str, int], run_id: str, published_at: datetime
) -> None:
    session.execute(
        "create table published.marts.publications "
        "(mart varchar, row_count bigint, run_id varchar, published_at timestamp)"
    )
    session.execute(
        "comment on table published.marts.publications is 'One row per mart: which run published it, and when (UTC).'"
    )
    for mart, count in rows.items():
        session.execute(
            "insert into published.marts.publications values (?, ?, ?, ?)", [mart, count, run_id, published_at]
        )


def _same_file(source: Path, target: Path) -> None:
    """A second name of the file, which takes no space; a copy on a file system that gives a file one name only."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def _rename(source: Path, target: Path) -> None:
    sync(source)
    source.replace(target)
    sync(target.parent)
