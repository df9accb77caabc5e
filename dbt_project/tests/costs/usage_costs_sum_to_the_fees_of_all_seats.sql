with

costs as (

    select
        team_id,
        cycle_start_at,
        sum(seat_fee_usd) as seat_fee_usd
    from {{ ref('usage_costs') }}
    group by team_id, cycle_start_at

),

fees as (

    select
        team_id,
        cycle_start_at,
        sum(seat_fee_usd) as seat_fee_usd
    from {{ ref('int_seat_fees') }}
    group by team_id, cycle_start_at

)

select
    fees.team_id,
    fees.cycle_start_at,
    fees.seat_fee_usd as seat_fees_usd,
    costs.seat_fee_usd as costs_usd
from fees
left join costs on fees.team_id = costs.team_id and fees.cycle_start_at = costs.cycle_start_at
where coalesce(fees.seat_fee_usd, 0) <> coalesce(costs.seat_fee_usd, 0)
