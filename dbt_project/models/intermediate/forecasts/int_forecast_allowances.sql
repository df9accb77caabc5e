with

cycles as (

    select
        team_id,
        cycle_start_at,
        is_open_cycle
    from {{ ref('int_forecast_cycles') }}

),

totals as (

    select
        team_id,
        cycle_start_at,
        person,
        sum(included_usage_usd) as included_usage_usd,
        sum(on_demand_usd) as on_demand_usd
    from {{ ref('int_forecast_usage') }}
    group by team_id, cycle_start_at, person

),

-- What earlier cycles say of a person: only closed ones that are loaded as a whole.
earlier as (

    select
        cycles.team_id,
        cycles.cycle_start_at,
        totals.person,
        totals.included_usage_usd,
        totals.on_demand_usd,
        row_number() over (
            partition by cycles.team_id, cycles.cycle_start_at, totals.person, totals.on_demand_usd > 0
            order by totals.cycle_start_at desc
        ) as newest_first
    from cycles
    inner join cycles as earlier_cycles
        on
            cycles.team_id = earlier_cycles.team_id
            and cycles.cycle_start_at > earlier_cycles.cycle_start_at
            and not earlier_cycles.is_open_cycle
    inner join totals
        on
            earlier_cycles.team_id = totals.team_id
            and earlier_cycles.cycle_start_at = totals.cycle_start_at

)

select
    team_id,
    cycle_start_at,
    person,
    max(case when on_demand_usd > 0 and newest_first = 1 then included_usage_usd end) as own_allowance_usd,
    greatest(max(included_usage_usd), 0) as most_included_usd
from earlier
group by team_id, cycle_start_at, person
