"""The whole system as a user has it: `airflow standalone` with this project, and two made-up teams in place of Cursor.

Everything is on the loopback interface and in one folder: Airflow's home, its database, the data. While browser tests
are written, ``python -m tests.e2e.system`` keeps one up and names it; ``CURSOR_E2E_SYSTEM=<that file>`` lets pytest use
it instead of starting its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from cursor_usage.console.environment import airflow_environment, standalone_settings
from cursor_usage.settings import PROJECT_DIR, DataDir
from tests.cursor_api_simulator import Simulator

# It is up within 30 to 60 s on two cores that others use as well.
START_SECONDS = 600
# Airflow's parts can hang where they are told to end (console/airflow_home.py); here nothing is lost by killing them.
STOP_SECONDS = 10
DAG_ID = "cursor_usage_daily"


@dataclass(frozen=True, slots=True)
class Team:
    """A made-up company and the connection that leads to it."""

    connection_id: str
    team_id: str
    url: str
    key: str


@dataclass(frozen=True, slots=True)
class System:
    """A running Airflow: its address, where its data go, who may log in (password by name), the teams behind it."""

    url: str
    data_dir: Path
    passwords: dict[str, str]
    teams: tuple[Team, ...]

    @property
    def published(self) -> Path:
        """The published file that the Cursor page reads."""
        return DataDir(self.data_dir).published / "marts.duckdb"

    def api(self, user: str = "admin") -> httpx.Client:
        """Airflow's REST API as a user: for what a test wants to know or to clean up, never for what it is about."""
        login = {"username": user, "password": self.passwords[user]}
        with httpx.Client(base_url=self.url, timeout=60) as client:
            token = client.post("/auth/token", json=login).raise_for_status().json()["access_token"]
        return httpx.Client(base_url=f"{self.url}/api/v2", timeout=60, headers={"Authorization": f"Bearer {token}"})

    def runs(self) -> list[dict[str, Any]]:
        """The DAG's runs, newest first, as Airflow's API tells them."""
        with self.api() as api:
            answer = api.get(f"/dags/{DAG_ID}/dagRuns", params={"order_by": "-run_after"}).raise_for_status()
        runs: list[dict[str, Any]] = answer.json()["dag_runs"]
        return runs

    def is_on(self) -> bool:
        """Whether the DAG's runs go ahead."""
        with self.api() as api:
            answer = api.get(f"/dags/{DAG_ID}")
        answer.raise_for_status()
        return not answer.json()["is_paused"]

    def switch_on(self) -> None:
        """Lets the DAG's runs go ahead."""
        with self.api() as api:
            api.patch(f"/dags/{DAG_ID}", json={"is_paused": False}).raise_for_status()


@contextlib.contextmanager
def running_system(folder: Path) -> Iterator[System]:
    """Starts the simulators and Airflow in ``folder`` and ends them; yields when the DAG can be triggered.

    Raises:
        AssertionError: Airflow did not come up; the message has the end of its log.
    """
    passwords = {"admin": secrets.token_urlsafe(12), "reader": secrets.token_urlsafe(12)}
    home, port = folder / "airflow", _free_port()
    home.mkdir()
    (home / "passwords.json").write_text(json.dumps(passwords), encoding="utf-8")
    with _teams() as teams:
        system = System(f"http://127.0.0.1:{port}", folder / "data", passwords, teams)
        log = folder / "airflow.log"
        with _airflow(_environment(home, port, system), log) as process:
            _wait_until_ready(system, process, log)
            yield system


@contextlib.contextmanager
def system_to_look_at(folder: Path) -> Iterator[System]:
    """The system that somebody keeps up, where CURSOR_E2E_SYSTEM names it; else one of its own in ``folder``."""
    if kept := os.environ.get("CURSOR_E2E_SYSTEM"):
        yield _described(Path(kept))
        return
    with running_system(folder) as system:
        yield system


@contextlib.contextmanager
def _teams() -> Iterator[tuple[Team, ...]]:
    today = _today()
    with (
        Simulator(seed=7, clock=today) as engineering,
        Simulator(seed=11, seats=14, events_per_day=120, clock=today) as research,
    ):
        yield (
            Team("cursor_default", "engineering", engineering.url, engineering.key),
            Team("cursor_research", "research", research.url, research.key),
        )


def _today() -> str:
    """Frozen, so that every page of an answer, and each run of the day, is of the same company."""
    return time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime())


def _environment(home: Path, port: int, system: System) -> dict[str, str]:
    """That of `make up`, with a home, a port and data of its own, and nothing of the machine's connections."""
    inherited = airflow_environment({}, home)
    clean = {name: value for name, value in inherited.items() if not name.startswith(("AIRFLOW_CONN_", "CURSOR_"))}
    return {
        **clean,
        **standalone_settings({"AIRFLOW__API__PORT": str(port)}),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(_free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(_free_port()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,reader:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        # Switching the DAG on starts the newest scheduled run, and a triggered one would wait for it.
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
        # As many processes as the run has tasks side by side; the default is 32.
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "CURSOR_DATA_DIR": str(system.data_dir),
        "CURSOR_CONNECTION_IDS": ",".join(team.connection_id for team in system.teams),
        "CURSOR_TASK_RETRIES": "0",
    }


@contextlib.contextmanager
def _airflow(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`airflow standalone` in a session of its own, so that all that it starts can be ended."""
    command = [str(Path(sys.executable).with_name("airflow")), "standalone"]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, env=environment, cwd=PROJECT_DIR, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _wait_until_ready(system: System, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the scheduler lives and the DAG is known; then makes the writer's pool, as docs/operate.md asks."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError), system.api() as api:
            health = api.get("/monitor/health").raise_for_status().json()
            if health["scheduler"]["status"] == "healthy" and api.get(f"/dags/{DAG_ID}").is_success:
                pool = {"name": "duckdb_writer", "slots": 1, "description": "Whoever writes the warehouse"}
                api.post("/pools", json=pool).raise_for_status()
                return
        time.sleep(1)
    raise AssertionError(f"Airflow did not come up. The end of its log:\n{log.read_text(errors='replace')[-4000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _described(file: Path) -> System:
    """The system that ``python -m tests.e2e.system`` keeps up."""
    told = json.loads(file.read_text(encoding="utf-8"))
    teams = tuple(Team(**team) for team in told["teams"])
    return System(told["url"], Path(told["data_dir"]), told["passwords"], teams)


def main() -> None:
    """Keeps a system up until Ctrl-C or SIGTERM and writes what it is to a file."""
    for stop in (signal.SIGINT, signal.SIGTERM):  # a shell starts what runs in its background deaf to Ctrl-C
        signal.signal(stop, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="cursor-e2e-") as name, running_system(Path(name)) as system:
        file = Path(name) / "system.json"
        file.write_text(json.dumps(asdict(system), default=str), encoding="utf-8")
        sys.stdout.write(f"CURSOR_E2E_SYSTEM={file} ({system.url}, data in {system.data_dir}); Ctrl-C ends it.\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
