"""A fetch in a process of its own, for tests that kill it."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from datetime import date, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

from cursor_usage.cursor_api import CursorAdminClient
from cursor_usage.pipeline.extract import extract
from cursor_usage.pipeline.prepare import make_data_dir
from cursor_usage.pipeline.run import TeamTask
from cursor_usage.settings import DataDir

if TYPE_CHECKING:
    from tests.pipeline.pipeline_runner import PipelineRunner


class _MovedClock:
    """The machine's clock, begun at another instant."""

    def __init__(self, start: datetime) -> None:
        self._start, self._began = start, time.monotonic()

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._began)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _fetch(root: Path, key: str, task: TeamTask, now: datetime) -> None:
    data, clock = DataDir(root), _MovedClock(now)
    make_data_dir(data)
    client = CursorAdminClient(key, base_url=task.host, requests_per_minute=1_000_000, clock=clock)
    extract(lambda: client, task, data, clock=clock.now)


def killed_at(
    pipeline: PipelineRunner, task: TeamTask, *, window_start: date | None = None, page: int | None = None, nth: int = 1
) -> None:
    """Fetches for the task and kills the process when it asks for that page of that window; an hour passes."""
    process: BaseProcess = multiprocessing.get_context("spawn").Process(
        target=_fetch, args=(pipeline.data.root, pipeline.key, task, pipeline.clock.now())
    )

    def kill(_request: object) -> None:
        process.kill()
        process.join()

    start = None if window_start is None else window_start.isoformat()
    fault = pipeline.simulator.faults.add("call", "usage_events", page=page, start_date=start, nth=nth, function=kill)
    process.start()
    process.join(60)
    pipeline.simulator.faults.clear()
    # The next run is a later one, by every clock.
    pipeline.simulator.clock.advance(timedelta(hours=1))
    assert fault.struck == 1, "the fetch never came to where it was to be killed"
