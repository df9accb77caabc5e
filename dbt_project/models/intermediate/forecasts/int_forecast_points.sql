with

-- Of a closed cycle each of its days, of the open one the newest day that is known.
days_known as (

    select
        cycles.team_id,
        cycles.cycle_start_at,
        cycles.is_open_cycle,
        cycles.cycle_days,
        cycles.first_date,
        cycles.loaded_days,
        calendar.usage_date as as_of_date
    from {{ ref('int_forecast_cycles') }} as cycles
    inner join {{ ref('int_forecast_calendar') }} as calendar
        on cycles.team_id = calendar.team_id and cycles.cycle_start_at = calendar.cycle_start_at
    where not cycles.is_open_cycle and calendar.usage_date < {{ days_after('cycles.first_date', 'cycles.cycle_days') }}
    union all
    select
        team_id,
        cycle_start_at,
        is_open_cycle,
        cycle_days,
        first_date,
        loaded_days,
        newest_date as as_of_date
    from {{ ref('int_forecast_cycles') }}
    where is_open_cycle

),

points as (

    select
        days_known.*,
        least(greatest({{ days_between('first_date', 'as_of_date') }} + 1, 0), cycle_days) as cycle_day,
        -- the days of a closed cycle are all loaded
        not is_open_cycle
        or loaded_days >= {{ days_between('first_date', 'as_of_date') }} + 1 as is_loaded_so_far
    from days_known

),

weights_left as (

    select
        points.team_id,
        points.cycle_start_at,
        points.as_of_date,
        count(*) as days_left,
        {{ sum_of_doubles('weekdays.weekday_weight * calendar.share_of_day') }} as weight_left
    from points
    inner join {{ ref('int_forecast_calendar') }} as calendar
        on
            points.team_id = calendar.team_id
            and points.cycle_start_at = calendar.cycle_start_at
            and points.as_of_date < calendar.usage_date
    inner join {{ ref('int_forecast_weekdays') }} as weekdays
        on
            points.team_id = weekdays.team_id
            and points.as_of_date = weekdays.usage_date
            and calendar.weekday = weekdays.weekday
    group by points.team_id, points.cycle_start_at, points.as_of_date

)

select
    points.team_id,
    points.cycle_start_at,
    points.cycle_day,
    points.cycle_days,
    points.as_of_date,
    points.first_date,
    points.is_open_cycle,
    coalesce(weights_left.days_left, 0) as days_left,
    coalesce(weights_left.weight_left, 0) as weight_left,
    days.loaded_days >= {{ var('forecast_min_days') }} as has_min_days,
    points.is_loaded_so_far
from points
inner join {{ ref('int_forecast_days') }} as days
    on points.team_id = days.team_id and points.as_of_date = days.usage_date
left join weights_left
    on
        points.team_id = weights_left.team_id
        and points.cycle_start_at = weights_left.cycle_start_at
        and points.as_of_date = weights_left.as_of_date
