"""The pipeline's own steps for one team over a data directory, timed, each in a process of its own where asked for."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.page_server import Served
from cursor_usage.cursor_api import CursorAdminClient
from cursor_usage.pipeline.build import build
from cursor_usage.pipeline.extract import extract
from cursor_usage.pipeline.judge import judge
from cursor_usage.pipeline.load import load
from cursor_usage.pipeline.prepare import make_data_dir, team_task_from, team_tasks
from cursor_usage.pipeline.publish import publish
from cursor_usage.pipeline.run import TeamTask
from cursor_usage.pipeline.windows import resolve_window
from cursor_usage.settings import DataDir

TEAM_ID = "bench"
UNLIMITED = 1_000_000
_PIPELINE = ("extract", "judge", "load", "build", "publish")


@dataclass(frozen=True)
class Team:
    """The only team of a benchmark."""

    host: str
    connection_id: str = "cursor_bench"
    team_id: str = TEAM_ID


@dataclass(frozen=True)
class Bench:
    """A server's URL and key, and the data directory that its answers go to. Can be sent to another process."""

    url: str
    key: str
    root: Path
    requests_per_minute: int = UNLIMITED

    @classmethod
    def of(cls, server: Served, root: Path, requests_per_minute: int = UNLIMITED) -> Bench:
        return cls(server.url, server.key, root, requests_per_minute)

    @property
    def data(self) -> DataDir:
        return DataDir(self.root)

    def task(self, run_id: str, start: date | None = None, end: date | None = None) -> TeamTask:
        make_data_dir(self.data)
        window = resolve_window(now=datetime.now(UTC), start=start, end=end)
        return team_task_from(team_tasks(run_id, window, [Team(self.url)])[0])

    def open_client(self) -> CursorAdminClient:
        return CursorAdminClient(self.key, base_url=self.url, requests_per_minute=self.requests_per_minute)

    def do(self, step: str, task: TeamTask) -> None:
        """One step of the pipeline by its name."""
        steps: dict[str, Callable[[], object]] = {
            "extract": lambda: extract(self.open_client, task, self.data),
            "judge": lambda: judge(self.data, task.team_id, task.run_id),
            "load": lambda: load(self.data, task.team_id, task.run_id),
            "build": lambda: build(self.data, task.run_id, [task], {}),
            "publish": lambda: publish(self.data, task.run_id),
        }
        steps[step]()


@dataclass(frozen=True)
class Cost:
    """What a step took: seconds, and the largest resident size of its process and the processes it started, in MB."""

    seconds: float
    peak_mb: float


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def apart(work: Callable[..., object], *arguments: object) -> Cost:
    """Does the work in a process of its own.

    Raises:
        RuntimeError: the process failed; it has printed why.
    """
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_measure, args=(theirs, work, arguments))
    process.start()
    process.join()
    if process.exitcode != 0:
        name = getattr(work, "__name__", str(work))
        raise RuntimeError(f"{name}{arguments[1:]} ended with code {process.exitcode}.")
    return Cost(*ours.recv())


def _measure(pipe: Connection, work: Callable[..., object], arguments: tuple[object, ...]) -> None:
    seconds = timed(lambda: work(*arguments))
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    pipe.send((seconds, max(peaks) / 1024))


def run_apart(bench: Bench, task: TeamTask) -> dict[str, Cost]:
    """A whole run, each step in a process of its own as Airflow does it."""
    return {step: apart(bench.do, step, task) for step in _PIPELINE}
