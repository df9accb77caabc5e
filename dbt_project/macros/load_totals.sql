{# A load's totals as rows: load_id, usage_date, kind, events, events_without_charge, charged_cents (text). #}
{% macro unnested_load_totals(loads) -%}
    {{ adapter.dispatch('unnested_load_totals', 'cursor_usage')(loads) }}
{%- endmacro %}

{% macro default__unnested_load_totals(loads) %}
    select
        loads.load_id,
        totals.usage_date,
        totals.kind,
        totals.events,
        totals.events_without_charge,
        totals.charged_cents
    from {{ loads }} as loads
    cross join lateral jsonb_to_recordset(cast(loads.totals as jsonb)) as totals (
        usage_date date, kind varchar, events bigint, events_without_charge bigint, charged_cents varchar
    )
{% endmacro %}

{% macro duckdb__unnested_load_totals(loads) %}
    select
        load_id,
        unnest(
            from_json(
                totals,
                '[{"usage_date": "DATE", "kind": "VARCHAR", "events": "BIGINT", "events_without_charge": "BIGINT", '
                || '"charged_cents": "VARCHAR"}]'
            ),
            recursive := true
        )
    from {{ loads }}
    where totals is not null
{% endmacro %}
