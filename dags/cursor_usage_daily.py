"""The daily Airflow DAG: wiring only; each task calls one step of cursor_usage.pipeline."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import Asset, Param, TriggerRule, dag, get_current_context, task, task_group

from cursor_usage.hooks.notifiers import TellPeople
from cursor_usage.settings import DataDir, connection_ids, is_report_without_people

DOC = """
### Is it healthy?
Healthy: the newest run is green, and the verdict in `marts.verification_verdicts` is `matched` or
`matched_within_tolerance`. A verdict never fails a run; a team that fails does, after the others were published.

| What you see | What to do |
|---|---|
| `extract` failed: wrong key, plan | Mend the connection (Admin, Connections, *Test*), then clear the task. |
| `extract` is up for retry: rate limit, not reachable, server error | Nothing: it is retried, nothing was lost. |
| `judge` failed | The answer did not pass the checks and replaced nothing. Read `docs/` in the data directory. |
| `build` failed | A model or a test failed, the log names it. What is published stays as it was. |
| `conclude` failed | The run's note says what failed and what to do: a team, or the step that is red before it. |
| The verdict is `drift` | Read `explanation` in `marts.verification_totals`: totals do not tie to Cursor's. |

Safe at any time: starting it again, clearing a task, two runs at once (the second waits), a back-fill.
A range of days is loaded again with the params `start_date` and `end_date`; `full_refresh` builds every table anew.
How a run ended stands in its note. `CURSOR_NOTIFIERS` sends it by e-mail, Slack and so on, on failure and on drift.
"""

# A name of its own and not the file's path: Airflow takes one URI per asset name, and the data directory can move.
MARTS = Asset(name="cursor_usage_marts", uri="x-cursor-usage://published/marts")
# For lineage: the same marts before they are published. Consumers wait for the published ones.
WAREHOUSE_MARTS = Asset(name="cursor_usage_warehouse_marts", uri="x-cursor-usage://warehouse/marts")
AS_IN_DBT = "Empty: the default in dbt_project.yml."
DAY: dict[str, Any] = {"type": ["null", "string"], "format": "date"}
WHAT, HOW, OUT = "What to load", "How to judge it", "What to publish"

PARAMS = {
    "connection_ids": Param(
        connection_ids(),
        title="Teams",
        section=WHAT,
        type="array",
        items={"type": "string"},
        description="Airflow connections of type Cursor Admin API, one a team. A team that is left out keeps its rows.",
    ),
    "start_date": Param(
        None,
        **DAY,
        title="First day",
        section=WHAT,
        description="First UTC day to fetch again. Empty: today's work, which is the last closed days, every missing "
        "day, and on the first run the last 14 days.",
    ),
    "end_date": Param(
        None,
        **DAY,
        title="Last day",
        section=WHAT,
        description="Last UTC day to fetch again, a day that is over. Empty: up to yesterday. Needs a first day.",
    ),
    "look_back_days": Param(
        None,
        title="Look-back",
        section=WHAT,
        type=["null", "integer"],
        minimum=1,
        description="Closed days that each run fetches again, as Cursor still corrects them. Empty: 3.",
    ),
    "full_refresh": Param(
        False,  # noqa: FBT003 - the value that the form begins with
        title="Full refresh",
        section=WHAT,
        type="boolean",
        description="Build every table anew from all rows that were ever loaded, not from the changed days alone. "
        "Fetches nothing more: for that, give a first day.",
    ),
    "idle_after_days": Param(
        None,
        title="Idle after",
        section=HOW,
        type=["null", "integer"],
        minimum=1,
        description=f"Days without activity after which a paid seat is idle. {AS_IN_DBT}",
    ),
    "grace_days": Param(
        None,
        title="Grace",
        section=HOW,
        type=["null", "integer"],
        minimum=0,
        description=f"Days for which a seat that is known to be newer is new, and not idle. {AS_IN_DBT}",
    ),
    "tolerance_share": Param(
        None,
        title="Tolerance",
        section=HOW,
        type=["null", "number"],
        minimum=0,
        maximum=1,
        description="Share of Cursor's figure by which ours may differ and still match within tolerance; 0.01 is one "
        f"percent. {AS_IN_DBT}",
    ),
    "report_without_people": Param(
        is_report_without_people(),
        title="Report without people",
        section=OUT,
        type="boolean",
        description="Whether report.html names nobody: tables of single people are left out of it.",
    ),
}


@task
def prepare() -> list[dict[str, Any]]:
    """Resolves the run's days and teams, and refuses what cannot be done before anything is fetched."""
    from cursor_usage.hooks.cursor_admin import resolve_teams
    from cursor_usage.hooks.failures import failing_by_meaning
    from cursor_usage.hooks.notifiers import check_notifiers
    from cursor_usage.hooks.run_context import run_facts
    from cursor_usage.pipeline.prepare import make_data_dir, team_tasks
    from cursor_usage.pipeline.windows import resolve_window

    context = get_current_context()
    with failing_by_meaning():
        check_notifiers()
        make_data_dir(DataDir.from_environment())
        window = resolve_window(**run_facts(context))
        return team_tasks(context["run_id"], window, resolve_teams(context["params"]["connection_ids"]))


