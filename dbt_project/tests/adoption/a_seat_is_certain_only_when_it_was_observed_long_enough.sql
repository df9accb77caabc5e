select
    gaps.team_id,
    gaps.seat_key,
    gaps.observed_days,
    seats.days_of_daily_usage,
    gaps.reclaim_tier
from {{ ref('adoption_gaps') }} as gaps
left join {{ ref('int_adoption_seats') }} as seats
    on gaps.team_id = seats.team_id and gaps.seat_key = seats.seat_key
where
    (
        gaps.reclaim_tier = 'certain'
        and (
            gaps.last_active_date is not null
            or gaps.observed_days < {{ var('certain_observed_days') }}
            or coalesce(seats.days_of_daily_usage, 0) < {{ var('certain_observed_days') }}
        )
    )
    or (
        gaps.reclaim_tier = 'probable'
        and (
            gaps.days_since_last_activity < {{ var('probable_inactive_days') }}
            or gaps.observed_days < {{ var('probable_inactive_days') }}
        )
    )
    or (gaps.email is null and gaps.reclaim_tier in ('certain', 'probable'))
