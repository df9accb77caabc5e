{#
    A table of which a build writes only the parts that came out otherwise: for what is wide or long, and of which a daily
    run changes this month alone. Writing takes most of such a table's time, working out its rows little.

    Config `parts` is SQL over the model's own columns for a date or an instant, never null: a team's rows with one value
    of it are a part. The model's query stays what it is and knows nothing of this; parts of what it says are compared
    with those of what is there, by the number of rows and the sum of their hashes. So there is no watermark to keep, a
    build that died before this table leaves nothing to catch up with, and a row that was changed by hand is put right.
#}
{% materialization table_in_parts, adapter='duckdb' %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- if existing_relation is none or not existing_relation.is_table or should_full_refresh() -%}
        {{ return(materialization_table_duckdb()) }}
    {%- endif -%}
    {%- set columns = adapter.get_columns_in_relation(existing_relation) -%}
    {%- set changed = run_query(changed_parts(existing_relation, columns, compiled_code)).rows[0] -%}
    {#- Nothing that stays, or too many parts to name: anew is quicker. #}
    {%- if changed['parts'] > 0 and (changed['parts'] == changed['all_parts'] or changed['parts'] > 100) -%}
        {{ return(materialization_table_duckdb()) }}
    {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') %}
        {%- if changed['parts'] == 0 %}
            select 'nothing changed' as outcome
        {%- else %}
            delete from {{ target_relation }}
            where {{ changed['condition'] }};
            insert into {{ target_relation }} by name
            select * from ({{ compiled_code }}) as new_rows
            where {{ changed['condition'] }}
        {%- endif %}
    {% endcall %}
    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{# One row: how many parts there are and how many differ, and the condition that is true of the rows of those. #}
{% macro changed_parts(relation, columns, query) %}
    {%- set part = config.require('parts') -%}
    {%- set names = columns | map(attribute='quoted') | join(', ') -%}
    with

    parts_there as (
        select team_id, {{ part }} as part, count(*) as row_count, sum(hash({{ names }})) as hashes
        from {{ relation }}
        group by all
    ),

    parts_to_be as (
        select team_id, {{ part }} as part, count(*) as row_count, sum(hash({{ names }})) as hashes
        from ({{ query }}) as new_rows
        group by all
    ),

    compared as (
        select
            '(team_id = ''' || replace(team_id, '''', '''''') || ''' and '
            || $${{ part }}$$ || ' = ''' || part || ''')' as condition,
            parts_there.hashes is distinct from parts_to_be.hashes
            or parts_there.row_count is distinct from parts_to_be.row_count as is_changed
        from parts_there
        full join parts_to_be using (team_id, part)
    )

    select
        count(*) as all_parts,
        count(*) filter (where is_changed) as parts,
        string_agg(condition, ' or ' order by condition) filter (where is_changed) as condition
    from compared
{% endmacro %}
