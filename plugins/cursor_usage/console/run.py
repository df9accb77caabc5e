"""One real run of the daily DAG, and what a person wants to see of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape

from cursor_usage.console.airflow_home import prepare_airflow
from cursor_usage.console.environment import (
    CONNECTION_PREFIX,
    DEMO_TEAM_ID,
    demo_connection,
    has_connection,
)
from cursor_usage.console.progress import FetchBar, figures_of
from cursor_usage.console.run_summary import RunSummary
from cursor_usage.console.summary import print_summary
from cursor_usage.landing import Landing, team_ids
from cursor_usage.pipeline.run import read_run_file
from cursor_usage.pipeline.windows import WindowError, resolve_window
from cursor_usage.settings import DEFAULT_CONNECTION_ID, PROJECT_DIR, DataDir
from cursor_usage.ui.report import REPORT_NAME

DAG_ID = "cursor_usage_daily"
INTERRUPTED = 130
# Airflow's own part of stopping a task; afterwards the process is killed, which loses nothing either.
STOP_WAIT_SECONDS = 15
_TASK_BEGINS = re.compile(r"\[DAG TEST\] starting task_id=(?P<task>\S+)")
_STEPS = {
    "prepare": "Preparing",
    "team.extract": "Fetching from the Cursor Admin API",
    "team.judge": "Judging what landed",
    "team.load": "Loading",
    "build": "Building and testing the marts with dbt",
    "publish": "Publishing",
}


def run(start: str | None, end: str | None, console: Console) -> int:
    """Runs the DAG once.

    Returns:
        The exit status: 0 only where every team succeeded.
    """
    began = time.monotonic()
    try:
        # The DAG's form refuses what is no date too, in the words of a JSON schema.
        resolve_window(now=datetime.now(UTC), start=start, end=end)
    except WindowError as error:
        console.print(f"[bold red]{escape(str(error))}[/]", soft_wrap=True)
        return 1
    with contextlib.ExitStack() as stack:
        if not has_connection():
            stack.enter_context(_demo(console))
        data = DataDir.from_environment()
        environment = prepare_airflow("run", console)
        environment["AIRFLOW__LOGGING__JSON_LOGS"] = "True"
        environment["CURSOR_TASK_RETRIES"] = "0"
        log_file = _log_file(data)
        console.print(f"Running the DAG {DAG_ID} once; Airflow's full log: {log_file}", soft_wrap=True)
        dag_run = _run_dag(environment, start, end, log_file, console)
    console.print()
    if dag_run.was_interrupted:
        console.print("Interrupted. Nothing was lost and nothing is half done: `make run` goes on from here.")
        return INTERRUPTED
    if dag_run.run_id is not None:
        print_summary(data.published, console=console, run=_summary(data, dag_run.run_id))
        console.print()
    if dag_run.succeeded:
        console.print(f"[green]Done[/] in {time.monotonic() - began:.0f} s.")
        return 0
    console.print("[bold red]This run failed.[/] Where it failed, what was published before is unchanged.")
    for sentence in dag_run.errors:
        console.print(f"[red]•[/] {escape(sentence)}", soft_wrap=True)
    return 1


def _summary(data: DataDir, run_id: str) -> RunSummary:
    """What the run left behind for each team."""
    runs = [read_run_file(data.landing, team_id, run_id) for team_id in team_ids(data.landing)]
    report = data.published / REPORT_NAME
    places = {
        # Made by the task publish, so that a run that failed before may have none.
        **({"report": report} if report.is_file() else {}),
        "warehouse": data.warehouse,
        "landing": data.landing,
        "data quality": data.docs,
    }
    return RunSummary.of_teams(run_id, [run for run in runs if run is not None], places)


@dataclass
class _DagRun:
    run_id: str | None = None
    succeeded: bool = False
    was_interrupted: bool = False
    errors: list[str] = field(default_factory=list)


def _run_dag(
    environment: dict[str, str], start: str | None, end: str | None, log_file: Path, console: Console
) -> _DagRun:
    conf = {name: value for name, value in (("start_date", start), ("end_date", end)) if value}
    command = [str(Path(sys.executable).with_name("airflow")), "dags", "test", DAG_ID]
    if conf:
        command += ["--conf", json.dumps(conf)]
    dag_run = _DagRun()
    with (
        log_file.open("w", encoding="utf-8") as log,
        subprocess.Popen(  # noqa: S603  # the command is ours; dates go through JSON
            command,
            env=environment,
            cwd=PROJECT_DIR,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
        FetchBar(console) as bar,
    ):
        try:
            for line in process.stdout or ():
                log.write(line)
                _follow(line, dag_run, console, bar)
            dag_run.succeeded = process.wait() == 0
        except KeyboardInterrupt:
            dag_run.was_interrupted = True
            _stop(process)
    if not dag_run.succeeded and not dag_run.errors:
        dag_run.errors.append(f"Airflow ended with status {process.returncode}; the end of {log_file} says why.")
    return dag_run


def _follow(line: str, dag_run: _DagRun, console: Console, bar: FetchBar) -> None:
    """Shows what concerns the reader of one line of Airflow's log."""
    try:
        entry: dict[str, Any] = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return
    event, level, logger = str(entry.get("event")), entry.get("level"), str(entry.get("logger"))
    if event == "creating dag run":
        dag_run.run_id = entry.get("run_id")
    elif begins := _TASK_BEGINS.match(event):
        bar.end()
        step = _STEPS.get(begins["task"])
        if step:
            console.print(f"[bold]{step}[/]")
    elif (figures := figures_of(entry)) and bar.show(figures):
        pass
    elif logger.startswith("cursor_usage."):
        colour = {"warning": "yellow", "error": "red"}.get(str(level), "default")
        console.print(f"  [{colour}]{escape(event)}[/]", soft_wrap=True)
    elif level == "error" and entry.get("exception"):
        sentence = str(entry["exception"][0].get("exc_value"))
        # The last task repeats what failed, with the team's name before it: that one stays.
        dag_run.errors = [*(known for known in dag_run.errors if known not in sentence), sentence]


