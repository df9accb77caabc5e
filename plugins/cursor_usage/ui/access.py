"""Whom Airflow's own auth lets read the page: whoever may view the DAG that makes its figures."""

from __future__ import annotations

from airflow.api_fastapi.core_api.security import requires_access_dag

DAG_ID = "cursor_usage_daily"

# A mounted app has no authentication by itself. This is the dependency of Airflow's own routes: the user by session
# cookie or bearer token (401 without one), then the auth manager's is_authorized_dag (403).
require_reader = requires_access_dag(method="GET", param_dag_id=DAG_ID)
