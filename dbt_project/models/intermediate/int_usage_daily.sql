with

events as (

    select
        priced.*,
        priced.input_tokens + priced.cache_write_tokens + priced.cache_read_tokens as all_input_tokens
    from {{ ref('int_usage_events_priced') }} as priced
    where not priced.is_open_day

)

select
    team_id,
    usage_date,
    cycle_start_at,
    email,
    model,
    model_tier,
    kind,
    category,
    {{ sum_count('case when is_request then 1 end') }} as requests,
    {{ sum_count('case when is_request then input_tokens end') }} as input_tokens,
    {{ sum_count('case when is_request then output_tokens end') }} as output_tokens,
    {{ sum_count('case when is_request then cache_write_tokens end') }} as cache_write_tokens,
    {{ sum_count('case when is_request then cache_read_tokens end') }} as cache_read_tokens,
    {{ sum_count('case when is_request and all_input_tokens + output_tokens is null then 1 end') }}
        as requests_without_tokens,
    {{ sum_count('case when is_request and amount_usd is null then 1 end') }} as unpriced_requests,
    {{ sum_usd('amount_usd') }} as amount_usd,
    {{ sum_count('case when is_request and is_max_mode then 1 end') }} as max_mode_requests,
    {{ sum_count(
        'case when is_request and not is_max_mode and output_tokens <= ' ~ var('simple_max_output_tokens')
        ~ ' and all_input_tokens <= ' ~ var('simple_max_input_tokens') ~ ' then 1 end'
    ) }} as small_requests
from events
group by team_id, usage_date, cycle_start_at, email, model, model_tier, kind, category
