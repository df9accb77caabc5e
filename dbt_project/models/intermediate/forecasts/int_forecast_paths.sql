with

points as (

    select *
    from {{ ref('int_forecast_points') }}
    where is_open_cycle

),

people as (

    select people.*
    from {{ ref('int_forecast_people') }} as people
    inner join points
        on
            people.team_id = points.team_id
            and people.cycle_start_at = points.cycle_start_at
            and people.as_of_date = points.as_of_date

),

weights as (

    select
        points.team_id,
        calendar.usage_date,
        sum(weekdays.weekday_weight * calendar.share_of_day) over (
            partition by points.team_id order by calendar.usage_date
        ) as weight
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

),

-- Days that came, and days to come on the way to the mid forecast.
days as (

    select
        cycle_usage.team_id,
        cycle_usage.person,
        cycle_usage.usage_date,
        {{ as_double('cycle_usage.on_demand_usd') }} as on_demand,
        false as is_allowance_reached
    from {{ ref('int_forecast_cycle_usage') }} as cycle_usage
    inner join points
        on cycle_usage.team_id = points.team_id and cycle_usage.cycle_start_at = points.cycle_start_at
    union all
    select
        people.team_id,
        people.person,
        weights.usage_date,
        {{ as_double('people.on_demand_usd') }}
        + {{ on_demand_to_come('people', 'people.level_usd * weights.weight') }} as on_demand,
        -- who is expected to use nothing more reaches nothing
        people.level_usd * weights.weight > 0
        and {{ cents_of_double(as_double('people.included_usage_usd') ~ ' + people.level_usd * weights.weight') }}
        >= {{ cents_of_double('people.allowance_usd') }} as is_allowance_reached
    from people
    inner join weights on people.team_id = weights.team_id

),

sums as (

    select
        team_id,
        'developer' as scope,
        person,
        usage_date,
        on_demand,
        is_allowance_reached
    from days
    union all
    select
        team_id,
        'team' as scope,
        '' as person,
        usage_date,
        {{ sum_of_doubles('on_demand') }} as on_demand,
        false as is_allowance_reached
    from days
    group by team_id, usage_date

)

select
    sums.team_id,
    sums.scope,
    sums.person,
    min(case when {{ cents_of_double('sums.on_demand') }} >= limits.spend_limit_usd then sums.usage_date end)
        as limit_hit_date,
    min(case when sums.is_allowance_reached then sums.usage_date end) as allowance_hit_date
from sums
left join {{ ref('int_forecast_limits') }} as limits
    on sums.team_id = limits.team_id and sums.scope = limits.scope and sums.person = limits.person
group by sums.team_id, sums.scope, sums.person
