with

seats as (

    select
        team_id,
        seat_key,
        1 as seats,
        0 as gap_rows
    from {{ ref('int_seats') }}
    where is_paid
    union all
    select
        team_id,
        seat_key,
        0 as seats,
        1 as gap_rows
    from {{ ref('adoption_gaps') }}

)

select
    team_id,
    seat_key
from seats
group by team_id, seat_key
having sum(seats) <> 1 or sum(gap_rows) <> 1
