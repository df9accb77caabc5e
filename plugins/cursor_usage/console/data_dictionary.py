"""docs/marts.md: every mart, its grain, its key and its columns, as the YAML beside the models says it.

The YAML is the one place of these words. dbt resolves it (shared descriptions, names of tests) into a manifest, and the
page is that manifest in prose order; ``make docs`` writes it and a test compares it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cursor_usage.pipeline.build import DBT_PROJECT, environment_without_keys
from cursor_usage.pipeline.errors import PipelineError
from cursor_usage.settings import PROJECT_DIR

PAGE = PROJECT_DIR / "docs" / "marts.md"
HEADING = """# The marts

Written by `make docs` from the YAML in `dbt_project/models`; change it there.

Schema `marts` of `published/marts.duckdb`; each mart is also `published/<mart>.parquet`. Only `marts.duckdb` is
consistent across marts. Every mart has `team_id`. Money is `decimal(38,8)` in US dollars and exact, `_share` is 0 to 1,
`_at` is an instant in UTC without zone, `_date` a UTC day. A column that can be null says what null means.

Beside them stands `publications`, one row per mart: `mart`, `row_count`, and `run_id` and `published_at` (UTC) of the
run that published it.
"""

Node = dict[str, Any]


def write_page() -> Path:
    """Writes docs/marts.md anew."""
    PAGE.write_text(page(parsed_manifest()), encoding="utf-8")
    return PAGE


def parsed_manifest() -> Node:
    """The dbt project as dbt reads it, with all descriptions resolved; no warehouse is opened.

    Raises:
        PipelineError: dbt cannot parse the project; the message has dbt's last words.
    """
    with tempfile.TemporaryDirectory() as folder:
        places = ("--project-dir", DBT_PROJECT, "--profiles-dir", DBT_PROJECT, "--target-path", folder)
        command = [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", "--log-path", folder, "parse"]
        done = subprocess.run(  # noqa: S603  # the command is ours; nothing of a user's is run
            [*command, *map(str, places)],
            env={
                **environment_without_keys(),
                "CURSOR_WAREHOUSE": ":memory:",
                "CURSOR_SEED_PATHS": "seeds",
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            raise PipelineError(
                f"dbt cannot read the project: {'; '.join(lines[-3:])}. Mend what it names, then `make docs` again."
            )
        manifest: Node = json.loads((Path(folder) / "manifest.json").read_bytes())
        return manifest


def page(manifest: Node) -> str:
    """The whole page in Markdown."""
    marts = sorted(
        (node for node in manifest["nodes"].values() if node["resource_type"] == "model" and node["schema"] == "marts"),
        key=lambda node: str(node["name"]),
    )
    keys = _keys(manifest)
    parts = [
        HEADING,
        _table(("Mart", "Grain"), ((f"[`{node['name']}`](#{node['name']})", _grain(node)) for node in marts)),
        *(_mart(node, keys.get(node["unique_id"], [])) for node in marts),
        "## Who reads them\n",
        *(_exposure(node) for _, node in sorted(manifest["exposures"].items())),
    ]
    return "\n".join(parts)


def _mart(node: Node, key: list[str]) -> str:
    columns = (
        (f"`{name}`", f"`{column['data_type']}`", column["description"]) for name, column in node["columns"].items()
    )
    told = [f"## {node['name']}\n", f"{_one_line(node['description'])}\n"]
    if key:
        told.append(f"Key: {', '.join(f'`{column}`' for column in key)}.\n")
    return "\n".join([*told, _table(("Column", "Type", "Meaning"), columns)])


def _exposure(node: Node) -> str:
    marts = ", ".join(f"`{name.split('.')[2]}`" for name in sorted(node["depends_on"]["nodes"]))
    return f"- **{node['label']}**: {_one_line(node['description'])} Reads {marts}.\n"


def _keys(manifest: Node) -> dict[str, list[str]]:
    """What identifies a model's rows, by the model's id: the columns of the test that says so."""
    keys = {}
    for node in manifest["nodes"].values():
        test = node.get("test_metadata") or {}
        if test.get("name") == "has_unique_combination":
            keys[node["attached_node"]] = list(test["kwargs"]["columns"])
        elif test.get("name") == "unique":
            keys.setdefault(node["attached_node"], [str(test["kwargs"]["column_name"])])
    return keys


def _grain(node: Node) -> str:
    """The first sentence, which is the grain."""
    return _one_line(node["description"]).split(". ")[0].rstrip(".") + "."


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heading, ("---",) * len(heading), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|")


def _one_line(text: str) -> str:
    return " ".join(text.split())
