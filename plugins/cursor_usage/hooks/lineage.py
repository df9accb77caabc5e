"""OpenLineage, where Airflow's provider for it is there: one name for each dataset, and dbt's events below the task.

dbt itself is told of by ``dbt-ol`` (package ``openlineage-dbt``), which names tables ``duckdb://<file>`` and
``<database>.<schema>.<table>``. The DAG's assets get names of the same kind, so that both are one graph.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cursor_usage.settings import PUBLISHED_FILE, DataDir

if TYPE_CHECKING:
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.sdk import Asset
    from airflow.sdk.definitions.context import Context


def asset_to_openlineage(asset: Asset, lineage_context: object) -> Dataset:  # noqa: ARG001 - Airflow's signature
    """An asset of scheme ``x-cursor-usage`` as OpenLineage's dataset; called by Airflow's provider for it."""
    from airflow.providers.common.compat.openlineage.facet import Dataset  # noqa: PLC0415 - nothing without OpenLineage

    namespace, name = dataset_name(asset.uri, DataDir.from_environment())
    return Dataset(namespace=namespace, name=name)


def dataset_name(uri: str, data: DataDir) -> tuple[str, str]:
    """Namespace and name of the schema of a DuckDB file that an asset's URI means.

    Raises:
        KeyError: the URI names another place than the warehouse or what is published.
    """
    parts = urlsplit(uri)
    file = {"warehouse": data.warehouse, "published": data.published / PUBLISHED_FILE}[parts.netloc]
    return f"duckdb://{file}", f"{file.stem}.{parts.path.strip('/')}"


def lineage_environment(context: Context) -> dict[str, str]:
    """What ``dbt-ol`` is to know of the task that starts it, and where its events go; empty without OpenLineage."""
    try:
        # By name: it is installed by whoever collects lineage, and mypy would miss it elsewhere.
        conf = import_module("airflow.providers.openlineage.conf")
        macros = import_module("airflow.providers.openlineage.plugins.macros")
    except ImportError:
        return {}
    if conf.is_disabled():
        return {}
    ti = context["ti"]
    transport, config_file = conf.transport(), conf.config_path()
    return {
        "OPENLINEAGE_PARENT_ID": macros.lineage_parent_id(ti),
        "OPENLINEAGE_ROOT_PARENT_ID": macros.lineage_root_parent_id(ti),
        "OPENLINEAGE_NAMESPACE": conf.namespace(),
        **({"OPENLINEAGE__TRANSPORT": json.dumps(transport)} if transport else {}),
        **({"OPENLINEAGE_CONFIG": config_file} if config_file else {}),
    }
