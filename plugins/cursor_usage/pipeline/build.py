"""Runs dbt over raw: staging, intermediate, marts and their tests, in a process of its own.

dbt in process keeps the DuckDB file locked after it returns, so it is a subprocess.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from cursor_usage.disk import says_full
from cursor_usage.pipeline.errors import BuildError, PipelineError
from cursor_usage.pipeline.ledger import note_in_ledger
from cursor_usage.pipeline.load import team_run
from cursor_usage.pipeline.run import TeamRunFile, TeamTask, read_run_file, write_run_file
from cursor_usage.pipeline.seeds import merge_seeds
from cursor_usage.settings import PROJECT_DIR, DataDir
from cursor_usage.warehouse.connection import connected, open_elsewhere, says_locked, writer
from cursor_usage.warehouse.runs import begin_build, built_with, pass_build, record_team_run, teams_recorded

log = logging.getLogger(__name__)

DBT_PROJECT = PROJECT_DIR / "dbt_project"
DID_NOT_FINISH = (
    "The run did not finish for this team; the log of its red task says why. Mend that, then clear the task."
)


def build(
    data: DataDir,
    run_id: str,
    tasks: Iterable[TeamTask],
    variables: Mapping[str, object],
    *,
    full_refresh: bool = False,
    lineage: Mapping[str, str] | None = None,
) -> list[str]:
    """Builds and tests all marts; returns the teams that failed in this run, whose rows stay as they were.

    ``full_refresh``: every table from all of raw, also those that otherwise go on from what was built before.
    ``lineage``: the environment of OpenLineage's ``dbt-ol``, where dbt's lineage is to be told; see ``_dbt_program``.

    Raises:
        PipelineError: no team of the run was loaded, so there is nothing to build.
        BuildError: a model or a data test failed; the message names the first ones.
        SeedError: one of the user's seeds cannot be used.
        WarehouseError: the warehouse is held by another process, or a reader opened it just before dbt did.
        OSError: the disk is full.
    """
    with writer(data.warehouse, purpose=f"building, run {run_id}"):
        with connected(data.warehouse) as warehouse:
            tasks = list(tasks)
            loaded = teams_recorded(warehouse, run_id)
            failed = [task for task in tasks if task.team_id not in loaded]
            if len(failed) == len(tasks):
                raise PipelineError(
                    "No team was loaded in this run: the marts stay as they are. The task 'conclude' says what to do "
                    "for each team."
                )
            for task in failed:
                record_team_run(warehouse, team_run(failed_run(data, task)))
        for task in tasks:
            _note_variables(data, task, variables)
        build_marts(data, run_id, variables, full_refresh=full_refresh, lineage=lineage or {})
        with connected(data.warehouse) as warehouse:
            note_in_ledger(data.landing, warehouse)
    return [task.team_id for task in failed]


def build_marts(
    data: DataDir,
    run_id: str,
    variables: Mapping[str, object],
    user_seeds: Path | None = None,
    *,
    full_refresh: bool = False,
    lineage: Mapping[str, str] | None = None,
) -> None:
    """Builds and tests the marts of a warehouse that the caller holds; raises as :func:`build` does.

    ``user_seeds``: where the user's seeds are, if not in CURSOR_SEEDS_DIR or the data directory's own folder.
    """
    seeds = merge_seeds(DBT_PROJECT / "seeds", data.work / "seeds", user_seeds or data.seeds)
    project = project_checksum()
    with connected(data.warehouse) as warehouse:
        is_new_project = built_with(warehouse) != project
        begin_build(warehouse, run_id, project)
    _dbt_build(data, seeds, variables, full_refresh=full_refresh or is_new_project, lineage=lineage or {})
    with connected(data.warehouse) as warehouse:
        pass_build(warehouse, run_id)


def _note_variables(data: DataDir, task: TeamTask, variables: Mapping[str, object]) -> None:
    """With the run, so that a replay builds as the run did."""
    run = read_run_file(data.landing, task.team_id, task.run_id)
    if run is not None:
        write_run_file(data.landing, msgspec.structs.replace(run, variables=dict(variables)))


def failed_run(data: DataDir, task: TeamTask) -> TeamRunFile:
    """What is known of a team's run that did not load: its own file, or that it did not finish."""
    now = datetime.now(UTC)
    run = read_run_file(data.landing, task.team_id, task.run_id) or TeamRunFile(
        run_id=task.run_id, team_id=task.team_id, connection_id=task.connection_id, started_at=now, finished_at=now
    )
    if run.error is None:
        run.errors["load"] = DID_NOT_FINISH
    return run


def project_checksum() -> str:
    """What the models are made of: where it is another one, rows that older code has built are not kept."""
    folders = [DBT_PROJECT / folder for folder in ("models", "macros")]
    # Also their YAML: a table that is not made anew would keep the constraints that it was made with.
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in (".sql", ".yml")]
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(DBT_PROJECT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _dbt_program(lineage: Mapping[str, str]) -> Path:
    """dbt, or OpenLineage's wrapper of it, which sends an event for each model and takes dbt's arguments."""
    wrapper = Path(sys.executable).with_name("dbt-ol")
    if not lineage:
        return wrapper.with_name("dbt")
    if wrapper.exists():
        return wrapper
    log.info("OpenLineage is configured, but not told of dbt's models: for that, install openlineage-dbt.")
    return wrapper.with_name("dbt")


def _dbt_build(
    data: DataDir,
    seeds: Path,
    variables: Mapping[str, object],
    *,
    full_refresh: bool,
    lineage: Mapping[str, str],
) -> None:
    target, logs = data.work / "dbt", data.work / "dbt_logs"
    command = [
        str(_dbt_program(lineage)),
        "build",
        "--exclude-resource-type",
        "unit_test",
        *(("--full-refresh",) if full_refresh else ()),
        *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
        *("--target-path", str(target), "--log-path", str(logs)),
        *("--vars", json.dumps(dict(variables))),
    ]
    with subprocess.Popen(  # noqa: S603  # the command is ours; nothing of a user's is run
        command,
        env={**_environment(data, seeds), **lineage},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines = [line.rstrip() for line in process.stdout or ()]
    if process.returncode != 0:
        if full := next((line for line in lines if says_full(line)), None):
            # dbt's own words of it are a trace of its logger.
            raise OSError(errno.ENOSPC, full.strip(), str(data.warehouse))
        if locked := next((line for line in lines if says_locked(line)), None):
            raise open_elsewhere(data.warehouse, locked)
        for line in lines:
            log.error("%s", line)
        raise BuildError(
            f"dbt failed: {_failures(target, lines)}. What is published stays as it was. "
            f"The full log is {logs / 'dbt.log'}; mend the cause and run again."
        )
    log.info("%s", next((line for line in reversed(lines) if "PASS=" in line), "dbt build passed"))


def _environment(data: DataDir, seeds: Path) -> dict[str, str]:
    return {
        **environment_without_keys(),
        # dbt-ol starts dbt by its name, and nobody has to activate .venv.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "CURSOR_WAREHOUSE": str(data.warehouse),
        "CURSOR_SEED_PATHS": str(seeds),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_VERSION_CHECK": "false",
        "DBT_USE_COLORS": "false",
    }


def environment_without_keys() -> dict[str, str]:
    """What dbt's process may see: no connection, so that the key stays out of it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_CONN_")}


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
