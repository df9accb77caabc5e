-- The team, and each developer; who has recent usage but none in the cycle is not in usage_costs.
with

costs as (

    select
        team_id,
        'developer' as scope,
        email,
        on_demand_usd
    from {{ ref('usage_costs') }}
    where is_open_cycle
    union all
    select
        team_id,
        'team' as scope,
        null as email,
        sum(on_demand_usd) as on_demand_usd
    from {{ ref('usage_costs') }}
    where is_open_cycle
    group by team_id

)

select
    forecasts.team_id,
    forecasts.scope,
    forecasts.email,
    forecasts.on_demand_to_date_usd,
    costs.on_demand_usd
from {{ ref('overage_forecasts') }} as forecasts
full outer join costs
    on
        forecasts.team_id = costs.team_id
        and forecasts.scope = costs.scope
        and coalesce(forecasts.email, '') = coalesce(costs.email, '')
where
    coalesce(forecasts.on_demand_to_date_usd, 0) <> coalesce(costs.on_demand_usd, 0)
    -- a team without a loaded day has costs of seats, and no forecast
    or (
        forecasts.team_id is null
        and costs.team_id in (select teams.team_id from {{ ref('overage_forecasts') }} as teams)
    )
