{{ config(materialized='table_in_parts', parts="date_trunc('month', usage_date)") }}

with

events_by_day as (

    select
        by_day.*,
        parts.cycle_start_at,
        coalesce(kinds.category, 'unknown') as category,
        case when kinds.category = 'not_charged' then 0 else 1 end as is_request,
        coalesce(tiers.model_tier, 'unknown') as model_tier
    from {{ ref('int_usage_events_by_day') }} as by_day
    left join {{ ref('int_day_parts') }} as parts
        on
            by_day.team_id = parts.team_id
            and by_day.usage_date = parts.usage_date
            and by_day.part_start_at = parts.part_start_at
    left join {{ ref('int_event_kinds') }} as kinds on {{ kind_key('by_day.kind') }} = kinds.kind_key
    left join {{ ref('int_model_tiers') }} as tiers
        on
            by_day.model = tiers.model
            and by_day.usage_date >= tiers.valid_from_date
            and by_day.usage_date < tiers.valid_until_date

)

select
    team_id,
    usage_date,
    part_start_at,
    cycle_start_at,
    email,
    service_address,
    is_service_account,
    model,
    model_tier,
    kind,
    category,
    events * is_request as requests,
    input_tokens * is_request as input_tokens,
    output_tokens * is_request as output_tokens,
    cache_write_tokens * is_request as cache_write_tokens,
    cache_read_tokens * is_request as cache_read_tokens,
    events_without_tokens * is_request as requests_without_tokens,
    unpriced_events * is_request as unpriced_requests,
    amount_usd,
    max_mode_events * is_request as max_mode_requests,
    small_events * is_request as small_requests,
    small_input_tokens * is_request as small_input_tokens,
    small_output_tokens * is_request as small_output_tokens,
    small_cache_write_tokens * is_request as small_cache_write_tokens,
    small_cache_read_tokens * is_request as small_cache_read_tokens,
    case when is_request = 1 then small_amount_usd else cast(0 as decimal(38, 8)) end as small_usage_usd
from events_by_day
