"""What must hold after every fault, not only at the end."""

from __future__ import annotations

import base64
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import zstandard

from cursor_usage.settings import DataDir

Row = tuple[Any, ...]
Fingerprint = tuple[int, int]

# A landed record in a few of raw's columns, texts of numbers as they are in the JSON: apart from the loading SQL.
RAW_COLUMNS = {
    "usage_events": "epoch_ms(event_at), user_email, model, kind, input_tokens, output_tokens, charged_cents",
    "daily_usage": "user_id, email, is_active, total_lines_added",
}
RAW_TABLES = {"usage_events": "raw.cursor_usage_events", "daily_usage": "raw.cursor_daily_usage"}


class Violation(AssertionError):  # noqa: N818  # what was found, in the words of the harness
    """Something that must hold does not."""


@dataclass(frozen=True)
class Published:
    """What readers see: rows and hash of each table, which run published it, and the same of each Parquet file."""

    publication: tuple[str, datetime] | None
    tables: dict[str, Fingerprint]
    parquet: dict[str, Fingerprint]


NOTHING_PUBLISHED = Published(None, {}, {})


class Watch:
    """Remembers what a data directory held, and checks it again after each run."""

    def __init__(self, root: Path, keys: Sequence[str]) -> None:
        self.data = DataDir(root)
        self._needles = [needle for key in keys for needle in _forms(key)]
        self._landed: dict[Path, bytes] = {}
        self._landed_records: dict[Path, tuple[int, int]] = {}
        self._scanned: dict[Path, tuple[int, int]] = {}
        self._records: dict[str, dict[str, Counter[Row]]] = {}
        self._published_stat: dict[str, tuple[int, int]] = {}
        self.published = NOTHING_PUBLISHED

    def check(self) -> None:
        """Raises Violation where one of the promises is broken."""
        self._no_landed_fetch_is_lost()
        self._no_key_is_on_disk()
        self._raw_is_what_was_loaded()
        self._published_is_old_or_new()

    def _no_landed_fetch_is_lost(self) -> None:
        for path, content in self._landed.items():
            if not path.exists() or path.read_bytes() != content:
                raise Violation(f"the landed fetch {path.parent.relative_to(self.data.root)} was lost or changed")
        for path, stat in self._landed_records.items():
            if not path.exists() or _stat(path) != stat:
                raise Violation(f"the landed records {path.relative_to(self.data.root)} were lost or changed")
        for path in self.data.landing.glob("team=*/endpoint=*/window=*/fetch=*/manifest.json"):
            if path not in self._landed:
                content = path.read_bytes()
                records = self.data.landing / json.loads(content)["records_path"]
                if not records.exists():
                    raise Violation(f"{path.relative_to(self.data.root)} names records that are not there: {records}")
                self._landed[path] = content
                self._landed_records[records] = _stat(records)

    def _no_key_is_on_disk(self) -> None:
        for path in self.data.root.rglob("*"):
            if not path.is_file():
                continue
            stat = _stat(path)
            if self._scanned.get(path) == stat:
                continue
            content = path.read_bytes()
            if any(needle in content for needle in self._needles):
                raise Violation(f"a key is in {path.relative_to(self.data.root)}")
            self._scanned[path] = stat

    def _raw_is_what_was_loaded(self) -> None:
        """Each day's rows are those of the newest fetch of that day that was loaded: never half of it, never two."""
        if not self.data.warehouse.exists():
            return
        with duckdb.connect(str(self.data.warehouse), read_only=True) as warehouse:
            if not warehouse.execute("select 1 from duckdb_tables() where table_name = 'loads'").fetchone():
                return
            loads = warehouse.execute(
                "select team_id, endpoint, window_start_date, window_end_date, landing_path from raw.loads "
                "where window_start_date is not null and not is_open_day order by fetch_started_at"
            ).fetchall()
            newest: dict[tuple[str, str, date], str] = {}
            for team_id, endpoint, first, last, path in loads:
                for offset in range((last - first).days + 1):
                    newest[team_id, endpoint, first + timedelta(days=offset)] = path
            for endpoint, table in RAW_TABLES.items():
                found: defaultdict[tuple[str, str, date], Counter[Row]] = defaultdict(Counter)
                columns = RAW_COLUMNS[endpoint]
                for team_id, day, *row in warehouse.execute(
                    f"select team_id, usage_date, {columns} from {table}"
                ).fetchall():
                    found[team_id, endpoint, day][tuple(row)] += 1
                for key in found.keys() | {key for key in newest if key[1] == endpoint}:
                    self._compare_day(key, found[key], newest.get(key))

    def _compare_day(self, key: tuple[str, str, date], found: Counter[Row], path: str | None) -> None:
        expected = Counter() if path is None else self._landed_by_day(path).get(str(key[2]), Counter())
        if found != expected:
            raise Violation(
                f"raw's {key[1]} of {key[0]}, {key[2]}, are not those of the fetch that was loaded last ({path}): "
                f"{(found - expected).total()} rows too many, {(expected - found).total()} missing, "
                f"of {expected.total()}"
            )

    def _landed_by_day(self, landing_path: str) -> dict[str, Counter[Row]]:
        manifest = json.loads((self.data.landing / landing_path / "manifest.json").read_bytes())
        if manifest["checksum"] not in self._records:
            by_day: defaultdict[str, Counter[Row]] = defaultdict(Counter)
            for record in _records(self.data.landing / manifest["records_path"]):
                day, row = _landed_row(manifest["window"]["endpoint"], record)
                by_day[day][row] += 1
            self._records[manifest["checksum"]] = dict(by_day)
        return self._records[manifest["checksum"]]

    def _published_is_old_or_new(self) -> None:
        stat = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in self.data.published.glob("*")}
        if stat == self._published_stat:
            return
        now, before = read_published(self.data.published), self.published
        if now != before:
            new = self._tested_marts(now)
            if now.publication == before.publication and now.tables != before.tables:
                raise Violation("marts.duckdb has other rows, and says that the same run published it as before")
            for name, rows in now.tables.items():
                if now.publication != before.publication and name != "publications" and rows != new.get(name):
                    raise Violation(f"marts.duckdb was published with another {name} than the one that was tested")
            if before.publication is not None and now.publication is None:
                raise Violation("marts.duckdb was there and is gone or empty")
            for name, rows in now.parquet.items():
                if rows not in (before.parquet.get(name), new.get(name)) and name != "publications":
                    raise Violation(f"{name}.parquet is neither what it was nor what was tested")
        if missing := before.parquet.keys() - now.parquet.keys():
            raise Violation(f"published Parquet files are gone: {sorted(missing)}")
        self.published, self._published_stat = now, stat

    def _tested_marts(self, now: Published) -> dict[str, Fingerprint]:
        with duckdb.connect(str(self.data.warehouse), read_only=True) as warehouse:
            newest = warehouse.execute(
                "select passed_at is not null from raw.builds order by started_at desc limit 1"
            ).fetchone()
            if newest != (True,):
                raise Violation(f"{now.publication} was published, and the newest build has not passed its tests")
            return fingerprints(warehouse, "marts")


