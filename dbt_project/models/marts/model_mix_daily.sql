{{ config(materialized='table_in_parts', parts="date_trunc('month', usage_date)") }}

-- A developer and model without a request have no row: what was not charged is no use of a model.
select
    team_id,
    usage_date,
    email,
    model,
    model_tier,
    {{ request_counts() }},
    {{ usage_value_amounts() }},
    {{ sum_count('max_mode_requests') }} as max_mode_requests,
    {{ sum_count("case when model_tier = 'premium' then small_requests end") }} as simple_premium_model_requests
from {{ ref('int_usage_daily') }}
where requests > 0
group by team_id, usage_date, email, model, model_tier