def _stop(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _log_file(data: DataDir) -> Path:
    folder = data.root / "logs"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SystemExit(
            f"The data directory {data.root} cannot be written: {error.strerror or error}. "
            f"Set CURSOR_DATA_DIR to a folder that this user may write, then run again."
        ) from None
    return folder / f"run-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.log"


@contextlib.contextmanager
def _demo(console: Console) -> Iterator[None]:
    """Starts the bundled simulator, points the default connection to it and the data to a place of their own."""
    os.environ["CURSOR_DATA_DIR"] = os.environ.get("CURSOR_DATA_DIR") or str(DataDir.from_environment().demo.root)
    data = DataDir.from_environment()
    if others := [team_id for team_id in team_ids(data.landing) if team_id != DEMO_TEAM_ID]:
        raise SystemExit(
            f"No connection is set in .env or the environment, and {data.root} has the data of {', '.join(others)}: "
            "the demo is not mixed into it. Put the connection into .env; where Airflow's UI keeps it, trigger the DAG "
            "there."
        )
    command = [sys.executable, "-m", "tests.cursor_api_simulator", "--clock", "today", "--port", str(_demo_port(data))]
    with subprocess.Popen(  # noqa: S603  # the command is ours
        command, cwd=PROJECT_DIR, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            first_line = process.stdout.readline() if process.stdout else ""
            url, key = re.search(r"(http://\S+)", first_line), re.search(r"key[\s:=]+(\S+)", first_line)
            if url is None or key is None:
                reason = process.stderr.read() if process.stderr else ""
                raise SystemExit(
                    f"The bundled simulator did not start: {reason.strip()[-300:] or first_line}. If its port is "
                    f"taken, end the other process, or set CURSOR_DATA_DIR to a new folder for a demo of its own."
                )
            console.print(
                "[bold]No connection is set: this is a demo.[/] "
                f"A simulated company answers in place of the Cursor API; its data are in {data.root}. "
                "For your own team set AIRFLOW_CONN_CURSOR_DEFAULT in .env (see README); "
                "a connection kept in Airflow's UI is used by the DAG there, not by this command.",
                soft_wrap=True,
            )
            os.environ[CONNECTION_PREFIX + DEFAULT_CONNECTION_ID.upper()] = demo_connection(
                url[1].rstrip("/.,"), key[1]
            )
            os.environ["CURSOR_CONNECTION_IDS"] = DEFAULT_CONNECTION_ID
            yield
        finally:
            process.terminate()


def _demo_port(data: DataDir) -> int:
    """The port of the demo's earlier runs, as a landing belongs to one host; 0 (any free one) at first."""
    memory = Landing(data.landing, DEMO_TEAM_ID).folder / "team.json"
    if not memory.exists():
        return 0
    return int(str(msgspec.json.decode(memory.read_bytes())["host"]).rsplit(":", 1)[1])
