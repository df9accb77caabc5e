"""Which column comes from which, on small SQL whose answer can be seen, and on pages made of it."""

from __future__ import annotations

from typing import Any

from cursor_usage.console.column_lineage import ColumnId, Lineage, lineage_of
from cursor_usage.console.dbt_docs import columns_page

RAW = {"team_id": "VARCHAR", "cents": "DECIMAL(38,8)", "kind": "VARCHAR"}


def table(schema: str, name: str, columns: dict[str, str]) -> dict[str, Any]:
    return {
        "metadata": {"database": "w", "schema": schema, "name": name},
        "columns": {column: {"type": kind} for column, kind in columns.items()},
    }


def model(schema: str, name: str, sql: str, **descriptions: str) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "schema": schema,
        "name": name,
        "compiled_code": sql,
        "description": "One row per team. More of it.",
        "columns": {column: {"description": text} for column, text in descriptions.items()},
    }


STAGING = model(
    "staging",
    "stg_events",
    "with source as (select * from w.raw.events) "
    "select team_id, cents * 0.01 as usd, case when kind = 'a' then 1 end as is_a, 7 as seven from source",
)
MART = model(
    "marts",
    "costs",
    "select one.team_id, sum(one.usd) as usd, count(*) as rows, max(days.day) as day from w.staging.stg_events as one "
    "cross join generate_series(1, 3) as days(day) where one.is_a = 1 group by one.team_id",
    usd="Dollars, <b>exact</b>.",
)
CATALOG = {
    "nodes": {"stg": table("staging", "stg_events", {"team_id": "VARCHAR", "usd": "DECIMAL(38,8)", "is_a": "INTEGER"})},
    "sources": {"events": table("raw", "events", RAW)},
}


def lineage_of_models(*models: dict[str, Any]) -> Lineage:
    return lineage_of(manifest_of(*models), CATALOG)


def manifest_of(*models: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": {f"model.{one['name']}": one for one in models}}


def test_a_column_is_made_of_the_columns_of_its_expression_through_ctes_and_stars() -> None:
    parents = lineage_of_models(STAGING).parents
    assert parents[ColumnId("staging", "stg_events", "usd")] == (ColumnId("raw", "events", "cents"),)
    assert parents[ColumnId("staging", "stg_events", "is_a")] == (ColumnId("raw", "events", "kind"),)
    assert parents[ColumnId("staging", "stg_events", "seven")] == ()


def test_a_filter_and_a_function_that_returns_rows_are_no_parents() -> None:
    parents = lineage_of_models(STAGING, MART).parents
    assert parents[ColumnId("marts", "costs", "usd")] == (ColumnId("staging", "stg_events", "usd"),)
    assert parents[ColumnId("marts", "costs", "rows")] == ()
    assert parents[ColumnId("marts", "costs", "day")] == ()


def test_names_keep_their_capitals() -> None:
    focus = model("marts", "focus", 'select usd as "BilledCost" from w.staging.stg_events')
    catalog = {**CATALOG, "nodes": {**CATALOG["nodes"], "focus": table("marts", "focus", {"BilledCost": "DOUBLE"})}}
    parents = lineage_of(manifest_of(focus), catalog).parents
    assert parents == {ColumnId("marts", "focus", "BilledCost"): (ColumnId("staging", "stg_events", "usd"),)}


def test_the_far_end_is_in_raw() -> None:
    lineage = lineage_of_models(STAGING, MART)
    assert lineage.origins(ColumnId("marts", "costs", "usd")) == (ColumnId("raw", "events", "cents"),)


def test_a_model_that_cannot_be_read_is_named_and_the_others_are_not_lost() -> None:
    lineage = lineage_of_models(STAGING, model("marts", "odd", "select from where ("))
    assert lineage.unread == ("marts.odd",)
    assert ColumnId("staging", "stg_events", "usd") in lineage.parents


def test_the_page_links_what_it_has_escapes_words_and_needs_no_script() -> None:
    models = (STAGING, MART, model("marts", "odd", "select from where ("))
    page = columns_page(manifest_of(*models), lineage_of_models(*models))
    assert '<a href="#staging.stg_events.usd">' in page
    assert 'id="staging.stg_events.usd"' in page
    assert "<code>raw.events.cents</code>" in page
    assert "Dollars, &lt;b&gt;exact&lt;/b&gt;." in page
    assert "<code>marts.odd</code>" in page
    assert page.index('id="marts.costs"') < page.index('id="staging.stg_events"')
    assert "<script" not in page
    assert "http" not in page
