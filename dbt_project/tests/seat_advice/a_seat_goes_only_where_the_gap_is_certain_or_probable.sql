select
    advice.team_id,
    advice.seat_key,
    advice.advised_seat_type,
    gaps.reclaim_tier
from {{ ref('seat_type_advice') }} as advice
inner join {{ ref('adoption_gaps') }} as gaps
    on advice.team_id = gaps.team_id and advice.seat_key = gaps.seat_key
where
    coalesce(advice.advised_seat_type = 'none', false)
    <> coalesce(gaps.reclaim_tier in ('certain', 'probable'), false)
    or (advice.advised_seat_type = 'none' and advice.monthly_saving_usd is distinct from gaps.monthly_saving_usd)
