with

last_days as (

    select
        adoption_daily.*,
        row_number() over (partition by team_id order by usage_date desc) as newest_first
    from {{ ref('adoption_daily') }} as adoption_daily

),

gaps as (

    select
        team_id,
        max(as_of_date) as as_of_date,
        count(*) as paid_seats,
        {{ sum_count("case when activity_status = 'active' then 1 end") }} as active_seats,
        {{ sum_count("case when activity_status = 'new' then 1 end") }} as new_seats,
        {{ sum_count("case when activity_status = 'idle' then 1 end") }} as idle_seats,
        {{ sum_count("case when activity_status = 'never_active' then 1 end") }} as never_active_seats,
        {{ sum_count("case when activity_status = 'removed' then 1 end") }} as removed_seats
    from {{ ref('adoption_gaps') }}
    -- without any loaded day no day is the last
    where as_of_date is not null
    group by team_id

)

select
    coalesce(days.team_id, gaps.team_id) as team_id,
    days.usage_date,
    gaps.as_of_date
from last_days as days
full outer join gaps on days.team_id = gaps.team_id
where
    (days.newest_first = 1 or days.newest_first is null)
    and (
        coalesce(days.paid_seats, 0) <> coalesce(gaps.paid_seats, 0)
        or (gaps.paid_seats > 0 and days.usage_date is distinct from gaps.as_of_date)
        or coalesce(days.active_seats, 0) <> coalesce(gaps.active_seats, 0)
        or coalesce(days.new_seats, 0) <> coalesce(gaps.new_seats, 0)
        or coalesce(days.idle_seats, 0) <> coalesce(gaps.idle_seats, 0)
        or coalesce(days.never_active_seats, 0) <> coalesce(gaps.never_active_seats, 0)
        or coalesce(days.removed_seats, 0) <> coalesce(gaps.removed_seats, 0)
    )
