"""A warehouse made of plain Python rows, built by the project's real dbt models on real DuckDB.

Rows may be written as the API answers them (``{"timestamp": "1793…", "userEmail": …}``), as the raw table holds them
(``{"event_at": datetime(…), "user_email": …}``), or mixed: each key is read by whichever of the two names it has, and
every other key goes to ``rest``, as the loader does it. Amounts given as ``str`` or ``Decimal`` keep their digits.

Instants and days may be text (``"2026-11-03 10:00"``, ``"2026-11-03"``); they are UTC without zone. Each ``add_…``
method takes ``team``, so that one dbt build serves many cases: a build costs seconds, a team costs nothing.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb

from tests.dbt_project.dbt_server import server

REPOSITORY = Path(__file__).resolve().parents[2]
DBT_PROJECT = REPOSITORY / "dbt_project"
RAW_SCHEMA = REPOSITORY / "plugins" / "cursor_usage" / "warehouse" / "schema.sql"
TEAM = "acme"
EPOCH = datetime.fromisoformat("1970-01-01")

Row = Mapping[str, Any]
Instant = datetime | str
Day = date | str
Window = tuple[Day, Day]

RAW_NAMES_OF_MEMBERS = {"id": "user_id", "isRemoved": "is_removed"}
RAW_NAMES_OF_SPEND = {
    "userId": "user_id",
    "spendCents": "spend_cents",
    "overallSpendCents": "overall_spend_cents",
    "includedSpendCents": "included_spend_cents",
    "fastPremiumRequests": "fast_premium_requests",
    "hardLimitOverrideDollars": "hard_limit_override_dollars",
    "monthlyLimitDollars": "monthly_limit_dollars",
    "effectivePerUserLimitDollars": "effective_per_user_limit_dollars",
}
RAW_NAMES_OF_DAILY_USAGE = {
    "userId": "user_id",
    "day": "usage_date",
    "date": "date_ms",
    "isActive": "is_active",
    "totalLinesAdded": "total_lines_added",
    "totalLinesDeleted": "total_lines_deleted",
    "acceptedLinesAdded": "accepted_lines_added",
    "acceptedLinesDeleted": "accepted_lines_deleted",
    "totalApplies": "total_applies",
    "totalAccepts": "total_accepts",
    "totalRejects": "total_rejects",
    "totalTabsShown": "total_tabs_shown",
    "totalTabsAccepted": "total_tabs_accepted",
    "composerRequests": "composer_requests",
    "chatRequests": "chat_requests",
    "agentRequests": "agent_requests",
    "cmdkUsages": "cmdk_usages",
    "subscriptionIncludedReqs": "subscription_included_reqs",
    "apiKeyReqs": "api_key_reqs",
    "usageBasedReqs": "usage_based_reqs",
    "bugbotUsages": "bugbot_usages",
    "mostUsedModel": "most_used_model",
    "applyMostUsedExtension": "apply_most_used_extension",
    "tabMostUsedExtension": "tab_most_used_extension",
    "clientVersion": "client_version",
}
RAW_NAMES_OF_EVENTS = {
    "userEmail": "user_email",
    "userId": "user_id",
    "serviceAccountId": "service_account_id",
    "serviceAccountName": "service_account_name",
    "conversationId": "conversation_id",
    "cloudAgentId": "cloud_agent_id",
    "automationId": "automation_id",
    "kindLabel": "kind",
    "maxMode": "is_max_mode",
    "requestsCosts": "requests_costs",
    "isTokenBasedCall": "is_token_based_call",
    "isChargeable": "is_chargeable",
    "isHeadless": "is_headless",
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "cacheWriteTokens": "cache_write_tokens",
    "cacheReadTokens": "cache_read_tokens",
    "totalCents": "total_cents",
    "discountPercentOff": "discount_percent_off",
    "cursorTokenFee": "cursor_token_fee",
    "chargedCents": "charged_cents",
}


def member(email: str | None, *, name: str | None = None, role: str = "member", **more: Any) -> dict[str, Any]:
    """One record of ``GET /teams/members``."""
    return {"id": f"user_{email}", "name": name or email, "email": email, "role": role, "isRemoved": False, **more}


def spend(
    email: str | None, cents: Any = 0, *, overall: Any = None, included: Any = None, **more: Any
) -> dict[str, Any]:
    """One record of ``POST /teams/spend``; a figure that is None is missing, as in the older and newer answers."""
    figures = {"spendCents": cents, "overallSpendCents": overall, "includedSpendCents": included}
    known = {key: value for key, value in figures.items() if value is not None}
    return {"userId": f"user_{email}", "name": email, "email": email, "role": "member", **known, **more}


def event(
    at: Instant,
    email: str | None,
    cents: Any = None,
    *,
    kind: str = "Usage-based",
    model: str = "gpt-5",
    tokens: Sequence[int] | None = (100, 50, 0, 0),
    **more: Any,
) -> dict[str, Any]:
    """One record of ``POST /teams/filtered-usage-events``; ``tokens`` are input, output, cache write and cache read."""
    record: dict[str, Any] = {
        "timestamp": str(round(instant(at).replace(tzinfo=UTC).timestamp() * 1000)),
        "userEmail": email,
        "model": model,
        "kind": kind,
        "maxMode": False,
    }
    if cents is not None:
        record["chargedCents"] = cents
    if tokens is not None:
        names = ("inputTokens", "outputTokens", "cacheWriteTokens", "cacheReadTokens")
        record["tokenUsage"] = dict(zip(names, tokens, strict=True))
    return {**record, **more}


def daily(day: Day, email: str | None, *, is_active: bool | None = True, **more: Any) -> dict[str, Any]:
    """One record of ``POST /teams/daily-usage-data``."""
    return {"userId": f"user_{email}", "day": str(day), "email": email, "isActive": is_active, **more}


def instant(value: Instant) -> datetime:
    """The instant that a text or a datetime names, without zone as raw has it."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def utc_day(value: Day) -> date:
    """The day that a text or a date names."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def days(start: Day, end: Day) -> list[date]:
    """Every day from ``start`` to ``end``, both inclusive."""
    first, last = utc_day(start), utc_day(end)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def morning_when_settled(day: Day) -> datetime:
    """The first six o'clock at which a load of ``day`` begins 48 h or more after the day's end."""
    return datetime.combine(utc_day(day) + timedelta(days=3), time(6))


@dataclass(frozen=True)
class DbtResult:
    """What one dbt invocation ended with, and where its artifacts are."""

    return_code: int
    output: str
    target_path: Path

    @property
    def is_green(self) -> bool:
        return self.return_code == 0

    def artifact(self, name: str) -> dict[str, Any]:
        """``manifest`` or ``run_results`` as dbt wrote it."""
        content: dict[str, Any] = json.loads((self.target_path / f"{name}.json").read_text())
        return content

    def statuses(self) -> dict[str, str]:
        """The status of each node of the run by its name without package: ``{"verification_totals": "success"}``."""
        return {
            result["unique_id"].split(".")[2]: result["status"] for result in self.artifact("run_results")["results"]
        }


class WarehouseBuilder:
    """Collects raw rows, writes them to ``<folder>/warehouse.duckdb``, runs dbt on it and answers queries."""

    def __init__(self, folder: Path, *, project: Path = DBT_PROJECT) -> None:
        self.folder = folder
        self.project = project
        self.path = folder / "warehouse.duckdb"
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._loads = 0
        self._runs = 0
        self._builds = 0

    # What a run leaves behind

    def add_team_run(
        self,
        *,
        team: str = TEAM,
        status: str = "succeeded",
        error: str | None = None,
        finished_at: Instant | None = None,
        run_id: str | None = None,
    ) -> str:
        """How a run ended for a team; later calls are later runs unless ``finished_at`` says otherwise."""
        self._runs += 1
        run_id = run_id or f"run_{self._runs}"
        ended_at = instant(finished_at) if finished_at else instant("2026-12-31 06:00") + timedelta(minutes=self._runs)
        self._add(
            "team_runs",
            run_id=run_id,
            team_id=team,
            connection_id=f"connection_{team}",
            started_at=ended_at - timedelta(seconds=30),
            finished_at=ended_at,
            status=status,
            error=error,
        )
        return run_id

    def add_endpoint_access(
        self,
        endpoint: str,
        outcome: str = "refused",
        *,
        team: str = TEAM,
        status_code: int | None = None,
        message: str | None = None,
        checked_at: Instant = "2026-12-31 06:00",
        run_id: str = "run_1",
    ) -> None:
        """What an endpoint answered to this team's key: ok, refused, failed or not_tried."""
        self._add(
            "endpoint_access",
            run_id=run_id,
            team_id=team,
            endpoint=endpoint,
            checked_at=instant(checked_at),
            outcome=outcome,
            status_code=status_code,
            message=message,
        )

    def note_passed_build(self) -> None:
        """What the pipeline notes of a build that passed: how far raw was loaded."""
        self._builds += 1
        at = instant("2026-12-31 07:00") + timedelta(minutes=self._builds)
        self._add(
            "builds", run_id="run_1", started_at=at, passed_at=at, newest_load_number=self._loads, project_checksum="-"
        )

    # Snapshots

    def add_members_snapshot(self, at: Instant, members: Iterable[Row], *, team: str = TEAM) -> str:
        """The members list as it was at ``at``; returns the load's id."""
        rows = [dict(row) for row in members]
        load_id = self._add_load("members", team, fetch_started_at=at, records=len(rows))
        for row in rows:
            self._add_record(
                "cursor_members", row, RAW_NAMES_OF_MEMBERS, team_id=team, snapshot_at=instant(at), load_id=load_id
            )
        return load_id

    def add_spend_snapshot(
        self, at: Instant, cycle_start_at: Instant | None, rows: Iterable[Row], *, team: str = TEAM
    ) -> str:
        """The open cycle's spend as it was at ``at``; returns the load's id."""
        records = [dict(row) for row in rows]
        load_id = self._add_load(
            "spend", team, fetch_started_at=at, records=len(records), cycle_start_at=cycle_start_at
        )
        for record in records:
            self._add_record(
                "cursor_spend",
                record,
                RAW_NAMES_OF_SPEND,
                team_id=team,
                snapshot_at=instant(at),
                cycle_start_at=cycle_start_at,
                load_id=load_id,
            )
        return load_id

    # Windows of days

    def add_events(
        self,
        window: Window,
        events: Iterable[Row] = (),
        *,
        team: str = TEAM,
        fetched_at: Instant | None = None,
    ) -> str:
        """Closed days of events, both ends inclusive; what was loaded of those days before is replaced.

        ``fetched_at`` defaults to a morning at which every day of the window is settled.
        """
        rows = [_event_row(record) for record in events]
        outside = [row["event_at"] for row in rows if not _is_within(row, window)]
        if outside:
            raise ValueError(f"events outside {window[0]} to {window[1]}: {outside}")
        self._forget_days("cursor_usage_events", team, window)
        load_id = self._add_window("usage_events", team, window, fetched_at, len(rows), totals=_totals(rows))
        for row in rows:
            self._add("cursor_usage_events", **row, team_id=team, load_id=load_id)
        return load_id

    def add_open_day(
        self,
        covered_until_at: Instant,
        events: Iterable[Row] = (),
        *,
        team: str = TEAM,
        fetched_at: Instant | None = None,
    ) -> str:
        """The open day's events up to ``covered_until_at``; replaces the team's open day before."""
        rows = [_event_row(record) for record in events]
        day = instant(covered_until_at).date()
        self._rows["cursor_usage_events_open_day"] = [
            row for row in self._rows.get("cursor_usage_events_open_day", []) if row["team_id"] != team
        ]
        load_id = self._add_load(
            "usage_events",
            team,
            fetch_started_at=fetched_at or covered_until_at,
            records=len(rows),
            is_open_day=True,
            window_start_date=day,
            window_end_date=day,
            covered_until_at=instant(covered_until_at),
        )
        for row in rows:
            self._add("cursor_usage_events_open_day", **row, team_id=team, load_id=load_id)
        return load_id

    def add_daily(
        self,
        window: Window,
        rows: Iterable[Row] = (),
        *,
        team: str = TEAM,
        fetched_at: Instant | None = None,
    ) -> str:
        """Closed days of daily usage, both ends inclusive; what was loaded of those days before is replaced."""
        records = [dict(row) for row in rows]
        self._forget_days("cursor_daily_usage", team, window)
        load_id = self._add_window("daily_usage", team, window, fetched_at, len(records))
        for record in records:
            self._add_record("cursor_daily_usage", record, RAW_NAMES_OF_DAILY_USAGE, team_id=team, load_id=load_id)
        return load_id

    # dbt

    def write(self) -> Path:
        """Puts all rows collected so far into the raw tables; what dbt built before stays."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(str(self.path)) as connection:
            connection.execute(RAW_SCHEMA.read_text())
            tables = connection.execute(
                "select table_name from information_schema.tables where table_schema = 'raw'"
            ).fetchall()
            for (table,) in tables:
                connection.execute(f"delete from raw.{table}")
                self._insert(connection, table)
        return self.path

    def dbt(self, *arguments: str, seeds: Mapping[str, Sequence[Row]] | None = None) -> DbtResult:
        """Runs one dbt command on the warehouse as it is on disk.

        ``seeds`` replaces seeds of the project by name, as ``CURSOR_SEEDS_DIR`` does; columns left out are empty.
        """
        target_path = Path(tempfile.mkdtemp(prefix="target_", dir=self.folder))
        folder = self._seeds_folder(seeds or {})
        environment = {
            **os.environ,
            "CURSOR_WAREHOUSE": str(self.path),
            "CURSOR_SEED_PATHS": str(folder),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_VERSION_CHECK": "false",
        }
        places = ("--project-dir", self.project, "--profiles-dir", self.project, "--target-path", target_path)
        command = ["--no-use-colors", "--log-path", str(target_path), *arguments, *map(str, places)]
        # Seeds and variables are part of what is parsed, and so is a copy of the project with a change in it.
        is_parsed_anew = arguments[0] != "build" or "--vars" in arguments or folder != DBT_PROJECT / "seeds"
        parsed = None if is_parsed_anew else DBT_PROJECT
        return_code, output = server().run(command, environment, self.folder, parsed)
        return DbtResult(return_code, output, target_path)

    def build(
        self,
        *,
        seeds: Mapping[str, Sequence[Row]] | None = None,
        variables: Mapping[str, Any] | None = None,
        select: str | None = None,
        must_be_green: bool = True,
    ) -> DbtResult:
        """Writes the rows and runs ``dbt build`` as the pipeline does (unit tests apart)."""
        self.write()
        arguments = ["build", "--exclude-resource-type", "unit_test"]
        if variables:
            arguments += ["--vars", json.dumps(dict(variables))]
        if select:
            arguments += ["--select", select]
        result = self.dbt(*arguments, seeds=seeds)
        if must_be_green and not result.is_green:
            raise AssertionError(f"dbt build failed:\n{result.output}")
        return result

    def query(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """The answer's rows as dictionaries; values take the places of the question marks."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            answer = connection.execute(sql, list(values))
            names = [column[0] for column in answer.description]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    # Rows

    def _add(self, table: str, **row: Any) -> None:
        self._rows.setdefault(table, []).append(row)

    def _add_record(self, table: str, record: dict[str, Any], raw_names: Mapping[str, str], **known: Any) -> None:
        self._add(table, **_raw_row(record, raw_names), **known)

    def _add_window(
        self, endpoint: str, team: str, window: Window, fetched_at: Instant | None, records: int, **more: Any
    ) -> str:
        return self._add_load(
            endpoint,
            team,
            fetch_started_at=fetched_at or morning_when_settled(window[1]),
            records=records,
            window_start_date=utc_day(window[0]),
            window_end_date=utc_day(window[1]),
            covered_until_at=datetime.combine(utc_day(window[1]), time(23, 59, 59, 999000)),
            **more,
        )

    def _add_load(self, endpoint: str, team: str, *, fetch_started_at: Instant, records: int, **more: Any) -> str:
        self._loads += 1
        started_at = instant(fetch_started_at)
        load_id = f"load_{self._loads:05d}"
        load = {
            "load_number": self._loads,
            "load_id": load_id,
            "run_id": "run_1",
            "team_id": team,
            "endpoint": endpoint,
            "is_open_day": False,
            "fetch_started_at": started_at,
            "fetch_finished_at": started_at + timedelta(seconds=1),
            "records_announced": records,
            "records_received": records,
            "pages": 1,
            "bytes_received": 100 * records,
            "checksum": load_id,
            "landing_path": f"team={team}/endpoint={endpoint}/fetch={load_id}",
            "is_unchanged": False,
            "loaded_at": started_at + timedelta(seconds=2),
        }
        self._add("loads", **{**load, **more})
        return load_id

    def _forget_days(self, table: str, team: str, window: Window) -> None:
        rows = self._rows.get(table, [])
        self._rows[table] = [row for row in rows if row["team_id"] != team or not _is_within(row, window)]

    def _insert(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        rows = self._rows.get(table)
        if not rows:
            return
        described = connection.execute(f"describe raw.{table}").fetchall()
        columns = {name: kind for name, kind, *_ in described}
        unknown = {name for row in rows for name in row} - set(columns)
        if unknown:
            raise ValueError(f"raw.{table} has no columns {sorted(unknown)}")
        file = self.folder / f"{table}.json"
        file.write_text("".join(json.dumps(row, default=_json_value) + "\n" for row in rows))
        connection.execute(
            f"insert into raw.{table} by name select * from read_json("
            f"'{file}', format = 'newline_delimited', columns = {columns})"
        )

    def _seeds_folder(self, seeds: Mapping[str, Sequence[Row]]) -> Path:
        if not seeds:
            return self.project / "seeds"
        folder = Path(tempfile.mkdtemp(prefix="seeds_", dir=self.folder))
        shutil.copytree(self.project / "seeds", folder, dirs_exist_ok=True)
        for name, rows in seeds.items():
            file = next(folder.rglob(f"{name}.csv"))
            header = file.read_text().splitlines()[0].split(",")
            with file.open("w", newline="") as out:
                writer = csv.DictWriter(out, header)
                writer.writeheader()
                writer.writerows(rows)
        return folder


def _totals(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """What the loader notes of a window, by day and kind; each event's cents to six decimals, half away from 0."""
    groups: dict[tuple[str, str | None], list[Any]] = {}
    for row in rows:
        groups.setdefault((str(row["usage_date"]), row.get("kind")), []).append(row.get("charged_cents"))
    totals = []
    for (usage_date, kind), charges in groups.items():
        cents = [Decimal(str(c)).quantize(Decimal("0.000001"), ROUND_HALF_UP) for c in charges if c not in (None, "")]
        totals.append(
            {
                "usage_date": usage_date,
                "kind": kind,
                "events": len(charges),
                "events_without_charge": len(charges) - len(cents),
                "charged_cents": format(sum(cents), "f") if cents else None,
            }
        )
    return totals


def _event_row(record: Row) -> dict[str, Any]:
    """An event as the raw table holds it: the token figures flat, the timestamp as an instant and a UTC day."""
    flat = {**record, **(record.get("tokenUsage") or {})}
    flat.pop("tokenUsage", None)
    row = _raw_row(flat, RAW_NAMES_OF_EVENTS)
    if "timestamp" in flat:
        milliseconds = int(row["rest"].pop("timestamp"))
        row["event_at"] = EPOCH + timedelta(milliseconds=milliseconds)
    row["event_at"] = instant(row["event_at"])
    row.setdefault("usage_date", row["event_at"].date())
    return row


AMOUNTS = {
    *("spend_cents", "overall_spend_cents", "included_spend_cents", "fast_premium_requests"),
    *("hard_limit_override_dollars", "monthly_limit_dollars", "effective_per_user_limit_dollars"),
    *("requests_costs", "total_cents", "discount_percent_off", "cursor_token_fee", "charged_cents"),
}
RAW_ONLY = {
    *("email", "name", "role", "model", "kind", "event_at", "usage_date"),
    *RAW_NAMES_OF_MEMBERS.values(),
    *RAW_NAMES_OF_SPEND.values(),
    *RAW_NAMES_OF_DAILY_USAGE.values(),
    *RAW_NAMES_OF_EVENTS.values(),
}


def _raw_row(record: Row, raw_names: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for key, value in record.items():
        name = raw_names.get(key, key)
        if name not in RAW_ONLY:
            rest[key] = value
        elif name in AMOUNTS and value is not None:
            row[name] = _number_text(value)
        else:
            row[name] = value
    return {**row, "rest": rest}


def _number_text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _json_value(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"no JSON for {value!r}")


def _is_within(row: Row, window: Window) -> bool:
    return utc_day(window[0]) <= utc_day(row["usage_date"]) <= utc_day(window[1])
