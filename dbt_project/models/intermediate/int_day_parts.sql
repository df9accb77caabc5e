{{ config(materialized='view') }}

with

days as (

    select
        team_id,
        usage_date,
        {{ start_of_day('usage_date') }} as day_start_at,
        {{ start_of_day(days_after('usage_date', 1)) }} as day_end_at
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'

),

cycles as (

    select
        team_id,
        cycle_start_at,
        cycle_end_at
    from {{ ref('int_billing_cycles') }}

)

-- A cycle starts at a time of day: its first day has a part before it and one after it.
select
    days.team_id,
    days.usage_date,
    greatest(days.day_start_at, cycles.cycle_start_at) as part_start_at,
    least(days.day_end_at, cycles.cycle_end_at) as part_end_at,
    cycles.cycle_start_at
from days
inner join cycles
    on
        days.team_id = cycles.team_id
        and days.day_start_at < cycles.cycle_end_at
        and days.day_end_at > cycles.cycle_start_at
