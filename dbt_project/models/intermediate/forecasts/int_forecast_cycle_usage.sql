with

cycles as (

    select
        team_id,
        cycle_start_at,
        newest_date
    from {{ ref('int_forecast_cycles') }}

),

usage_in_cycles as (

    select usage_by_day.*
    from {{ ref('int_forecast_usage') }} as usage_by_day
    inner join cycles
        on
            usage_by_day.team_id = cycles.team_id
            and usage_by_day.cycle_start_at = cycles.cycle_start_at
            and usage_by_day.usage_date <= cycles.newest_date

),

people as (

    select
        team_id,
        cycle_start_at,
        person,
        min(usage_date) as first_date
    from usage_in_cycles
    group by team_id, cycle_start_at, person

),

people_on_days as (

    select
        people.team_id,
        people.cycle_start_at,
        people.person,
        calendar.usage_date,
        coalesce(usage_in_cycles.included_usage_usd, 0) as included_usage_usd,
        coalesce(usage_in_cycles.on_demand_usd, 0) as on_demand_usd
    from people
    inner join cycles on people.team_id = cycles.team_id and people.cycle_start_at = cycles.cycle_start_at
    inner join {{ ref('int_forecast_calendar') }} as calendar
        on
            people.team_id = calendar.team_id
            and people.cycle_start_at = calendar.cycle_start_at
            and calendar.usage_date between people.first_date and cycles.newest_date
    left join usage_in_cycles
        on
            people.team_id = usage_in_cycles.team_id
            and people.cycle_start_at = usage_in_cycles.cycle_start_at
            and people.person = usage_in_cycles.person
            and calendar.usage_date = usage_in_cycles.usage_date

)

select
    team_id,
    cycle_start_at,
    person,
    usage_date,
    sum(included_usage_usd) over to_date as included_usage_usd,
    sum(on_demand_usd) over to_date as on_demand_usd
from people_on_days
window to_date as (
    partition by team_id, cycle_start_at, person
    order by usage_date
    rows between unbounded preceding and current row
)
