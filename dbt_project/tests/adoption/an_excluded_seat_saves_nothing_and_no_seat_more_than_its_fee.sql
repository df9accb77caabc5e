select
    team_id,
    email,
    reclaim_tier,
    monthly_saving_usd
from {{ ref('adoption_gaps') }}
where
    monthly_saving_usd < 0
    or monthly_saving_usd > monthly_seat_fee_usd
    or (reclaim_tier = 'excluded' and monthly_saving_usd is distinct from 0)
