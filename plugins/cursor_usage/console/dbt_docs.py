"""The documents of the dbt project as static pages below ``<data>/docs/dbt``: dbt's own, and the lineage of columns.

``index.html``: dbt's page with everything inside it. ``columns.html``: each column of each model, and where it comes
from; no script. Neither holds a row of the warehouse, so that no person is named in them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from cursor_usage.console.column_lineage import ColumnId, Lineage, lineage_of
from cursor_usage.pipeline.build import DBT_PROJECT, environment_without_keys
from cursor_usage.pipeline.errors import PipelineError
from cursor_usage.settings import DataDir
from cursor_usage.warehouse.connection import writer

# What somebody looks for first stands first.
SCHEMAS = ("marts", "intermediate", "staging")


def write_dbt_docs(data: DataDir) -> Path | None:
    """Writes both pages anew; they replace the old ones together. None where no warehouse has been built yet.

    Raises:
        PipelineError: dbt could not describe the warehouse; the message has dbt's last words.
        WarehouseError: the warehouse is held by another process.
    """
    if not data.warehouse.exists():
        return None
    made, target = data.docs / ".dbt.partial", data.work / "dbt_docs"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    with writer(data.warehouse, purpose="describing the dbt project"):
        _generate(data, target)
    manifest, catalog = (json.loads((target / f"{name}.json").read_bytes()) for name in ("manifest", "catalog"))
    shutil.copyfile(target / "static_index.html", made / "index.html")
    (made / "columns.html").write_text(columns_page(manifest, lineage_of(manifest, catalog)), encoding="utf-8")
    shutil.rmtree(target)
    shutil.rmtree(data.docs / "dbt", ignore_errors=True)
    return made.rename(data.docs / "dbt")


def columns_page(manifest: dict[str, Any], lineage: Lineage) -> str:
    """The lineage of all columns as one HTML page without script, marts first."""
    described = {
        (node["schema"], node["name"]): node for node in manifest["nodes"].values() if node["resource_type"] == "model"
    }
    ids = sorted(lineage.parents, key=lambda one: (SCHEMAS.index(one.schema), one.table))
    models = [
        {
            "schema": schema,
            "name": name,
            "grain": described[schema, name]["description"].split(". ")[0].rstrip(".") + ".",
            "columns": [_column(one, described[schema, name], lineage) for one in columns],
        }
        for (schema, name), columns in groupby(ids, key=lambda one: (one.schema, one.table))
    ]
    environment = Environment(
        loader=PackageLoader("cursor_usage.console"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("columns.html").render(
        models=models, schemas=SCHEMAS, unread=lineage.unread, known=set(ids)
    )


def _column(column: ColumnId, node: dict[str, Any], lineage: Lineage) -> dict[str, Any]:
    about = node["columns"].get(column.column, {})
    return {
        "id": column,
        "meaning": " ".join(about.get("description", "").split()),
        "parents": lineage.parents[column],
        "origins": lineage.origins(column),
    }


def _generate(data: DataDir, target: Path) -> None:
    places = {"--project-dir": DBT_PROJECT, "--profiles-dir": DBT_PROJECT, "--target-path": target}
    done = subprocess.run(  # noqa: S603  # the command is ours; nothing of a user's is run
        [
            *(str(Path(sys.executable).with_name("dbt")), "--no-use-colors", "--log-path", str(target)),
            *("docs", "generate", "--static"),
            *(text for option, path in places.items() for text in (option, str(path))),
        ],
        env={
            **environment_without_keys(),
            "CURSOR_WAREHOUSE": str(data.warehouse),
            "CURSOR_SEED_PATHS": "seeds",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_VERSION_CHECK": "false",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last_words = next((line.strip() for line in reversed(done.stdout.splitlines()) if line.strip()), "")
        raise PipelineError(
            f"dbt could not describe the warehouse: {last_words or done.stderr[-500:]}. The pages are as they were. "
            f"The full log is {target / 'dbt.log'}; mend the cause, then run the command again."
        )
