"""What Airflow's context says of the run, as plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context


def run_facts(context: Context) -> dict[str, Any]:
    """The arguments of ``resolve_window``: instants are aware, or None where the run carries none."""
    run = context["dag_run"]
    return {
        "now": datetime.now(UTC),
        "run_after": run.run_after,
        "logical_date": run.logical_date,
        "data_interval_start": run.data_interval_start,
        "data_interval_end": run.data_interval_end,
        "run_type": str(getattr(run.run_type, "value", run.run_type)),
        "start": context["params"]["start_date"],
        "end": context["params"]["end_date"],
    }
