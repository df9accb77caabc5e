"""Names for OpenLineage: where Airflow's provider for it looks for them, and as its wrapper of dbt makes them."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import Asset
from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

from cursor_usage.hooks.lineage import asset_to_openlineage, dataset_name, lineage_environment
from cursor_usage.settings import DataDir

URIS = {
    "x-cursor-usage://warehouse/marts": ("warehouse.duckdb", "warehouse.marts"),
    "x-cursor-usage://published/marts": ("published/marts.duckdb", "marts.marts"),
}


@pytest.mark.parametrize("uri", URIS)
def test_an_asset_is_the_schema_of_a_duckdb_file(tmp_path, uri):
    file, name = URIS[uri]
    assert dataset_name(uri, DataDir(tmp_path)) == (f"duckdb://{tmp_path / file}", name)


@pytest.mark.parametrize("uri", URIS)
def test_airflow_knows_how_to_turn_the_assets_into_datasets(uri):
    assert Asset(name="any", uri=uri).normalized_uri == uri, "without a handler OpenLineage skips the asset"
    assert ProvidersManagerTaskRuntime().asset_to_openlineage_converters["x-cursor-usage"] is asset_to_openlineage


def test_without_openlineage_nothing_is_asked_of_the_task():
    context: Any = {}
    assert lineage_environment(context) == {}
