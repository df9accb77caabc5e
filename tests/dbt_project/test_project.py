"""Rules that hold for every model of the dbt project, read off its manifest and an empty warehouse."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.dbt_project.warehouse_builder import DbtResult, WarehouseBuilder

Node = dict[str, Any]


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> WarehouseBuilder:
    return WarehouseBuilder(tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="module")
def built(builder: WarehouseBuilder) -> DbtResult:
    """A build on raw tables without a row."""
    return builder.build()


@pytest.fixture(scope="module")
def manifest(builder: WarehouseBuilder) -> Node:
    return builder.dbt("parse").artifact("manifest")


@pytest.fixture(scope="module")
def models(manifest: Node) -> dict[str, Node]:
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert len(nodes) > 20
    return {node["name"]: node for node in nodes}


def test_an_empty_warehouse_builds_without_a_warning_and_has_empty_marts(
    builder: WarehouseBuilder, built: DbtResult, models: dict[str, Node]
) -> None:
    # An exposure is named, and nothing is built of it.
    assert set(built.statuses().values()) == {"success", "pass", "no-op"}
    for name in (name for name, node in models.items() if node["schema"] == "marts"):
        assert builder.query(f"select count(*) as rows from marts.{name}") == [{"rows": 0}]


def test_the_project_parses_without_a_warning(builder: WarehouseBuilder, built: DbtResult, tmp_path: Path) -> None:
    # The one that the project itself silences: its tables in parts do have their constraints (test_tables_in_parts.py).
    errors = '{"error": "all", "silence": ["UnsupportedConstraintMaterialization"]}'
    result = builder.dbt("--warn-error-options", errors, "parse", "--no-partial-parse", "--show-all-deprecations")
    assert result.is_green, result.output
    assert "deprecat" not in result.output.lower()


def test_schemas_are_those_of_the_contract(manifest: Node) -> None:
    schemas = {(node["resource_type"], node["schema"]) for node in manifest["nodes"].values()}
    models_and_seeds = {schema for kind, schema in schemas if kind in ("model", "seed")}
    assert models_and_seeds == {"staging", "intermediate", "marts", "seeds"}


def test_every_table_says_its_grain_in_its_first_sentence(models: dict[str, Node], manifest: Node) -> None:
    tables = [*models.values(), *manifest["sources"].values()]
    tables += [node for node in manifest["nodes"].values() if node["resource_type"] == "seed"]
    assert [node["name"] for node in tables if not node["description"].startswith("One row per ")] == []


def test_every_column_is_described_and_every_description_has_a_column(
    builder: WarehouseBuilder, models: dict[str, Node]
) -> None:
    """A mart's own steps, in a folder of their own below intermediate, say their grain only."""
    found = builder.query(
        "select table_name, column_name from information_schema.columns "
        "where table_schema in ('staging', 'intermediate', 'marts')"
    )
    shared = {name: node for name, node in models.items() if node["fqn"][1] != "intermediate" or len(node["fqn"]) == 3}
    columns = {(row["table_name"], row["column_name"]) for row in found if row["table_name"] in shared}
    described = {
        (name, column)
        for name, node in shared.items()
        for column, about in node["columns"].items()
        if about["description"].strip()
    }
    assert columns - described == set(), "not described"
    assert described - columns == set(), "described, not there"


def test_every_mart_has_an_enforced_contract_with_types(models: dict[str, Node]) -> None:
    marts = {name: node for name, node in models.items() if node["schema"] == "marts"}
    assert [name for name, node in marts.items() if not node["config"]["contract"]["enforced"]] == []
    untyped = [
        (name, column)
        for name, node in marts.items()
        for column, about in node["columns"].items()
        if not about["data_type"]
    ]
    assert untyped == []


def test_every_column_that_names_its_values_is_held_to_them_by_its_contract(models: dict[str, Node]) -> None:
    one_of_these = re.compile(r"^(FOCUS name\. )?(Always `[^`]+`\.|`[^`]+`(, `[^`]+`)* or `[^`]+`)")
    texts = [
        (name, column, about)
        for name, node in models.items()
        for column, about in node["columns"].items()
        if node["schema"] == "marts" and about["data_type"] == "varchar" and one_of_these.match(about["description"])
    ]
    assert len(texts) > 10
    unchecked = [
        (name, column)
        for name, column, about in texts
        if "check" not in {rule["type"] for rule in about["constraints"]}
    ]
    assert unchecked == []


def test_only_staging_reads_raw_and_marts_read_no_staging(models: dict[str, Node]) -> None:
    reads = {(name, parent) for name, node in models.items() for parent in node["depends_on"]["nodes"]}
    of_raw = {name for name, parent in reads if parent.startswith("source.")}
    assert of_raw == {name for name, node in models.items() if node["schema"] == "staging"}
    past_the_layer = {
        (name, parent) for name, parent in reads if models[name]["schema"] == "marts" and ".stg_" in parent
    }
    assert past_the_layer == set()
