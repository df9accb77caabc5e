with

periods as (

    select
        *,
        lead(valid_from_date) over (partition by team_id, seat_key order by valid_from_date) as next_from_date,
        lead(role) over (partition by team_id, seat_key order by valid_from_date) as next_role,
        lead(seat_type) over (partition by team_id, seat_key order by valid_from_date) as next_seat_type,
        lead(is_paid) over (partition by team_id, seat_key order by valid_from_date) as next_is_paid,
        lead(is_removed) over (partition by team_id, seat_key order by valid_from_date) as next_is_removed,
        lead(monthly_price_usd) over (partition by team_id, seat_key order by valid_from_date) as next_price_usd,
        lead(seat_price_source) over (partition by team_id, seat_key order by valid_from_date) as next_price_source
    from {{ ref('seats') }}

)

select
    team_id,
    seat_key,
    valid_from_date
from periods
where
    next_from_date is not null
    and role is not distinct from next_role
    and seat_type = next_seat_type
    and is_paid = next_is_paid
    and is_removed = next_is_removed
    and monthly_price_usd is not distinct from next_price_usd
    and seat_price_source is not distinct from next_price_source
