select
    team_id,
    email,
    target_model_tier
from {{ ref('model_savings') }}
where
    cash_saved_low_usd < 0
    or allowance_saved_low_usd < 0
    or cash_saved_low_usd > cash_saved_high_usd
    or allowance_saved_low_usd > allowance_saved_high_usd
    or cash_saved_high_usd > greatest(simple_on_demand_usd, 0)
    or allowance_saved_high_usd > greatest(simple_included_usage_usd, 0)
    or (rate_source is null) <> (cash_saved_low_usd is null)
    or (rate_source is null) <> (cash_saved_high_usd is null)
    or (rate_source is null) <> (allowance_saved_low_usd is null)
    or (rate_source is null) <> (allowance_saved_high_usd is null)
