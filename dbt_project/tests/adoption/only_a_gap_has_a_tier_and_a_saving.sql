select
    team_id,
    email,
    activity_status,
    reclaim_tier,
    monthly_saving_usd
from {{ ref('adoption_gaps') }}
where
    is_adoption_gap <> (activity_status in ('never_active', 'idle'))
    or is_adoption_gap <> (reclaim_tier is not null)
    or (not is_adoption_gap and (earliest_saving_date is not null or monthly_saving_usd is distinct from 0))
