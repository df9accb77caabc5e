with

open_cycles as (

    select
        team_id,
        cycle_start_at
    from {{ ref('int_billing_cycles') }}
    where is_open_cycle

),

-- Only what is over and wholly known can say what a seat needs in a cycle.
closed_cycles as (

    select
        cycles.team_id,
        cycles.cycle_start_at
    from {{ ref('int_billing_cycles') }} as cycles
    inner join open_cycles
        on cycles.team_id = open_cycles.team_id and cycles.cycle_start_at < open_cycles.cycle_start_at
    where cycles.is_fully_covered and cycles.has_known_seats

),

-- A joiner's part of a cycle is no cycle; a member without an e-mail has no usage that anybody could tell.
held_seats as (

    select
        fees.team_id,
        fees.cycle_start_at,
        fees.seat_key,
        fees.email,
        fees.seat_type,
        row_number() over (
            partition by fees.team_id, fees.seat_key order by fees.cycle_start_at desc
        ) as newest_first
    from {{ ref('int_seat_fees') }} as fees
    inner join closed_cycles
        on fees.team_id = closed_cycles.team_id and fees.cycle_start_at = closed_cycles.cycle_start_at
    where fees.is_paid and fees.paid_days = fees.cycle_days and fees.cycle_days > 0 and fees.email is not null

),

usage_in_cycles as (

    select
        team_id,
        cycle_start_at,
        email,
        {{ cost_amounts() }}
    from {{ ref('int_usage_daily') }}
    where requests > 0
    group by team_id, cycle_start_at, email

)

select
    held_seats.team_id,
    held_seats.seat_key,
    held_seats.cycle_start_at,
    held_seats.seat_type,
    cast(coalesce(usage_in_cycles.on_demand_usd, 0) as decimal(38, 8)) as on_demand_usd,
    cast(coalesce(usage_in_cycles.included_usage_usd, 0) as decimal(38, 8)) as included_usage_usd,
    cast(coalesce(usage_in_cycles.usage_value_usd, 0) as decimal(38, 8)) as usage_value_usd
from held_seats
left join usage_in_cycles
    on
        held_seats.team_id = usage_in_cycles.team_id
        and held_seats.cycle_start_at = usage_in_cycles.cycle_start_at
        and held_seats.email = usage_in_cycles.email
where held_seats.newest_first <= {{ var('seat_advice_max_cycles') }}
