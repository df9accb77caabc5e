-- Up to a cent a developer: each of the figures is rounded.
with

developers as (

    select
        team_id,
        count(*) as developers,
        sum(on_demand_to_date_usd) as on_demand_to_date_usd,
        sum(forecast_mid_usd) as forecast_mid_usd,
        sum(usage_to_come_usd) as usage_to_come_usd
    from {{ ref('overage_forecasts') }}
    where scope = 'developer'
    group by team_id

)

select
    teams.team_id,
    teams.forecast_mid_usd,
    developers.forecast_mid_usd as of_developers_usd
from {{ ref('overage_forecasts') }} as teams
left join developers on teams.team_id = developers.team_id
where
    teams.scope = 'team'
    and (
        teams.on_demand_to_date_usd <> coalesce(developers.on_demand_to_date_usd, 0)
        or abs(teams.forecast_mid_usd - coalesce(developers.forecast_mid_usd, 0))
        > 0.01 * (coalesce(developers.developers, 0) + 1)
        or abs(teams.usage_to_come_usd - coalesce(developers.usage_to_come_usd, 0))
        > 0.01 * (coalesce(developers.developers, 0) + 1)
    )
