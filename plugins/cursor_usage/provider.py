"""What Airflow is told of this distribution (entry point ``apache_airflow_provider``).

Airflow reads it in every process that knows connection types, so it imports nothing of Airflow's or ours.
"""

from __future__ import annotations

from typing import Any

# Airflow's form (3.3) has room for an explanation below an extra field only; a standard field has its placeholder. So
# the first extra field says where the key comes from.
_TEAM_ID = {
    "label": "Team ID",
    "schema": {
        "type": ["string", "null"],
        "maxLength": 100,
        "description_md": """\
Your own name for the team, in every table: letters, digits, dots, dashes, underscores. One connection a team, each with
a Team ID of its own; keep it, as the team's history hangs on it. Empty: the connection's ID.

**The key** above: a team admin opens [cursor.com/dashboard](https://cursor.com/dashboard), *Settings*, *Advanced*,
*Admin API Keys*, and creates a key that may read members, usage and spend. It is shown once. A user's or a service
account's key is refused.

**The plan**: Teams (formerly Business) or Enterprise.

**Then** save, and press *Test* in the list of connections. It says of each endpoint whether the key may read it.
""",
    },
}
_REQUESTS_PER_MINUTE = {
    "label": "Requests per minute",
    "description": 'To each endpoint, for the whole team: a number, or an object like {"usage_events": 60}. Lower it '
    "where something else reads the same team's data and Cursor answers 429. Empty: 20. Endpoints: members, spend, "
    "daily_usage, usage_events.",
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
        "asset-uris": [
            {
                "schemes": ["x-cursor-usage"],
                "handler": None,  # said, or Airflow ignores the entry
                "to_openlineage_converter": "cursor_usage.hooks.lineage.asset_to_openlineage",
            }
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
                        "password": "from cursor.com/dashboard, Settings, Advanced, Admin API Keys",
                    },
                },
                "conn-fields": {"team_id": _TEAM_ID, "requests_per_minute": _REQUESTS_PER_MINUTE},
            }
        ],
    }
