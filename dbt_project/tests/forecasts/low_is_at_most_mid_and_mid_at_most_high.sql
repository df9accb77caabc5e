with

forecasts as (

    select
        team_id,
        cycle_start_at,
        scope,
        as_of_date,
        forecast_low_usd,
        forecast_mid_usd,
        forecast_high_usd
    from {{ ref('overage_forecasts') }}
    union all
    select
        team_id,
        cycle_start_at,
        scope,
        as_of_date,
        forecast_low_usd,
        forecast_mid_usd,
        forecast_high_usd
    from {{ ref('forecast_backtest') }}

)

select *
from forecasts
where forecast_low_usd > forecast_mid_usd or forecast_mid_usd > forecast_high_usd
