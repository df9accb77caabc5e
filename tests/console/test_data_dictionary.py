"""docs/marts.md is what the YAML of the dbt project says now."""

from __future__ import annotations

from typing import Any

import pytest

from cursor_usage.console import data_dictionary


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return data_dictionary.parsed_manifest()


@pytest.fixture(scope="module")
def marts(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    nodes = manifest["nodes"].values()
    return [node for node in nodes if node["resource_type"] == "model" and node["schema"] == "marts"]


def test_the_page_is_what_the_yaml_says(manifest: dict[str, Any]) -> None:
    told = data_dictionary.PAGE.read_text(encoding="utf-8")
    assert told == data_dictionary.page(manifest), "docs/marts.md is not what the YAML says: run make docs"


def test_the_page_has_every_mart_and_column_with_a_meaning(marts: list[dict[str, Any]]) -> None:
    told = data_dictionary.PAGE.read_text(encoding="utf-8")
    lines = told.splitlines()
    assert len(marts) > 7
    for mart in marts:
        section = lines[lines.index(f"## {mart['name']}") :]
        for column in mart["columns"]:
            row = next(line for line in section if line.startswith(f"| `{column}` |"))
            # YAML cuts an unquoted text within braces at its first comma.
            assert row.endswith(". |"), row
    assert "{{" not in told, "a shared description was not resolved"


def test_every_mart_has_a_consumer(manifest: dict[str, Any], marts: list[dict[str, Any]]) -> None:
    read = {parent for exposure in manifest["exposures"].values() for parent in exposure["depends_on"]["nodes"]}
    assert {mart["unique_id"] for mart in marts} - read == set()


def test_a_cell_keeps_to_its_row() -> None:
    manifest = {
        "nodes": {
            "model.x.fees": {
                "unique_id": "model.x.fees",
                "resource_type": "model",
                "schema": "marts",
                "name": "fees",
                "description": "One row per seat. Else\nnothing.",
                "columns": {"fee": {"data_type": "bigint", "description": "a | b\nc"}},
            },
            "test.x.key": {
                "resource_type": "test",
                "schema": "dbt_test__audit",
                "attached_node": "model.x.fees",
                "test_metadata": {"name": "has_unique_combination", "kwargs": {"columns": ["team_id", "fee"]}},
            },
        },
        "exposures": {},
    }
    told = data_dictionary.page(manifest)
    assert "| [`fees`](#fees) | One row per seat. |\n" in told
    assert "One row per seat. Else nothing.\n\nKey: `team_id`, `fee`.\n" in told
    assert "| `fee` | `bigint` | a \\| b c |\n" in told
