with

loaded_days as (

    select
        team_id,
        usage_date
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'

),

usage_by_day as (

    select
        team_id,
        usage_date,
        sum(included_usage_usd + on_demand_usd) as usage_value_usd
    from {{ ref('int_forecast_usage') }}
    group by team_id, usage_date

),

days as (

    select
        loaded_days.team_id,
        loaded_days.usage_date,
        {{ iso_weekday('loaded_days.usage_date') }} as weekday,
        coalesce(usage_by_day.usage_value_usd, 0) as usage_value_usd
    from loaded_days
    left join usage_by_day
        on loaded_days.team_id = usage_by_day.team_id and loaded_days.usage_date = usage_by_day.usage_date

),

windows_by_weekday as (

    select
        last_days.team_id,
        last_days.usage_date,
        days.weekday,
        count(*) as days,
        sum(days.usage_value_usd) as usage_value_usd
    from days as last_days
    inner join days
        on
            last_days.team_id = days.team_id
            and days.usage_date
            between {{ days_after('last_days.usage_date', 1 - var('forecast_pattern_days')) }} and last_days.usage_date
    group by last_days.team_id, last_days.usage_date, days.weekday

),

windows as (

    select
        team_id,
        usage_date,
        sum(days) as days,
        sum(usage_value_usd) as usage_value_usd
    from windows_by_weekday
    group by team_id, usage_date

),

weekdays as (

    select cast(generated_number as integer) as weekday
    from ({{ dbt.generate_series(7) }}) as numbers

),

-- A plain working week where little is known; a weekday that was never loaded is a day like any other.
means as (

    select
        windows.team_id,
        windows.usage_date,
        weekdays.weekday,
        case
            when windows.days < {{ var('forecast_min_days') }} or windows.usage_value_usd < 0.01
                then case when weekdays.weekday >= 6 then {{ var('forecast_weekend_weight') }} else 1 end
            when by_weekday.days is null then {{ as_double('windows.usage_value_usd') }} / windows.days
            else greatest({{ as_double('by_weekday.usage_value_usd') }} / by_weekday.days, 0)
        end as mean_value
    from windows
    cross join weekdays
    left join windows_by_weekday as by_weekday
        on
            windows.team_id = by_weekday.team_id
            and windows.usage_date = by_weekday.usage_date
            and weekdays.weekday = by_weekday.weekday

),

sums_of_means as (

    select
        means.*,
        sum(cast(mean_value as decimal(38, 8))) over (partition by team_id, usage_date) as sum_of_means
    from means

)

select
    team_id,
    usage_date,
    weekday,
    {{ as_double('mean_value') }} * 7 / {{ as_double('sum_of_means') }} as weekday_weight
from sums_of_means
