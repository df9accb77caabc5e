with

cycles as (

    select * from {{ ref('int_billing_cycles') }}

),

usage_in_cycles as (

    select
        team_id,
        cycle_start_at,
        email,
        {{ cost_amounts() }},
        {{ request_counts() }}
    from {{ ref('int_usage_daily') }}
    where requests > 0
    group by team_id, cycle_start_at, email

),

-- Seats of members without an e-mail, should the list have any, share the row of unattributed usage.
seat_fees as (

    select
        team_id,
        cycle_start_at,
        email,
        count(*) as seats,
        {{ sum_count('case when is_paid then 1 end') }} as paid_seats,
        case when min(seat_type) = max(seat_type) then min(seat_type) end as seat_type,
        case when count(seat_fee_usd) = count(*) then {{ sum_usd('seat_fee_usd') }} end as seat_fee_usd,
        min(seat_price_source) as seat_price_source
    from {{ ref('int_seat_fees') }}
    group by team_id, cycle_start_at, email

),

developers as (

    select
        coalesce(usage_in_cycles.team_id, seat_fees.team_id) as team_id,
        coalesce(usage_in_cycles.cycle_start_at, seat_fees.cycle_start_at) as cycle_start_at,
        coalesce(usage_in_cycles.email, seat_fees.email) as email,
        seat_fees.seats is not null as has_seat,
        seat_fees.seat_type,
        seat_fees.seat_fee_usd,
        seat_fees.seat_price_source,
        coalesce(usage_in_cycles.included_usage_usd, 0) as included_usage_usd,
        coalesce(usage_in_cycles.on_demand_usd, 0) as on_demand_usd,
        coalesce(usage_in_cycles.usage_value_usd, 0) as usage_value_usd,
        coalesce(usage_in_cycles.other_usage_usd, 0) as other_usage_usd,
        coalesce(usage_in_cycles.requests, 0) as requests,
        coalesce(usage_in_cycles.input_tokens, 0) as input_tokens,
        coalesce(usage_in_cycles.output_tokens, 0) as output_tokens,
        coalesce(usage_in_cycles.cache_write_tokens, 0) as cache_write_tokens,
        coalesce(usage_in_cycles.cache_read_tokens, 0) as cache_read_tokens
    from usage_in_cycles
    full outer join seat_fees
        on
            usage_in_cycles.team_id = seat_fees.team_id
            and usage_in_cycles.cycle_start_at = seat_fees.cycle_start_at
            and coalesce(usage_in_cycles.email, '') = coalesce(seat_fees.email, '')
    where seat_fees.paid_seats > 0 or usage_in_cycles.requests > 0

),

-- Nobody knows who held a seat in a cycle that ended before the first members snapshot: null, not 0.
with_fees as (

    select
        developers.*,
        cycles.cycle_end_at,
        cycles.is_open_cycle,
        cycles.is_fully_covered,
        case
            when not cycles.has_known_seats then null
            when developers.has_seat then developers.seat_fee_usd
            else cast(0 as decimal(38, 8))
        end as known_seat_fee_usd
    from developers
    inner join cycles on developers.team_id = cycles.team_id and developers.cycle_start_at = cycles.cycle_start_at

)

select
    team_id,
    cycle_start_at,
    cycle_end_at,
    is_open_cycle,
    is_fully_covered,
    email,
    seat_type,
    known_seat_fee_usd as seat_fee_usd,
    seat_price_source,
    cast(included_usage_usd as decimal(38, 8)) as included_usage_usd,
    cast(on_demand_usd as decimal(38, 8)) as on_demand_usd,
    cast(known_seat_fee_usd + on_demand_usd as decimal(38, 8)) as cash_cost_usd,
    cast(usage_value_usd as decimal(38, 8)) as usage_value_usd,
    cast(other_usage_usd as decimal(38, 8)) as other_usage_usd,
    {{ share('on_demand_usd', 'usage_value_usd') }} as on_demand_share,
    cast(requests as bigint) as requests,
    cast(input_tokens as bigint) as input_tokens,
    cast(output_tokens as bigint) as output_tokens,
    cast(cache_write_tokens as bigint) as cache_write_tokens,
    cast(cache_read_tokens as bigint) as cache_read_tokens
from with_fees
