with

loaded_days as (

    select
        team_id,
        usage_date
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'

),

cycles as (

    select
        team_id,
        cycle_start_at,
        cycle_end_at,
        cycle_days,
        is_open_cycle,
        {{ utc_date('cycle_start_at') }} as first_date,
        {{ utc_date(dbt.dateadd('microsecond', -1, 'cycle_end_at')) }} as last_date
    from {{ ref('int_billing_cycles') }}
    where is_open_cycle or is_fully_covered

)

-- The newest day that is known in the cycle, or before it where the cycle has just begun.
select
    cycles.team_id,
    cycles.cycle_start_at,
    cycles.cycle_end_at,
    cycles.cycle_days,
    cycles.is_open_cycle,
    cycles.first_date,
    cycles.last_date,
    max(loaded_days.usage_date) as newest_date,
    count(case when loaded_days.usage_date >= cycles.first_date then 1 end) as loaded_days
from cycles
inner join loaded_days on cycles.team_id = loaded_days.team_id and cycles.last_date >= loaded_days.usage_date
group by
    cycles.team_id,
    cycles.cycle_start_at,
    cycles.cycle_end_at,
    cycles.cycle_days,
    cycles.is_open_cycle,
    cycles.first_date,
    cycles.last_date
