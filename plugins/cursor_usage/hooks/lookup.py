"""Finding a connection as Airflow does, and saying why one is not found.

Airflow swallows what is wrong with an ``AIRFLOW_CONN_…`` variable and answers that the connection is not defined.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowNotFoundException

from cursor_usage.hooks.connection import ConnectionFields, CursorConnectionError

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = '{"conn_type": "cursor", "password": "<team Admin API key>"}'
_FIELDS = frozenset({"conn_type", "description", "host", "login", "password", "schema", "port", "extra"})


def look_up(connection_id: str, get_connection: Callable[[str], ConnectionFields]) -> ConnectionFields:
    """The connection, by Airflow's own search (environment, secrets backend, metadata database).

    Raises:
        CursorConnectionError: there is none, or what is there cannot be read.
    """
    try:
        return get_connection(connection_id)
    except AirflowNotFoundException:
        failure = _why_not_found(connection_id)
    except Exception as error:  # noqa: BLE001 - any secrets backend may be asked, and its error may hold the secret
        failure = CursorConnectionError(
            f"The connection could not be looked up ({type(error).__name__})",
            connection_id=connection_id,
            next_step="check Airflow's secrets backend and its database, the log at level DEBUG says more",
        )
        failure.is_retryable = True
    # Outside of the except: Airflow's frames hold the connection's text, and would come along as the context.
    raise failure


def variable_name(connection_id: str) -> str:
    """The environment variable that Airflow reads a connection from."""
    return f"AIRFLOW_CONN_{connection_id.upper()}"


def _why_not_found(connection_id: str) -> CursorConnectionError:
    name = variable_name(connection_id)
    value = os.environ.get(name, "").strip()
    written = f"like {name}='{EXAMPLE}'"
    if not value:
        return CursorConnectionError(
            f"There is no connection {connection_id}",
            next_step=f"put it into the environment or .env {written}, or, for runs there, into Airflow's UI",
        )
    problem = _json_problem(value) if value.startswith("{") else "is neither JSON nor a URI that Airflow can read"
    return CursorConnectionError(f"{name} {problem}", next_step=f"write it {written}")


def _json_problem(value: str) -> str:
    """What is wrong with the JSON, by place and field name, never by value."""
    try:
        fields = json.loads(value)
    except json.JSONDecodeError as error:
        return f"is not valid JSON (line {error.lineno}, column {error.colno})"
    unknown = sorted(str(name)[:20] for name in fields.keys() - _FIELDS)
    if unknown:
        return f"has fields that Airflow does not know ({', '.join(unknown[:5])}; what is Cursor's goes into extra)"
    return "is JSON with a value that Airflow cannot read (port must be a number, the others text)"
