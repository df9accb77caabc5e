-- Each week's usage counts twice: as that week's, and as what the week after is compared with.
with

usage_by_week as (

    select
        team_id,
        cast({{ dbt.date_trunc('week', 'usage_date') }} as date) as week_start_date,
        email,
        model,
        {{ sum_count('requests') }} as requests,
        {{ sum_usd('amount_usd') }} as usage_value_usd,
        {{ sum_usd("case when category = 'on_demand' then amount_usd end") }} as on_demand_usd
    from {{ ref('int_usage_daily') }}
    where category in ('included', 'on_demand') and requests > 0
    group by team_id, cast({{ dbt.date_trunc('week', 'usage_date') }} as date), email, model

),

sides as (

    select
        weeks.team_id,
        weeks.week_start_date,
        usage_by_week.email,
        usage_by_week.model,
        0 as previous_requests,
        usage_by_week.requests,
        0 as previous_usage_value_usd,
        usage_by_week.usage_value_usd,
        0 as previous_on_demand_usd,
        usage_by_week.on_demand_usd
    from {{ ref('int_cost_weeks') }} as weeks
    inner join usage_by_week
        on weeks.team_id = usage_by_week.team_id and weeks.week_start_date = usage_by_week.week_start_date
    union all
    select
        weeks.team_id,
        weeks.week_start_date,
        usage_by_week.email,
        usage_by_week.model,
        usage_by_week.requests as previous_requests,
        0 as requests,
        usage_by_week.usage_value_usd as previous_usage_value_usd,
        0 as usage_value_usd,
        usage_by_week.on_demand_usd as previous_on_demand_usd,
        0 as on_demand_usd
    from {{ ref('int_cost_weeks') }} as weeks
    inner join usage_by_week
        on weeks.team_id = usage_by_week.team_id and weeks.previous_week_start_date = usage_by_week.week_start_date

),

-- The team's split goes by the team's own sums of a model: developers' effects do not add up to it, changes do.
scoped as (

    select
        sides.*,
        'developer' as scope,
        email as developer
    from sides
    union all
    select
        sides.*,
        'team' as scope,
        cast(null as {{ dbt.type_string() }}) as developer
    from sides

)

select
    team_id,
    week_start_date,
    scope,
    developer as email,
    model,
    {{ sum_count('previous_requests') }} as previous_requests,
    {{ sum_count('requests') }} as requests,
    {{ sum_usd('previous_usage_value_usd') }} as previous_usage_value_usd,
    {{ sum_usd('usage_value_usd') }} as usage_value_usd,
    {{ sum_usd('previous_on_demand_usd') }} as previous_on_demand_usd,
    {{ sum_usd('on_demand_usd') }} as on_demand_usd
from scoped
group by team_id, week_start_date, scope, developer, model
