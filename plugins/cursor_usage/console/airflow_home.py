"""Airflow's own home below the project: a metadata database for ``make run`` and one for ``make up``."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from cursor_usage.console.environment import airflow_environment
from cursor_usage.settings import PROJECT_DIR


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


def _airflow(environment: dict[str, str], *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603  # the command is ours
        [str(Path(sys.executable).with_name("airflow")), *arguments],
        env=environment,
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"airflow {' '.join(arguments[:2])} failed:\n{(done.stderr or done.stdout)[-2000:]}")
