with

points as (

    select * from {{ ref('int_forecast_points') }}

),

sums as (

    select
        team_id,
        cycle_start_at,
        as_of_date,
        sum(on_demand_usd) as on_demand_usd,
        sum(included_usage_usd + on_demand_usd) as usage_value_usd,
        {{ sum_of_doubles('usage_to_come_usd') }} as usage_to_come_usd,
        max(case when is_over then 1 else 0 end) as is_anybody_over
    from {{ ref('int_forecast_people') }}
    group by team_id, cycle_start_at, as_of_date

),

totals as (

    select
        team_id,
        cycle_start_at,
        sum(on_demand_usd) as on_demand_usd,
        sum(included_usage_usd + on_demand_usd) as usage_value_usd
    from {{ ref('int_forecast_usage') }}
    group by team_id, cycle_start_at

),

first_closed_cycles as (

    select
        team_id,
        min(cycle_start_at) as cycle_start_at
    from points
    where not is_open_cycle
    group by team_id

),

known as (

    select
        points.*,
        coalesce(sums.on_demand_usd, 0) as on_demand_usd,
        coalesce(sums.usage_to_come_usd, 0) as usage_to_come_usd,
        case when not points.is_open_cycle then coalesce(totals.on_demand_usd, 0) end as actual_on_demand_usd,
        case
            when not points.is_open_cycle then coalesce(totals.usage_value_usd, 0) - coalesce(sums.usage_value_usd, 0)
        end as usage_that_came_usd,
        points.has_min_days
        and points.is_loaded_so_far
        and (
            coalesce(sums.is_anybody_over, 0) = 1
            or coalesce(first_closed_cycles.cycle_start_at < points.cycle_start_at, false)
        ) as has_enough_days
    from points
    left join sums
        on
            points.team_id = sums.team_id
            and points.cycle_start_at = sums.cycle_start_at
            and points.as_of_date = sums.as_of_date
    left join totals on points.team_id = totals.team_id and points.cycle_start_at = totals.cycle_start_at
    left join first_closed_cycles on points.team_id = first_closed_cycles.team_id

)

-- How far the usage to come was from what came, either way: twice as much and half as much are both 1. Null where there
-- was nothing to say, or too little to say it from.
select
    team_id,
    cycle_start_at,
    as_of_date,
    cycle_day,
    cycle_days,
    days_left,
    is_open_cycle,
    has_enough_days,
    on_demand_usd,
    actual_on_demand_usd,
    usage_to_come_usd,
    case
        when is_open_cycle or not has_min_days or (usage_to_come_usd <= 0 and usage_that_came_usd <= 0) then null
        when usage_to_come_usd <= 0 or usage_that_came_usd <= 0 then 1
        else least(
            greatest(
                {{ as_double('usage_that_came_usd') }} / usage_to_come_usd,
                usage_to_come_usd / {{ as_double('usage_that_came_usd') }}
            ) - 1,
            1
        )
    end as usage_error
from known
