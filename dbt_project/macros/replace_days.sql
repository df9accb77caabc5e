{#
    Models on usage events are incremental by day. Which days are rebuilt comes from the loads, not from the rows that
    arrived: a day that came back empty has none, and its old rows have to go all the same.

    Each such model is a model over int_event_days, carries its columns built_to_load_number and day_rules, and keeps its
    own watermark in its own rows, written in the transaction that wrote them: a build that died before this model has
    left an older number here, and the next build catches up.
#}

{# Team and day of what has to be rebuilt in this model: loaded since it was built, or built by other rules. #}
{% macro days_to_rebuild(model) %}
    select
        event_days.team_id,
        event_days.usage_date
    from {{ ref('int_event_days') }} as event_days
    cross join (
        select coalesce(max(built_to_load_number), 0) as load_number
        from {{ model }}
    ) as watermark
    left join (
        select
            team_id,
            usage_date,
            min(day_rules) as first_day_rules,
            max(day_rules) as last_day_rules
        from {{ model }}
        group by team_id, usage_date
    ) as built on event_days.team_id = built.team_id and event_days.usage_date = built.usage_date
    where
        event_days.changed_by_load_number > watermark.load_number
        or event_days.day_rules <> built.first_day_rules
        or event_days.day_rules <> built.last_day_rules
{% endmacro %}

{# dbt's incremental strategy of that name: one transaction, as every incremental model of dbt-duckdb is. #}
{% macro get_incremental_replace_days_sql(arguments) %}
    {%- set target = arguments['target_relation'] -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    delete from {{ target }}
    where (team_id, usage_date) in ({{ days_to_rebuild(target) }});

    insert into {{ target }} ({{ columns }})
    select {{ columns }}
    from {{ arguments['temp_relation'] }}
{% endmacro %}
