"""How long a large window takes from the API to raw, step by step, as a ratio to the floor measured in the same run.

The floor is what no pipeline can go below: the same pages fetched as bytes, split into records, and read by DuckDB with
declared types into a table on disk. The simulator runs in a process of its own, without a rate limit.

    .venv/bin/python benchmarks/ingest.py --events 300000
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import duckdb
import zstandard

from cursor_usage.cursor_api import CursorAdminClient
from cursor_usage.pipeline.extract import extract
from cursor_usage.pipeline.judge import judge
from cursor_usage.pipeline.load import load
from cursor_usage.pipeline.prepare import make_data_dir, team_task_from, team_tasks
from cursor_usage.pipeline.windows import resolve_window
from cursor_usage.settings import DataDir
from tests.cursor_api_simulator import Simulator

CLOCK = "2026-11-24T00:00:00Z"
DAY = datetime(2026, 11, 23, tzinfo=UTC)
UNLIMITED = 1_000_000
TYPES = {
    "timestamp": "VARCHAR",
    "userEmail": "VARCHAR",
    "conversationId": "VARCHAR",
    "model": "VARCHAR",
    "kind": "VARCHAR",
    "maxMode": "BOOLEAN",
    "chargedCents": "VARCHAR",
    "cursorTokenFee": "VARCHAR",
    "tokenUsage": 'STRUCT("inputTokens" BIGINT, "outputTokens" BIGINT, "cacheWriteTokens" BIGINT, '
    '"cacheReadTokens" BIGINT, "totalCents" VARCHAR)',
}


class Team:
    connection_id = "cursor_bench"
    team_id = "bench"

    def __init__(self, host: str) -> None:
        self.host = host


def serve(events: int, pipe: Connection) -> None:
    """The simulator, until the pipe says stop: one weekday with about this many events."""
    # The company's history is this one day: spend sums up the whole cycle.
    with Simulator(seed=1, seats=400, events_per_day=events, founded=DAY.date(), clock=CLOCK) as simulator:
        pipe.send((simulator.url, simulator.key))
        pipe.recv()


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def floor(url: str, key: str, folder: Path) -> float:
    """Fetch, split, land and read with declared types; nothing is checked, kept or judged."""

    async def fetch() -> None:
        async with CursorAdminClient(key, base_url=url, requests_per_minute=UNLIMITED) as client:
            with (folder / "floor.jsonl.zst").open("wb") as file, zstandard.ZstdCompressor().stream_writer(file) as out:
                async for page in client.usage_events(DAY, DAY + timedelta(days=1, milliseconds=-1)):
                    out.write(b"\n".join(page.records) + b"\n")

    def read() -> None:
        with duckdb.connect(str(folder / "floor.duckdb")) as connection:
            connection.execute(
                f"create or replace table events as select * from read_json('{folder}/floor.jsonl.zst', "
                f"format = 'newline_delimited', compression = 'zstd', columns = {TYPES})"
            )

    return timed(lambda: asyncio.run(fetch())) + timed(read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300_000)
    events = parser.parse_args().events
    import great_expectations  # noqa: F401, PLC0415  # its import is not what is measured

    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(events, theirs))
    process.start()
    url, key = ours.recv()
    with tempfile.TemporaryDirectory() as folder:
        data = DataDir(Path(folder) / "data")
        make_data_dir(data)
        window = resolve_window(now=datetime.now(UTC), start=DAY.date(), end=DAY.date())
        task = team_task_from(team_tasks("bench", window, [Team(url)])[0])
        floor(url, key, Path(folder))  # the simulator makes its answers when first asked for them
        base = floor(url, key, Path(folder))

        def open_client() -> CursorAdminClient:
            return CursorAdminClient(key, base_url=url, requests_per_minute=UNLIMITED)

        steps = {
            "extract and land": timed(lambda: extract(open_client, task, data)),
            "judge": timed(lambda: judge(data, task.team_id, task.run_id)),
            "load": timed(lambda: load(data, task.team_id, task.run_id)),
        }
        with duckdb.connect(str(data.warehouse), read_only=True) as warehouse:
            found = warehouse.execute("select count(*) from raw.cursor_usage_events").fetchone()
    ours.send("stop")
    process.join()
    count = found[0] if found else 0
    for name, seconds in {"floor": base, **steps, "all three": sum(steps.values())}.items():
        print(f"{name:<18}{seconds:6.2f} s  {seconds / base:5.2f} x floor  {seconds / count * 1e6:6.1f} µs an event")
    print(f"{count:,} events; peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
