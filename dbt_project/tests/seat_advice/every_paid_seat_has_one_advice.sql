with

seats as (

    select
        team_id,
        seat_key,
        1 as gap_rows,
        0 as advice_rows
    from {{ ref('adoption_gaps') }}
    union all
    select
        team_id,
        seat_key,
        0 as gap_rows,
        1 as advice_rows
    from {{ ref('seat_type_advice') }}

)

select
    team_id,
    seat_key
from seats
group by team_id, seat_key
having sum(gap_rows) <> 1 or sum(advice_rows) <> 1
