"""Reads a team's answers out of landing, by the files alone: each record as it was received, with its manifest."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import zstandard

from tests.oracle.team import Answer, Configured, Team
from tests.oracle.usage import days_between, instant, naive_utc

if TYPE_CHECKING:
    from pathlib import Path

    from tests.oracle.team import Record


@dataclass(frozen=True)
class Fetch:
    """One landed answer. Instants are naive and in UTC."""

    endpoint: str
    first_day: date | None
    last_day: date | None
    end_at: datetime | None
    is_open_day: bool
    started_at: datetime
    cycle_start_at: datetime | None
    records: list[Record]

    @property
    def days(self) -> list[date]:
        return days_between(self.first_day, self.last_day) if self.first_day and self.last_day else []


def fetches(landing_root: Path, team_id: str) -> list[Fetch]:
    """All complete fetches of a team, oldest first."""
    manifests = (landing_root / f"team={team_id}").glob("endpoint=*/window=*/fetch=*/manifest.json")
    found = [read_fetch(landing_root, json.loads(manifest.read_bytes())) for manifest in manifests]
    return sorted(found, key=lambda fetch: fetch.started_at)


def read_fetch(landing_root: Path, manifest: dict[str, Any]) -> Fetch:
    window = manifest["window"]
    return Fetch(
        endpoint=window["endpoint"],
        first_day=day_in(window, "start_date"),
        last_day=day_in(window, "end_date"),
        end_at=instant_in(window, "end_at"),
        is_open_day=window["is_open_day"],
        started_at=naive_utc(datetime.fromisoformat(manifest["started_at"])),
        cycle_start_at=instant_in(manifest, "cycle_start_at"),
        records=read_records(landing_root / manifest["records_path"]),
    )


def day_in(values: dict[str, Any], name: str) -> date | None:
    return date.fromisoformat(values[name]) if values.get(name) else None


def instant_in(values: dict[str, Any], name: str) -> datetime | None:
    return naive_utc(datetime.fromisoformat(values[name])) if values.get(name) else None


def read_records(path: Path) -> list[Record]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as stream:
        return [json.loads(line, parse_float=Decimal, parse_int=int) for line in io.TextIOWrapper(stream, "utf-8")]


def team_of(
    landing_root: Path,
    team_id: str,
    *,
    refused: frozenset[str] = frozenset(),
    error: str | None = None,
    configured: Configured | None = None,
) -> Team:
    """The team as its landing tells it: for every day the newest answer, all of the snapshots."""
    landed = fetches(landing_root, team_id)
    events_by_day: dict[date, list[Record]] = {}
    fetched_at: dict[date, datetime] = {}
    daily_usage_rows: dict[date, list[Record]] = {}
    open_day = None
    for fetch in landed:
        if fetch.is_open_day:
            assert fetch.end_at is not None
            open_day = (fetch.records, fetch.end_at)
        elif fetch.endpoint == "usage_events":
            events_by_day |= by_day(fetch, lambda record: instant(record["timestamp"]).date())
            fetched_at |= dict.fromkeys(fetch.days, fetch.started_at)
        elif fetch.endpoint == "daily_usage":
            daily_usage_rows |= by_day(fetch, lambda record: date.fromisoformat(record["day"]))
    return Team(
        team_id,
        members_snapshots=[(fetch.started_at, fetch.records) for fetch in landed if fetch.endpoint == "members"],
        spend_snapshots=[(fetch.started_at, spend_answer(fetch)) for fetch in landed if fetch.endpoint == "spend"],
        events_by_day=events_by_day,
        open_day=open_day,
        daily_usage_rows=daily_usage_rows,
        fetched_at=fetched_at,
        refused=refused,
        error=error,
        answers=answers(landing_root, team_id),
        configured=configured or Configured(),
    )


def answers(landing_root: Path, team_id: str) -> list[Answer]:
    """What the endpoints answered to the team's runs, but for those that failed."""
    runs = [json.loads(path.read_bytes()) for path in (landing_root / f"team={team_id}" / "runs").glob("*.json")]
    return [
        Answer(
            endpoint=said["endpoint"],
            outcome=said["outcome"],
            checked_at=naive_utc(datetime.fromisoformat(said["checked_at"])),
            status_code=said.get("status_code"),
            message=said.get("message"),
        )
        for run in runs
        if not run.get("errors")
        for said in run.get("access", [])
    ]


def by_day(fetch: Fetch, day_of: Any) -> dict[date, list[Record]]:
    """The window's records by their own day: a day without any is loaded too."""
    days: dict[date, list[Record]] = defaultdict(list, {day: [] for day in fetch.days})
    for record in fetch.records:
        days[day_of(record)].append(record)
    return dict(days)


def spend_answer(fetch: Fetch) -> Record:
    start = None
    if fetch.cycle_start_at is not None:
        start = (fetch.cycle_start_at - datetime.fromisoformat("1970-01-01")) // timedelta(milliseconds=1)
    return {"teamMemberSpend": fetch.records, "subscriptionCycleStart": start}
