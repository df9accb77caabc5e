with

days as (

    select
        team_id,
        cycle_start_at,
        seat_key,
        fee_date,
        seat_fee_usd,
        max(fee_date) over (partition by team_id, cycle_start_at, seat_key) as last_fee_date
    from {{ ref('seat_fees_daily') }}

)

select
    team_id,
    cycle_start_at,
    seat_key
from days
where fee_date < last_fee_date
group by team_id, cycle_start_at, seat_key
having max(seat_fee_usd) - min(seat_fee_usd) > 0.01 or max(mod(seat_fee_usd * 100, 1)) <> 0
