select
    gaps.team_id,
    gaps.seat_key,
    gaps.activity_status,
    gaps.reclaim_tier
from {{ ref('adoption_gaps') }} as gaps
inner join {{ ref('int_adoption_seats') }} as seats
    on gaps.team_id = seats.team_id and gaps.seat_key = seats.seat_key
where
    gaps.reclaim_tier is not null
    and (
        gaps.activity_status in ('new', 'active', 'removed')
        or seats.is_removed
        or seats.days_since_last_activity < {{ var('idle_after_days') }}
        or seats.tenure_days < {{ var('grace_days') }}
    )
