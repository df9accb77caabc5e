select
    cycles.team_id,
    cycles.cycle_start_at,
    cycles.cycle_days,
    count(backtest.cycle_day) as forecasts
from {{ ref('int_billing_cycles') }} as cycles
left join {{ ref('forecast_backtest') }} as backtest
    on cycles.team_id = backtest.team_id and cycles.cycle_start_at = backtest.cycle_start_at
where cycles.is_fully_covered and not cycles.is_open_cycle
group by cycles.team_id, cycles.cycle_start_at, cycles.cycle_days
having count(backtest.cycle_day) <> cycles.cycle_days
