{#- Of each whole week after a whole one, with usage in either; and of no other. -#}
{%- set week_of_day = 'cast(' ~ dbt.date_trunc('week', 'usage_date') ~ ' as date)' -%}
{%- set columns, differences = [], [] -%}
{%- for sum in ['usage_value_usd', 'on_demand_usd', 'requests'] -%}
    {%- for name, week in [(sum, 'this_week'), ('previous_' ~ sum, 'week_before')] -%}
        {%- do columns.append('coalesce(' ~ week ~ '.' ~ sum ~ ', 0) as ' ~ name) -%}
        {%- do differences.append('said.' ~ name ~ ' is distinct from expected.' ~ name) -%}
    {%- endfor -%}
{%- endfor -%}
with

usage_by_week as (

    select
        team_id,
        {{ week_of_day }} as week_start_date,
        {{ sum_count('requests') }} as requests,
        {{ cost_amounts() }}
    from {{ ref('int_usage_daily') }}
    where category in ('included', 'on_demand')
    group by team_id, {{ week_of_day }}

),

whole_weeks as (

    select
        team_id,
        {{ week_of_day }} as week_start_date
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'
    group by team_id, {{ week_of_day }}
    having count(*) = 7

),

expected as (

    select
        weeks.team_id,
        weeks.week_start_date,
        {{ columns | join(',\n        ') }}
    from whole_weeks as weeks
    inner join whole_weeks as weeks_before
        on
            weeks.team_id = weeks_before.team_id
            and weeks.week_start_date = {{ days_after('weeks_before.week_start_date', 7) }}
    left join usage_by_week as this_week
        on weeks.team_id = this_week.team_id and weeks.week_start_date = this_week.week_start_date
    left join usage_by_week as week_before
        on
            weeks_before.team_id = week_before.team_id
            and weeks_before.week_start_date = week_before.week_start_date
    where this_week.team_id is not null or week_before.team_id is not null

),

said as (

    select *
    from {{ ref('cost_changes') }}
    where scope = 'team'

)

select
    coalesce(expected.team_id, said.team_id) as team_id,
    coalesce(expected.week_start_date, said.week_start_date) as week_start_date
from expected
full outer join said on expected.team_id = said.team_id and expected.week_start_date = said.week_start_date
where
    {{ differences | join('\n    or ') }}
