{{ config(materialized='view') }}

with

events as (

    select
        closed_days.*,
        false as is_open_day
    from {{ ref('stg_cursor__usage_events') }} as closed_days
    union all
    select
        open_day.*,
        true as is_open_day
    from {{ ref('stg_cursor__open_day_events') }} as open_day

)

select
    events.team_id,
    events.usage_date,
    events.event_at,
    events.email,
    events.source_email,
    events.is_service_account,
    events.service_account_id,
    events.model,
    events.kind,
    coalesce(kinds.category, 'unknown') as category,
    coalesce(kinds.category, 'unknown') <> 'not_charged' as is_request,
    coalesce(tiers.model_tier, 'unknown') as model_tier,
    cycles.cycle_start_at,
    events.is_max_mode,
    events.is_open_day,
    events.input_tokens,
    events.output_tokens,
    events.cache_write_tokens,
    events.cache_read_tokens,
    events.amount_usd,
    events.load_id
from events
left join {{ ref('int_event_kinds') }} as kinds on {{ kind_key('events.kind') }} = kinds.kind_key
left join {{ ref('int_model_tiers') }} as tiers
    on
        events.model = tiers.model
        and events.usage_date >= tiers.valid_from_date
        and events.usage_date < tiers.valid_until_date
left join {{ ref('int_billing_cycles') }} as cycles
    on
        events.team_id = cycles.team_id
        and events.event_at >= cycles.cycle_start_at
        and events.event_at < cycles.cycle_end_at
