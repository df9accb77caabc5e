"""Which column comes from which, read off the compiled SQL of the dbt project: dbt itself knows models only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope
from sqlglot.schema import MappingSchema

DIALECT = "duckdb"
# Where a column can begin: what the API answered, and what an administrator wrote down.
FIRST_SCHEMAS = ("raw", "seeds")

Artifact = Mapping[str, Any]


class ColumnId(NamedTuple):
    """A column of the warehouse, as ``marts.usage_costs.cash_cost_usd``."""

    schema: str
    table: str
    column: str

    def __str__(self) -> str:
        return ".".join(self)


@dataclass(frozen=True, slots=True)
class Lineage:
    """The columns that each column is made of, one step up; a constant or a count of rows is made of none.

    ``unread`` names the models whose SQL could not be read so far, as ``schema.table``: their columns have no entry.
    """

    parents: Mapping[ColumnId, tuple[ColumnId, ...]]
    unread: tuple[str, ...]

    def origins(self, column: ColumnId) -> tuple[ColumnId, ...]:
        """The columns of raw and of seeds at the column's far end, sorted."""
        seen: set[ColumnId] = set()
        todo = [column]
        while todo:
            for parent in self.parents.get(todo.pop(), ()):
                if parent not in seen:
                    seen.add(parent)
                    todo.append(parent)
        return tuple(sorted(one for one in seen if one.schema in FIRST_SCHEMAS))


def lineage_of(manifest: Artifact, catalog: Artifact) -> Lineage:
    """Reads dbt's two artifacts: compiled SQL from the manifest, the names of all columns from the catalog."""
    columns = _columns_of(catalog)
    schema = MappingSchema(columns, dialect=DIALECT)
    # sqlglot writes all names small, as DuckDB holds them to be the same.
    spelled = _spelling(catalog)
    parents: dict[ColumnId, tuple[ColumnId, ...]] = {}
    unread = []
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or not node.get("compiled_code"):
            continue
        try:
            found = dict(_parents_in(node, schema))
        except SqlglotError:
            unread.append(f"{node['schema']}.{node['name']}")
            continue
        for column, made_of in found.items():
            parents[spelled.get(column, column)] = tuple(sorted(spelled.get(one, one) for one in made_of))
    return Lineage(parents, tuple(sorted(unread)))


def _spelling(catalog: Artifact) -> dict[ColumnId, ColumnId]:
    """Each column's name as it is written, by its name in small letters."""
    return {
        ColumnId(about["schema"], about["name"], name.lower()): ColumnId(about["schema"], about["name"], name)
        for node in (*catalog["nodes"].values(), *catalog["sources"].values())
        for about in (node["metadata"],)
        for name in node["columns"]
    }


def _columns_of(catalog: Artifact) -> dict[str, object]:
    """Types by database, schema, table and column, as sqlglot wants them."""
    found: dict[str, dict[str, dict[str, dict[str, str]]]] = {}
    for node in (*catalog["nodes"].values(), *catalog["sources"].values()):
        about = node["metadata"]
        types = {name: column["type"] for name, column in node["columns"].items()}
        found.setdefault(about["database"], {}).setdefault(about["schema"], {})[about["name"]] = types
    return {**found}


def _parents_in(node: Artifact, schema: MappingSchema) -> Iterator[tuple[ColumnId, tuple[ColumnId, ...]]]:
    query = qualify(
        sqlglot.parse_one(node["compiled_code"], dialect=DIALECT),
        dialect=DIALECT,
        schema=schema,
        identify=False,
        validate_qualify_columns=False,
    )
    if not isinstance(query, exp.Query):
        raise SqlglotError(f"{node['name']} is no query.")
    # Built once: by itself sqlglot would read the whole query again for each of its columns.
    scope = build_scope(query)
    for name in query.named_selects:
        tree = lineage(name, query, schema, scope=scope, dialect=DIALECT, trim_selects=False, copy=False)
        leaves = ((leaf.expression, leaf.name) for leaf in tree.walk())
        yield (
            ColumnId(node["schema"], node["name"], name),
            tuple(
                sorted(
                    {
                        ColumnId(table.db, table.name, label.rsplit(".", 1)[-1].strip('"'))
                        for table, label in leaves
                        # A function that returns rows (a series of days) stands there too, and has no schema.
                        if isinstance(table, exp.Table) and table.db
                    }
                )
            ),
        )
