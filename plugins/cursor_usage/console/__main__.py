"""The commands behind the Makefile: ``run``, ``check``, ``verify``, ``docs``, ``replay``, ``prune`` and ``up``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cursor_usage.console.environment import (
    EnvironmentFileError,
    data_dir_of_runs,
    has_connection,
    load_env_file,
    standalone_settings,
)
from cursor_usage.settings import PROJECT_DIR, connection_ids

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
# Where no terminal says how wide it is (a log, a pipe), 100 columns hold each table without breaking a word.
console = Console(width=None if sys.stdout.isatty() else 100)


@app.callback()
def main() -> None:
    """Cursor seats and usage in your warehouse."""
    try:
        load_env_file(PROJECT_DIR / ".env", os.environ)
    except EnvironmentFileError as error:
        raise SystemExit(str(error)) from None


@app.command()
def run(
    start: Annotated[str, typer.Option(help="First closed UTC day to load again, YYYY-MM-DD.")] = "",
    end: Annotated[str, typer.Option(help="Last closed UTC day to load again, YYYY-MM-DD.")] = "",
) -> None:
    """Run the daily DAG once and print what it found."""
    from cursor_usage.console.run import run as run_dag  # noqa: PLC0415  # each command starts as light as it can

    raise SystemExit(run_dag(start or None, end or None, console))


@app.command()
def check() -> None:
    """Verify the key: what each endpoint answers, loading nothing."""
    from cursor_usage.console.check import check as check_keys  # noqa: PLC0415  # starts light

    raise SystemExit(check_keys(connection_ids()))


@app.command()
def docs() -> None:
    """Write docs/marts.md from the YAML of the dbt project, and dbt's pages below the data directory's docs/dbt."""
    from cursor_usage.console.data_dictionary import write_page  # noqa: PLC0415  # starts light
    from cursor_usage.console.dbt_docs import write_dbt_docs  # noqa: PLC0415  # starts light
    from cursor_usage.console.maintenance import said  # noqa: PLC0415  # starts light

    data = data_dir_of_runs()
    with said(console):
        console.print(f"Wrote {write_page().relative_to(PROJECT_DIR)}.")
        pages = write_dbt_docs(data)
    told = (
        f"Wrote {pages / 'index.html'} and columns.html beside it."
        if pages
        else f"There is no warehouse in {data.root} yet: `make run`, then `make docs` again writes dbt's pages too."
    )
    console.print(told, soft_wrap=True, highlight=False)


@app.command()
def verify(  # noqa: PLR0917  # one option for each figure of the dashboard
    on_demand: Annotated[str, typer.Option(help="On-demand usage of the open cycle, dollars.")] = "",
    included: Annotated[str, typer.Option(help="Included usage of the open cycle, dollars.")] = "",
    usage_value: Annotated[str, typer.Option(help="Included and on-demand usage of the open cycle, dollars.")] = "",
    seats: Annotated[str, typer.Option(help="Paid seats.")] = "",
    requests: Annotated[str, typer.Option(help="Requests of the 14 days of the window.")] = "",
    team: Annotated[str, typer.Option(help="The team; may be left out where there is one.")] = "",
) -> None:
    """Compare what the dashboard shows now with the warehouse, without the API."""
    from cursor_usage.console.verify import verify_dashboard  # noqa: PLC0415  # starts light

    texts = {
        "ON_DEMAND": on_demand,
        "INCLUDED": included,
        "USAGE_VALUE": usage_value,
        "SEATS": seats,
        "REQUESTS": requests,
    }
    raise SystemExit(verify_dashboard(texts, team, console))


@app.command()
def replay() -> None:
    """Rebuild the warehouse and what is published from landing alone, without the API."""
    from cursor_usage.console.maintenance import replay_landing  # noqa: PLC0415  # starts light

    raise SystemExit(replay_landing(console))


@app.command()
def prune(
    keep_days: Annotated[str, typer.Option(help="Age in days from which superseded records may go.")] = "90",
    dry_run: Annotated[bool, typer.Option(help="Say what would be freed, delete nothing.")] = False,  # noqa: FBT002  # typer's flags are bools
) -> None:
    """Delete landed records that a later fetch has replaced."""
    from cursor_usage.console.maintenance import prune_landing  # noqa: PLC0415  # starts light

    raise SystemExit(prune_landing(keep_days, console, is_dry_run=dry_run))


@app.command()
def up() -> None:
    """Start Airflow standalone with its UI; the DAG then runs daily."""
    from cursor_usage.console.airflow_home import prepare_airflow, run_until_stopped  # noqa: PLC0415  # starts light

    environment = {**standalone_settings(os.environ), **prepare_airflow("up", console)}
    passwords = Path(environment["AIRFLOW_HOME"], "simple_auth_manager_passwords.json.generated")
    console.print(
        f"Airflow's UI comes up at http://localhost:{environment.get('AIRFLOW__API__PORT', '8080')}, Ctrl-C ends it. "
        f"The user is admin, the password is in {passwords}.",
        soft_wrap=True,
        highlight=False,
    )
    console.print(
        "If the DAG cursor_usage_daily is off, as where Airflow first started without a connection, switch it on."
        if has_connection()
        else "No connection is set: put one into .env and start again, or add it in the UI (Admin, Connections, type "
        "Cursor Admin API, ID cursor_default); then switch the DAG cursor_usage_daily on.",
        soft_wrap=True,
        highlight=False,
    )
    raise SystemExit(run_until_stopped([str(Path(sys.executable).with_name("airflow")), "standalone"], environment))


if __name__ == "__main__":
    app()
