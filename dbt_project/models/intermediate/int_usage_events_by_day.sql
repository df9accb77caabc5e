{{ config(materialized='incremental', incremental_strategy='replace_days', on_schema_change='fail') }}

with

days as (

    select
        event_days.team_id,
        event_days.usage_date,
        event_days.day_rules,
        event_days.newest_load_number
    from {{ ref('int_event_days') }} as event_days
    {% if is_incremental() %}
        inner join ({{ days_to_rebuild(this) }}) as to_rebuild
            on event_days.team_id = to_rebuild.team_id and event_days.usage_date = to_rebuild.usage_date
    {% endif %}

),

parts as (

    select
        days.*,
        day_parts.part_start_at,
        day_parts.part_end_at
    from days
    inner join {{ ref('int_day_parts') }} as day_parts
        on days.team_id = day_parts.team_id and days.usage_date = day_parts.usage_date

),

events as (

    select
        parts.*,
        events.email,
        case when events.email is null then events.source_email end as service_address,
        events.is_service_account,
        events.model,
        events.kind,
        events.input_tokens,
        events.output_tokens,
        events.cache_write_tokens,
        events.cache_read_tokens,
        events.input_tokens + events.cache_write_tokens + events.cache_read_tokens as all_input_tokens,
        events.is_max_mode,
        -- no more than simple work needs, whatever the model
        not events.is_max_mode
        and events.output_tokens <= {{ var('simple_max_output_tokens') }}
        and events.input_tokens + events.cache_write_tokens + events.cache_read_tokens
        <= {{ var('simple_max_input_tokens') }} as is_small,
        events.amount_usd
    from {{ ref('stg_cursor__usage_events') }} as events
    inner join parts
        on
            events.team_id = parts.team_id
            and events.usage_date = parts.usage_date
            and events.event_at >= parts.part_start_at
            and events.event_at < parts.part_end_at

),

-- Dollars are divided by tokens: those of an event without a price would make the others look cheaper.
with_priced as (

    select
        events.*,
        is_small and amount_usd is not null as is_small_and_priced
    from events

)

-- What a kind, a model or a cycle means is data, and joined above this: its change costs no event.
select
    team_id,
    usage_date,
    part_start_at,
    email,
    service_address,
    is_service_account,
    model,
    kind,
    count(*) as events,
    {{ sum_count('input_tokens') }} as input_tokens,
    {{ sum_count('output_tokens') }} as output_tokens,
    {{ sum_count('cache_write_tokens') }} as cache_write_tokens,
    {{ sum_count('cache_read_tokens') }} as cache_read_tokens,
    {{ sum_count('case when all_input_tokens + output_tokens is null then 1 end') }} as events_without_tokens,
    {{ sum_count('case when amount_usd is null then 1 end') }} as unpriced_events,
    {{ sum_usd('amount_usd') }} as amount_usd,
    {{ sum_count('case when is_max_mode then 1 end') }} as max_mode_events,
    {{ sum_count('case when is_small then 1 end') }} as small_events,
    {{ sum_count('case when is_small_and_priced then input_tokens end') }} as small_input_tokens,
    {{ sum_count('case when is_small_and_priced then output_tokens end') }} as small_output_tokens,
    {{ sum_count('case when is_small_and_priced then cache_write_tokens end') }} as small_cache_write_tokens,
    {{ sum_count('case when is_small_and_priced then cache_read_tokens end') }} as small_cache_read_tokens,
    {{ sum_usd('case when is_small then amount_usd end') }} as small_amount_usd,
    max(newest_load_number) as built_to_load_number,
    max(cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as timestamp)) as built_at,
    max(day_rules) as day_rules
from with_priced
group by team_id, usage_date, part_start_at, email, service_address, is_service_account, model, kind
