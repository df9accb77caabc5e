with

costs as (

    select
        team_id,
        cycle_start_at,
        sum(on_demand_usd) as on_demand_usd
    from {{ ref('usage_costs') }}
    group by team_id, cycle_start_at

)

select
    backtest.team_id,
    backtest.cycle_start_at,
    backtest.cycle_day,
    backtest.actual_on_demand_usd,
    costs.on_demand_usd
from {{ ref('forecast_backtest') }} as backtest
left join costs on backtest.team_id = costs.team_id and backtest.cycle_start_at = costs.cycle_start_at
where backtest.actual_on_demand_usd <> coalesce(costs.on_demand_usd, 0)
