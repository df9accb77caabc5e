"""The environment that the commands run in: .env, Airflow's own home below the project, and the demo's connection."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

from dotenv.parser import parse_stream

from cursor_usage.landing import team_ids
from cursor_usage.settings import DEMO_FOLDER, PROJECT_DIR, DataDir, connection_ids

CONNECTION_PREFIX = "AIRFLOW_CONN_"
DEMO_TEAM_ID = DEMO_FOLDER


class EnvironmentFileError(Exception):
    """A line of .env cannot be read; the message names the line, never its value."""


def load_env_file(path: Path, environment: MutableMapping[str, str]) -> None:
    """Adds what .env sets and the environment does not. The file is parsed, not run: JSON values need no escaping.

    Raises:
        EnvironmentFileError: the file cannot be read, or a line is not NAME=value.
    """
    if not path.exists():
        return
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise EnvironmentFileError(f"{path} cannot be read: {why}. Save it as UTF-8, readable by this user.") from None
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            name = binding.original.string.split("=", 1)[0].strip()
            shown = f" ({name})" if name.replace("_", "").isalnum() and "=" in binding.original.string else ""
            raise EnvironmentFileError(
                f"Line {binding.original.line} of {path}{shown} is not NAME=value. "
                f'Put a JSON value in single quotes: AIRFLOW_CONN_CURSOR_DEFAULT=\'{{"conn_type": "cursor", …}}\'.'
            )
        if binding.key is not None and binding.value is not None:
            environment.setdefault(binding.key, binding.value)


def has_connection() -> bool:
    """Whether any of the DAG's teams has a connection in the environment."""
    return any(os.environ.get(CONNECTION_PREFIX + name.upper()) for name in connection_ids())


def data_dir_of_runs() -> DataDir:
    """Where ``make run`` has put its data: the demo's place where there is no connection and nothing landed of one."""
    data = DataDir.from_environment()
    is_configured = os.environ.get("CURSOR_DATA_DIR") or has_connection()
    return data if is_configured or team_ids(data.landing) or not team_ids(data.demo.landing) else data.demo


def airflow_environment(environment: MutableMapping[str, str], home: Path) -> dict[str, str]:
    """The environment for Airflow's own processes: its home below the project, this project's DAGs and plugins."""
    # `airflow standalone` starts its parts by name, and nobody has to activate .venv.
    programs = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    settings = {
        "AIRFLOW_HOME": str(home),
        "PATH": programs,
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_DIR / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_DIR / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
    }
    return {**os.environ, **environment, **settings}


def standalone_settings(environment: MutableMapping[str, str]) -> dict[str, str]:
    """What ``make up`` asks of Airflow where the environment says nothing else."""
    return {
        # Who reaches the UI reads people's names and what they cost: this machine only.
        "AIRFLOW__API__HOST": "127.0.0.1",
        # Tasks find the API server by it: without, they would call port 8080 wherever the UI was moved to.
        "AIRFLOW__API__BASE_URL": f"http://localhost:{environment.get('AIRFLOW__API__PORT') or '8080'}",
        # Without a key the first thing to see would be a run that failed.
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": str(not has_connection()),
    }


def demo_connection(url: str, key: str) -> str:
    """The connection to the bundled simulator, as Airflow reads it from the environment.

    The simulator answers as fast as it is asked; the real API's limit is the default of every other connection.
    """
    extra = {"team_id": DEMO_TEAM_ID, "requests_per_minute": 6000}
    return json.dumps({"conn_type": "cursor", "host": url, "password": key, "extra": extra})
