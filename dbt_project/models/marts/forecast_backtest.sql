with

forecasts as (

    select
        totals.*,
        {{ cents_of_double('forecast_mid') }} as forecast_mid_usd,
        {{ cents_of_double('forecast_low') }} as forecast_low_usd,
        {{ cents_of_double('forecast_high') }} as forecast_high_usd,
        {{ divided_usd('on_demand_usd', 'cycle_day', times='cycle_days') }} as run_rate_usd
    from {{ ref('int_forecast_totals') }} as totals
    where not is_open_cycle

)

select
    forecasts.team_id,
    forecasts.cycle_start_at,
    cycles.cycle_end_at,
    cast('team' as varchar) as scope,
    forecasts.as_of_date,
    cast(forecasts.cycle_day as bigint) as cycle_day,
    forecasts.has_enough_days,
    cast(forecasts.on_demand_usd as decimal(38, 8)) as on_demand_to_date_usd,
    forecasts.forecast_low_usd,
    forecasts.forecast_mid_usd,
    forecasts.forecast_high_usd,
    forecasts.run_rate_usd,
    cast(forecasts.actual_on_demand_usd as decimal(38, 8)) as actual_on_demand_usd,
    cast(forecasts.forecast_mid_usd - forecasts.actual_on_demand_usd as decimal(38, 8)) as error_usd,
    {{ share('abs(forecasts.forecast_mid_usd - forecasts.actual_on_demand_usd)', 'forecasts.actual_on_demand_usd') }}
        as absolute_error_share,
    {{ share('abs(forecasts.run_rate_usd - forecasts.actual_on_demand_usd)', 'forecasts.actual_on_demand_usd') }}
        as run_rate_absolute_error_share,
    round(forecasts.actual_on_demand_usd, 2)
    between forecasts.forecast_low_usd and forecasts.forecast_high_usd as is_within_range
from forecasts
inner join {{ ref('int_forecast_cycles') }} as cycles
    on forecasts.team_id = cycles.team_id and forecasts.cycle_start_at = cycles.cycle_start_at
