with

sides as (

    select
        team_id,
        seat_key,
        1 as in_seats,
        0 as in_gaps
    from {{ ref('seats') }}
    where is_current and is_paid
    union all
    select
        team_id,
        seat_key,
        0 as in_seats,
        1 as in_gaps
    from {{ ref('adoption_gaps') }}
    -- without any loaded day no day is the last
    where as_of_date is not null

)

select
    team_id,
    seat_key
from sides
group by team_id, seat_key
having sum(in_seats) <> 1 or sum(in_gaps) <> 1
