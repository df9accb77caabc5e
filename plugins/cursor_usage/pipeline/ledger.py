"""Keeps in landing what the warehouse knows beside records, so that raw can be built again from landing alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import msgspec

from cursor_usage.landing import team_ids
from cursor_usage.landing.ledger import Entry, Ledger, Mark
from cursor_usage.pipeline.run import TeamRunFile
from cursor_usage.pipeline.windows import dates_of
from cursor_usage.warehouse.ledger import (
    NotedLoad,
    add_noted,
    begin_noted,
    has_load,
    position,
    rows_since,
    settle_noted,
    teams_in,
)


def note_in_ledger(landing_root: Path, warehouse: duckdb.DuckDBPyConnection, ended: TeamRunFile | None = None) -> None:
    """Adds to each team's ledger what the warehouse has done since the ledger's newest entry, and how ``ended`` ended.

    Called by whoever holds the warehouse: a step that died before it came here is noted by the next one.
    """
    for team_id in teams_in(warehouse):
        ledger = Ledger(landing_root, team_id)
        here, mark = position(warehouse, team_id), ledger.mark()
        is_same_warehouse = mark.began_at == _aware(here.began_at) and (
            mark.load_id is None or has_load(warehouse, mark.load_number, mark.load_id)
        )
        since = mark if is_same_warehouse else Mark()
        run_id = ended.run_id if ended is not None and ended.team_id == team_id else None
        rows = rows_since(warehouse, team_id, since.load_number, since.build_at, run_id)
        if rows:
            now_at = Mark(_aware(here.began_at), here.load_number, here.load_id, _aware(here.build_at))
            ledger.add(Entry(now_at, {table: msgspec.Raw(text.encode()) for table, text in rows.items()}))


def _aware(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)


def read_ledgers(landing_root: Path, connection: duckdb.DuckDBPyConnection) -> list[NotedLoad]:
    """Every team's loads in the order in which they were made; what was noted is then in temporary tables there."""
    begin_noted(connection)
    for team_id in team_ids(landing_root):
        for number, entry in enumerate(Ledger(landing_root, team_id).entries()):
            for table, rows in entry.rows.items():
                add_noted(connection, table, bytes(rows).decode(), entry=number, began_at=entry.mark.began_at)
    return settle_noted(connection)


def loads_with_rows(loads: Iterable[NotedLoad]) -> set[str]:
    """The loads whose rows raw holds after all of them, by the rule of ``warehouse.load``.

    A snapshot keeps its rows. Another load owns a day if it replaced it (its answer was new, no later fetch had filled
    the day before) and no load after it did. The open day is one place, whatever its date. An answer that its own
    warehouse found unchanged is new all the same where another warehouse's load has filled the day in between.
    """
    snapshots: set[str] = set()
    newest: dict[tuple[str, str, date | None], datetime] = {}
    owners: dict[tuple[str, str, date | None], str] = {}
    contents: dict[tuple[str, str, date | None], str | None] = {}
    for load in loads:
        if load.start_date is None:
            snapshots.add(load.load_id)
        days: list[date | None] = [None] if load.is_open_day else [*dates_of(load.start_date, load.end_date)]
        for day in days:
            place = load.team_id, load.endpoint, day
            filled_at = newest.get(place)
            # A note without a checksum cannot be compared: its warehouse is believed.
            is_there = load.is_unchanged and (load.checksum is None or contents.get(place) == load.checksum)
            if not is_there and (filled_at is None or filled_at <= load.fetch_started_at):
                owners[place], contents[place] = load.load_id, load.checksum
            newest[place] = max(filled_at or load.fetch_started_at, load.fetch_started_at)
    return snapshots | set(owners.values())
