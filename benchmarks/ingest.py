"""How long a large window takes from the API to raw: beside the floor, and beside dlt, in one run.

The floor is what no pipeline can go below: the same pages fetched as bytes, split into records, and read by DuckDB with
declared types into a table on disk. dlt gets its best settings and an environment of its own.

    .venv/bin/python -m benchmarks.ingest --events 300000
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb
import zstandard

from benchmarks.figures import Figure, arguments, report
from benchmarks.page_server import Served, Serving, served
from benchmarks.steps import UNLIMITED, Bench, timed
from cursor_usage.cursor_api import CursorAdminClient

HERE = Path(__file__).parent
DLT_VENV = HERE / ".dlt-venv"
TYPES = {
    "timestamp": "VARCHAR",
    "userEmail": "VARCHAR",
    "serviceAccountId": "VARCHAR",
    "conversationId": "VARCHAR",
    "model": "VARCHAR",
    "kind": "VARCHAR",
    "maxMode": "BOOLEAN",
    "requestsCosts": "VARCHAR",
    "isTokenBasedCall": "BOOLEAN",
    "isChargeable": "BOOLEAN",
    "isHeadless": "BOOLEAN",
    "chargedCents": "VARCHAR",
    "cursorTokenFee": "VARCHAR",
    "tokenUsage": 'STRUCT("inputTokens" BIGINT, "outputTokens" BIGINT, "cacheWriteTokens" BIGINT, '
    '"cacheReadTokens" BIGINT, "totalCents" VARCHAR, "discountPercentOff" VARCHAR)',
}


def floor(server: Served, what: Serving, folder: Path) -> float:
    """Seconds to fetch, split, land and read with declared types; nothing is checked, kept or judged."""
    start_at = datetime.combine(what.first_day, datetime.min.time(), tzinfo=UTC)

    async def fetch() -> None:
        async with CursorAdminClient(server.key, base_url=server.url, requests_per_minute=UNLIMITED) as client:
            with (folder / "floor.jsonl.zst").open("wb") as file, zstandard.ZstdCompressor().stream_writer(file) as out:
                async for page in client.usage_events(start_at, what.now - timedelta(milliseconds=1)):
                    # In a thread, as the pipeline does it: zstd lets go of Python's lock.
                    await asyncio.to_thread(out.write, b"\n".join(page.records) + b"\n")

    def read() -> None:
        with duckdb.connect(str(folder / "floor.duckdb")) as connection:
            connection.execute("set preserve_insertion_order = false")
            connection.execute(
                f"create or replace table events as select * from read_json('{folder}/floor.jsonl.zst', "
                f"format = 'newline_delimited', compression = 'zstd', columns = {TYPES})"
            )

    return timed(lambda: asyncio.run(fetch())) + timed(read)


def dlt_seconds(server: Served, what: Serving, folder: Path) -> tuple[float | None, str]:
    """Seconds of dlt for the same pages, or None and why it could not be measured."""
    start_ms = int(datetime.combine(what.first_day, datetime.min.time(), tzinfo=UTC).timestamp() * 1000)
    end_ms = int(what.now.timestamp() * 1000) - 1
    python = DLT_VENV / "bin" / "python"
    try:
        if not python.exists():
            _run([sys.executable, "-m", "venv", str(DLT_VENV)])
        _run([str(python), "-m", "pip", "install", "--quiet", "--requirement", str(HERE / "requirements-dlt.txt")])
    except subprocess.CalledProcessError as error:
        return None, f"dlt could not be installed: {error.stderr.strip().splitlines()[-1:]}"
    command = [
        str(python),
        str(HERE / "dlt_ingest.py"),
        server.url,
        server.key,
        str(start_ms),
        str(end_ms),
        str(folder),
    ]
    try:
        answer = json.loads(_run(command).splitlines()[-1])
    except subprocess.CalledProcessError as error:
        return None, f"dlt failed: {error.stderr.strip().splitlines()[-1:]}"
    if answer["events"] != server.events:
        return None, f"dlt brought {answer['events']:,} events of {server.events:,}"
    return float(answer["seconds"]), f"dlt {answer['dlt']} rest_api into DuckDB {answer['duckdb']}, parquet files"


def _run(command: list[str]) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # all parts are ours
    return done.stdout


def measure(events: int, *, with_dlt: bool) -> list[Figure]:
    what = Serving(events)
    with served(what) as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench.of(server, folder / "data")
        task = bench.task("bench", what.first_day, what.last_day)
        # The server works out what it says of spend and daily usage when it is first asked for it.
        Bench.of(server, folder / "unmeasured").do("extract", task)
        base = min(floor(server, what, folder) for _ in range(2))
        import great_expectations  # noqa: F401, PLC0415  # its import is not what is measured

        steps = {step: timed(partial(bench.do, step, task)) for step in ("extract", "judge", "load")}
        with duckdb.connect(str(bench.data.warehouse), read_only=True) as warehouse:
            found = warehouse.execute("select count(*) from raw.cursor_usage_events").fetchone()
        if found != (server.events,):
            raise RuntimeError(f"raw holds {found} of {server.events} events.")
        theirs, note = dlt_seconds(server, what, folder) if with_dlt else (None, "left out")
    ours = steps["extract"] + steps["load"]
    per_event = 1e6 / server.events
    return [
        Figure("floor: fetch as bytes, split, read with declared types", base * per_event, "µs an event"),
        Figure("extract and land", steps["extract"] * per_event, "µs an event"),
        Figure("load", steps["load"] * per_event, "µs an event"),
        Figure("extract, land and load ÷ floor", ours / base, "times", most=1.8, note=f"{server.events:,} events"),
        Figure("judge ÷ (extract, land and load)", steps["judge"] / ours, "times", most=0.5),
        Figure("dlt", theirs and theirs * per_event, "µs an event", note=note),
        Figure(
            "events per second ÷ dlt's", theirs and theirs / ours, "times", least=6, note=note if theirs is None else ""
        ),
    ]


def main() -> None:
    options = arguments(__doc__, events=1_000_000, dlt=1)
    report(measure(options.events, with_dlt=bool(options.dlt)), options.json)


if __name__ == "__main__":
    main()
