"""What Airflow is told of this distribution (entry point ``apache_airflow_provider``).

Airflow reads it in every process that knows connection types, so it imports nothing of Airflow's or ours.
"""

from __future__ import annotations

from typing import Any

_TEAM_ID = {
    "label": "Team ID",
    "description": "The team's name in every table: letters, digits, dots, dashes, underscores. "
    "Empty: the connection's ID.",
    "schema": {"type": ["string", "null"], "maxLength": 100},
}
_REQUESTS_PER_MINUTE = {
    "label": "Requests per minute",
    "description": 'To each endpoint: a number, or an object like {"usage_events": 60}. Empty: 20. '
    "Endpoints: members, spend, daily_usage, usage_events.",
    "schema": {"type": ["string", "null"]},
}


def get_provider_info() -> dict[str, Any]:
    """The provider's metadata, as ``airflow/provider_info.schema.json`` wants it."""
    return {
        "package-name": "cursor-usage",
        "name": "Cursor",
        "description": "Seats and usage of a Cursor team, from the Cursor Admin API.",
        "integrations": [
            {
                "integration-name": "Cursor Admin API",
                "external-doc-url": "https://cursor.com/docs/account/teams/admin-api",
                "tags": ["service"],
            }
        ],
        "hooks": [
            {"integration-name": "Cursor Admin API", "python-modules": ["cursor_usage.hooks.cursor_admin"]},
        ],
        "connection-types": [
            {
                "connection-type": "cursor",
                "hook-class-name": "cursor_usage.hooks.cursor_admin.CursorAdminHook",
                "hook-name": "Cursor Admin API",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "login", "port"],
                    "relabeling": {"host": "Base URL", "password": "Admin API key"},
                    "placeholders": {
                        "host": "https://api.cursor.com",
                        "password": "a team Admin API key, made by a team admin",
                    },
                },
                "conn-fields": {"team_id": _TEAM_ID, "requests_per_minute": _REQUESTS_PER_MINUTE},
            }
        ],
    }
