"""Airflow's own home below the project: a metadata database for ``make run`` and one for ``make up``."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from cursor_usage.console.environment import airflow_environment
from cursor_usage.settings import PROJECT_DIR

# Airflow's parts take a dozen seconds on a busy machine.
STOP_WAIT_SECONDS = 60.0


def prepare_airflow(purpose: str, console: Console) -> dict[str, str]:
    """Makes ``.airflow/<purpose>`` ready (migrated, with the writer's pool) and returns the environment for it.

    ``make run`` has a database that no scheduler reads, so that a run of its own is never picked up twice.
    """
    home = PROJECT_DIR / ".airflow" / purpose
    environment = airflow_environment(os.environ, home)
    ready = home / f"ready-{version('apache-airflow')}"
    if not ready.exists():
        console.print("Setting up Airflow's metadata database (once) …")
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        _airflow(environment, "db", "migrate")
        _airflow(environment, "pools", "set", "duckdb_writer", "1", "Whoever writes the warehouse")
        ready.touch()
    return environment


def run_until_stopped(command: Sequence[str], environment: dict[str, str]) -> int:
    """Runs ``airflow standalone`` until Ctrl-C, SIGTERM or a closed terminal; returns its exit status, 0 when stopped.

    It gets a session of its own, so that only its parent process hears of the stop: Airflow's scheduler and
    dag-processor (3.3) hang where the terminal's SIGINT and the parent's SIGTERM reach them together, as a signal's
    handler waits for the log's lock that the other one holds.
    """
    for stop in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, _interrupt)
    process = subprocess.Popen(command, env=environment, cwd=PROJECT_DIR, start_new_session=True)  # noqa: S603  # Airflow's own
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(STOP_WAIT_SECONDS)
        return 0
    finally:
        # A second Ctrl-C, or what did not end in time; runs go on from where they were.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _airflow(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603  # Airflow's own command with arguments of ours
        [str(Path(sys.executable).with_name("airflow")), *arguments],
        env=environment,
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"airflow {' '.join(arguments[:2])} failed:\n{(done.stderr or done.stdout)[-2000:]}")