def read_published(folder: Path) -> Published:
    """All that is published, read as readers do."""
    parquet: dict[str, Fingerprint] = {}
    with duckdb.connect() as session:
        for path in sorted(folder.glob("*.parquet")):
            parquet[path.stem] = fingerprint(session, f"read_parquet('{path}')")
        if not (folder / "marts.duckdb").exists():
            return Published(None, {}, parquet)
        session.execute(f"attach '{folder / 'marts.duckdb'}' as published (read_only)")
        session.execute("use published.marts")
        tables = fingerprints(session, "marts", "published")
        publication = session.execute("select distinct run_id, published_at from publications").fetchall()
        counts = dict(session.execute("select mart, row_count from publications").fetchall())
    if len(publication) != 1 or counts != {name: rows[0] for name, rows in tables.items() if name != "publications"}:
        raise Violation(f"marts.duckdb is not whole: {publication}, {counts}")
    return Published(publication[0], tables, parquet)


def fingerprints(connection: duckdb.DuckDBPyConnection, schema: str, database: str | None = None) -> dict[str, Any]:
    """Rows and hash of each table of a schema, whatever the order of rows."""
    names = connection.execute(
        "select table_name from duckdb_tables() where schema_name = ? and database_name = coalesce(?, database_name)",
        [schema, database],
    ).fetchall()
    return {name: fingerprint(connection, f'{schema}."{name}"') for (name,) in names}


def fingerprint(connection: duckdb.DuckDBPyConnection, table: str) -> Fingerprint:
    row = connection.execute(
        f"select count(*), coalesce(sum(cast(hash(t) as hugeint)), 0) from {table} as t"
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _records(path: Path) -> Iterable[dict[str, Any]]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        for line in io.TextIOWrapper(stream, "utf-8"):
            yield json.loads(line, parse_float=_Text, parse_int=_Text)


def _stat(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


class _Text(str):
    """A number as its text."""

    __slots__ = ()


def _landed_row(endpoint: str, record: dict[str, Any]) -> tuple[str, Row]:
    if endpoint == "daily_usage":
        lines = _integer(record.get("totalLinesAdded"))
        return record["day"], (_text(record.get("userId")), record.get("email") or None, record.get("isActive"), lines)
    milliseconds = int(record["timestamp"])
    tokens = record.get("tokenUsage") or {}
    day = date.fromordinal(date(1970, 1, 1).toordinal() + milliseconds // 86_400_000)
    return str(day), (
        milliseconds,
        record.get("userEmail") or None,
        record.get("model") or None,
        record.get("kind") or record.get("kindLabel") or None,
        _integer(tokens.get("inputTokens")),
        _integer(tokens.get("outputTokens")),
        _text(record.get("chargedCents")),
    )


def _integer(value: Any) -> int | None:
    return None if value is None else int(value)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _forms(key: str) -> list[bytes]:
    """The key as it is, and as the request's header has it: all of the encoded text that a key's end does not move."""
    encoded = base64.b64encode(f"{key}:".encode())
    return [key.encode(), encoded[: len(encoded) // 4 * 4 - 4]]
