"""Bugs on purpose, put into the process of one run: what the harness must see."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cursor_usage.pipeline import publish as publish_module
from tests.faults.points import WatchedConnection

_EVENTS = "raw.cursor_usage_events "
_run = WatchedConnection.statement


def publish_before_tests() -> None:
    """Publishes whatever is in the warehouse, whether its tests have passed or not."""
    _replace(publish_module, "newest_build", lambda warehouse: ("any", True))
    _replace(publish_module, "passed_at", lambda warehouse, run_id: datetime.now(UTC).replace(tzinfo=None))


def delete_without_transaction() -> None:
    """Commits between the deletion of a window's rows and the insertion of the new ones."""

    def statement(connection: WatchedConnection, query: Any, *args: Any, **kwargs: Any) -> Any:
        result = _run(connection, query, *args, **kwargs)
        if _begins(query, "delete from raw.cursor_"):
            connection.real.commit()
            connection.real.begin()
        return result

    _replace(WatchedConnection, "statement", statement)


def cost_in_the_key() -> None:
    """Adds events that raw does not have yet, told apart by a key with the amount in it, and takes none away."""
    twice = (
        "select place from (select rowid as place, row_number() over (partition by team_id, event_at, user_email, "
        f"model, kind, input_tokens, output_tokens, charged_cents order by rowid) as n from {_EVENTS}) where n > 1"
    )

    def statement(connection: WatchedConnection, query: Any, *args: Any, **kwargs: Any) -> Any:
        if _begins(query, f"delete from {_EVENTS}"):
            return connection.real.execute("select 0")
        result = _run(connection, query, *args, **kwargs)
        if not _begins(query, f"insert into {_EVENTS}"):
            return result
        inserted = result.fetchone()
        connection.real.execute(f"delete from {_EVENTS} where rowid in ({twice})")
        return connection.real.execute("select ?", list(inserted))

    _replace(WatchedConnection, "statement", statement)


def old_file_taken_away_first() -> None:
    """Deletes the published file before the new one gets its name."""
    real = os.replace

    def replace(source: Any, target: Any, *args: Any, **kwargs: Any) -> None:
        if Path(os.fspath(target)).name == "marts.duckdb":
            Path(os.fspath(target)).unlink(missing_ok=True)
        real(source, target, *args, **kwargs)

    _replace(os, "replace", replace)


BUGS: Mapping[str, Callable[[], None]] = {
    bug.__name__: bug
    for bug in (publish_before_tests, delete_without_transaction, cost_in_the_key, old_file_taken_away_first)
}


def _replace(owner: Any, name: str, by: Any) -> None:
    if not hasattr(owner, name):
        raise AttributeError(f"{owner} has no {name} any more: mend the bug that was put in on purpose")
    setattr(owner, name, by)


def _begins(query: Any, start: str) -> bool:
    return isinstance(query, str) and query.lstrip().lower().startswith(start)
