with

days as (

    select
        team_id,
        usage_date,
        {{ iso_weekday('usage_date') }} as weekday,
        row_number() over (partition by team_id order by usage_date) as loaded_days,
        min(usage_date) over (partition by team_id) as first_loaded_date
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'

),

-- A day's weight halves with every half-life that passes after it. Written from the other end, it doubles with every
-- half-life since the team's first day: then sums over days can be carried on from day to day.
weighed as (

    select
        days.team_id,
        days.usage_date,
        days.loaded_days,
        weekdays.weekday_weight,
        power(
            {{ as_double('2') }},
            {{ as_double(days_between('days.first_loaded_date', 'days.usage_date')) }}
            / {{ var('forecast_half_life_days') }}
        ) as growth
    from days
    inner join {{ ref('int_forecast_weekdays') }} as weekdays
        on
            days.team_id = weekdays.team_id
            and days.usage_date = weekdays.usage_date
            and days.weekday = weekdays.weekday

)

select
    team_id,
    usage_date,
    loaded_days,
    growth,
    sum(weekday_weight * growth) over (partition by team_id order by usage_date) as weight_to_date,
    coalesce(
        sum(weekday_weight * growth) over (
            partition by team_id order by usage_date rows between unbounded preceding and 1 preceding
        ),
        0
    ) as weight_before,
    coalesce(
        sum(weekday_weight * growth) over (
            partition by team_id order by usage_date
            range between unbounded preceding and interval '{{ var('forecast_first_days') }}' day preceding
        ),
        0
    ) as weight_before_first_days
from weighed