@task(map_index_template="{{ team_id }}")
def extract(team_task: dict[str, Any]) -> None:
    """Fetches from the Cursor Admin API and lands every record as it came."""
    from cursor_usage.hooks.cursor_admin import CursorAdminHook
    from cursor_usage.hooks.failures import failing_by_meaning
    from cursor_usage.pipeline import extract as step
    from cursor_usage.pipeline.prepare import team_task_from
    from cursor_usage.pipeline.windows import LOOK_BACK_DAYS

    context = _context_of(team_task)
    with failing_by_meaning():
        step.extract(
            CursorAdminHook(team_task["connection_id"]).get_client,
            team_task_from(team_task),
            DataDir.from_environment(),
            look_back_days=context["params"]["look_back_days"] or LOOK_BACK_DAYS,
        )


@task(map_index_template="{{ team_id }}")
def judge(team_task: dict[str, Any]) -> None:
    """Great Expectations over what landed, before it replaces anything."""
    from cursor_usage.hooks.failures import failing_by_meaning
    from cursor_usage.pipeline import judge as step

    _context_of(team_task)
    with failing_by_meaning():
        step.judge(DataDir.from_environment(), team_task["team_id"], team_task["run_id"])


@task(map_index_template="{{ team_id }}", pool="duckdb_writer")
def load(team_task: dict[str, Any]) -> None:
    """Replaces the landed windows in raw, one transaction each."""
    from cursor_usage.hooks.failures import failing_by_meaning
    from cursor_usage.pipeline import load as step

    _context_of(team_task)
    with failing_by_meaning():
        step.load(DataDir.from_environment(), team_task["team_id"], team_task["run_id"])


@task(pool="duckdb_writer", trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS, outlets=[WAREHOUSE_MARTS])
def build(team_tasks: list[dict[str, Any]]) -> None:
    """dbt: staging, intermediate, marts and their data tests, for all teams; one that failed keeps its old rows."""
    from cursor_usage.hooks.failures import failing_by_meaning
    from cursor_usage.hooks.lineage import lineage_environment
    from cursor_usage.pipeline import build as step
    from cursor_usage.pipeline.prepare import dbt_variables, team_task_from

    context = get_current_context()
    with failing_by_meaning():
        step.build(
            DataDir.from_environment(),
            context["run_id"],
            [team_task_from(team_task) for team_task in team_tasks],
            dbt_variables(context["params"]),
            full_refresh=context["params"]["full_refresh"],
            lineage=lineage_environment(context),
        )


@task(pool="duckdb_writer", inlets=[WAREHOUSE_MARTS], outlets=[MARTS])
def publish() -> None:
    """One Parquet file a mart, then marts.duckdb, each by atomic rename; then report.html, made of that file."""
    from cursor_usage.hooks.failures import failing_by_meaning
    from cursor_usage.pipeline import publish as step
    from cursor_usage.ui.report import write_report

    data, context = DataDir.from_environment(), get_current_context()
    with failing_by_meaning():
        step.publish(data, context["run_id"])
        write_report(data.published, with_people=not context["params"]["report_without_people"])


@task(
    pool="duckdb_writer",
    trigger_rule=TriggerRule.ALL_DONE,
    on_success_callback=TellPeople(failed=False),
    on_failure_callback=TellPeople(failed=True),
)
def conclude(team_tasks: list[dict[str, Any]] | None) -> None:
    """Fails where a team failed or nothing was published, and says why: a run's state is that of its last task."""
    from cursor_usage.hooks.failures import earlier_failures, failing_by_meaning
    from cursor_usage.hooks.run_report import leaving_report
    from cursor_usage.pipeline import conclude as step
    from cursor_usage.pipeline.prepare import team_task_from
    from cursor_usage.pipeline.run_report import report_values

    context, data = get_current_context(), DataDir.from_environment()
    run_id = context["run_id"]
    with failing_by_meaning(), leaving_report(lambda failure: report_values(data, run_id, failure)):
        step.conclude(
            data,
            run_id,
            [team_task_from(team_task) for team_task in team_tasks or []],
            earlier_failures(context, ("prepare", "build", "publish")),
        )


def _context_of(team_task: dict[str, Any]) -> dict[str, Any]:
    """Airflow's context, with the team's name for the label of the mapped task in the graph."""
    context: dict[str, Any] = get_current_context()  # type: ignore[assignment]  # takes further keys for its templates
    context["team_id"] = team_task["team_id"]
    return context


@task_group
def team(team_task: dict[str, Any]) -> None:
    extract(team_task) >> judge(team_task) >> load(team_task)


@dag(
    dag_id="cursor_usage_daily",
    # The billing day is a UTC day. Usage is aggregated hourly, so half past five has all of yesterday.
    schedule="30 5 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params=PARAMS,
    doc_md=DOC,
    tags=["cursor", "cost"],
    default_args={
        "owner": "data-engineering",
        # `make run` sets 0: somebody is waiting for the answer.
        "retries": int(os.environ.get("CURSOR_TASK_RETRIES", "3")),
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
        "execution_timeout": timedelta(hours=6),
    },
)
def cursor_usage_daily() -> None:
    team_tasks: Any = prepare()  # what a task returns is known when it runs
    team.expand(team_task=team_tasks) >> build(team_tasks) >> publish() >> conclude(team_tasks)


cursor_usage_daily()
