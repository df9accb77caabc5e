"""Runs dbt over raw: staging, intermediate, marts and their tests, in a process of its own.

dbt in process keeps the DuckDB file locked after it returns, so it is a subprocess.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from cursor_usage.pipeline.errors import BuildError, PipelineError
from cursor_usage.pipeline.load import team_run
from cursor_usage.pipeline.run import TeamRunFile, TeamTask, read_run_file
from cursor_usage.pipeline.seeds import merge_seeds
from cursor_usage.settings import PROJECT_DIR, DataDir
from cursor_usage.warehouse.connection import connected, writer
from cursor_usage.warehouse.runs import begin_build, pass_build, record_team_run, teams_recorded

log = logging.getLogger(__name__)

DBT_PROJECT = PROJECT_DIR / "dbt_project"
DID_NOT_FINISH = "The run did not finish for this team; see the log of its tasks."


def build(data: DataDir, run_id: str, tasks: Iterable[TeamTask], variables: Mapping[str, object]) -> list[str]:
    """Builds and tests all marts; returns the teams that failed in this run, whose rows stay as they were.

    Raises:
        PipelineError: no team of the run was loaded, so there is nothing to build.
        BuildError: a model or a data test failed; the message names the first ones.
        SeedError: a file in CURSOR_SEEDS_DIR cannot be used.
        WarehouseError: the warehouse is held by another process.
    """
    seeds = merge_seeds(DBT_PROJECT / "seeds", data.work / "seeds")
    with writer(data.warehouse, purpose=f"building, run {run_id}"):
        with connected(data.warehouse) as warehouse:
            tasks = list(tasks)
            loaded = teams_recorded(warehouse, run_id)
            failed = [task for task in tasks if task.team_id not in loaded]
            if len(failed) == len(tasks):
                raise PipelineError("No team was loaded in this run: the marts stay as they are.")
            for task in failed:
                record_team_run(warehouse, team_run(failed_run(data, task)))
            begin_build(warehouse, run_id)
        _dbt_build(data, seeds, variables)
        with connected(data.warehouse) as warehouse:
            pass_build(warehouse, run_id)
    return [task.team_id for task in failed]


def failed_run(data: DataDir, task: TeamTask) -> TeamRunFile:
    """What is known of a team's run that did not load: its own file, or that it did not finish."""
    now = datetime.now(UTC)
    run = read_run_file(data.landing, task.team_id, task.run_id) or TeamRunFile(
        run_id=task.run_id, team_id=task.team_id, connection_id=task.connection_id, started_at=now, finished_at=now
    )
    if run.error is None:
        run.errors["load"] = DID_NOT_FINISH
    return run


def _dbt_build(data: DataDir, seeds: Path, variables: Mapping[str, object]) -> None:
    target, logs = data.work / "dbt", data.work / "dbt_logs"
    command = [
        str(Path(sys.executable).with_name("dbt")),
        "build",
        "--exclude-resource-type",
        "unit_test",
        *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
        *("--target-path", str(target), "--log-path", str(logs)),
        *("--vars", json.dumps(dict(variables))),
    ]
    with subprocess.Popen(  # noqa: S603  # the command is ours; nothing of a user's is run
        command,
        env=_environment(data, seeds),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines = [line.rstrip() for line in process.stdout or ()]
    if process.returncode != 0:
        for line in lines:
            log.error("%s", line)
        raise BuildError(
            f"dbt failed: {_failures(target, lines)}. What is published stays as it was. "
            f"The full log is {logs / 'dbt.log'}; mend the cause and run again."
        )
    log.info("%s", next((line for line in reversed(lines) if "PASS=" in line), "dbt build passed"))


def _environment(data: DataDir, seeds: Path) -> dict[str, str]:
    """What dbt needs, and no connection: the key stays out of its process."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_CONN_")}
    return {
        **inherited,
        "CURSOR_WAREHOUSE": str(data.warehouse),
        "CURSOR_SEED_PATHS": str(seeds),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_VERSION_CHECK": "false",
        "DBT_USE_COLORS": "false",
    }


def _failures(target: Path, lines: list[str]) -> str:
    """The models and tests that failed, by name; dbt's own last words where it never came to running them."""
    try:
        results = json.loads((target / "run_results.json").read_bytes())["results"]
    except (OSError, ValueError, KeyError):
        results = []
    bad = [r for r in results if r["status"] in ("error", "fail", "runtime error")]
    if not bad:
        return "; ".join(line for line in lines[-4:] if line) or "it gave no reason"
    names = [f"{r['unique_id'].split('.')[2]} ({(r.get('message') or r['status']).splitlines()[0]})" for r in bad[:3]]
    more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""  # noqa: PLR2004  # as many as are named above
    return "; ".join(names) + more
