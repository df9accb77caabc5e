select
    team_id,
    email,
    observed_days,
    reclaim_tier
from {{ ref('adoption_gaps') }}
where
    (reclaim_tier = 'certain' and (last_active_date is not null or observed_days < {{ var('certain_observed_days') }}))
    or (
        reclaim_tier = 'probable'
        and (
            days_since_last_activity < {{ var('probable_inactive_days') }}
            or observed_days < {{ var('probable_inactive_days') }}
        )
    )
