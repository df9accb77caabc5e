"""The commands behind the Makefile: ``run``, ``check`` and ``up``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cursor_usage.console.environment import (
    EnvironmentFileError,
    connection_ids,
    has_connection,
    load_env_file,
    standalone_settings,
)
from cursor_usage.settings import PROJECT_DIR

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
    from cursor_usage.console.check import check as check_keys  # noqa: PLC0415  # see above

    raise SystemExit(check_keys(connection_ids(os.environ)))


@app.command()
def up() -> None:
    """Start Airflow standalone with its UI; the DAG then runs daily."""
    from cursor_usage.console.airflow_home import prepare_airflow, run_until_stopped  # noqa: PLC0415  # see above

    environment = {**standalone_settings(os.environ), **prepare_airflow("up", console)}
    passwords = Path(environment["AIRFLOW_HOME"], "simple_auth_manager_passwords.json.generated")
    console.print(
        f"Airflow's UI comes up at http://localhost:{environment.get('AIRFLOW__API__PORT', '8080')}, Ctrl-C ends it. "
        f"The user is admin, the password is in {passwords}.",
        soft_wrap=True,
        highlight=False,
    )
    if not has_connection(os.environ):
        console.print(
            "No connection is set: put one into .env, or add it in the UI (Admin, Connections, type Cursor Admin API, "
            "ID cursor_default), then switch the DAG cursor_usage_daily on.",
            soft_wrap=True,
            highlight=False,
        )
    raise SystemExit(run_until_stopped([str(Path(sys.executable).with_name("airflow")), "standalone"], environment))


if __name__ == "__main__":
    app()
