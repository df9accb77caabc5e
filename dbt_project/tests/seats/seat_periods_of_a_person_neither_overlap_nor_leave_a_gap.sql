with

periods as (

    select
        seats.*,
        dates.as_of_date,
        lead(seats.valid_from_date) over (
            partition by seats.team_id, seats.seat_key order by seats.valid_from_date
        ) as next_from_date
    from {{ ref('seats') }} as seats
    left join {{ ref('int_adoption_dates') }} as dates on seats.team_id = dates.team_id

)

-- One period follows on the other, and the last one, which still holds, reaches to the as-of day.
select
    team_id,
    seat_key,
    valid_from_date,
    valid_until_date,
    next_from_date
from periods
where
    valid_until_date is distinct from next_from_date
    or valid_until_date <= valid_from_date
    or is_current <> (valid_until_date is null)
    or days <> {{ days_between('valid_from_date', 'coalesce(valid_until_date, ' ~ days_after('as_of_date', 1) ~ ')') }}
