{#
    Of days since the last build that passed. Amounts may be negative, so that a part may be more than the whole: where all
    events are small it is the whole, where none is it is nothing.
#}
{%- set parts = {
    'small_events': 'events',
    'small_input_tokens': 'input_tokens',
    'small_output_tokens': 'output_tokens',
    'small_cache_write_tokens': 'cache_write_tokens',
    'small_cache_read_tokens': 'cache_read_tokens',
} -%}
select
    by_day.team_id,
    by_day.usage_date,
    by_day.model,
    by_day.kind,
    by_day.events,
    by_day.small_events
from {{ ref('int_usage_events_by_day') }} as by_day
inner join {{ ref('int_days_since_last_passed_build') }} as days
    on by_day.team_id = days.team_id and by_day.usage_date = days.usage_date
where
    {% for part, whole in parts.items() %}
        by_day.{{ part }} > by_day.{{ whole }}
        or by_day.{{ part }} < 0
        or (by_day.small_events = 0 and by_day.{{ part }} <> 0)
        or
    {% endfor %}
    (by_day.small_events = 0 and by_day.small_amount_usd <> 0)
    or (by_day.small_events = by_day.events and by_day.small_amount_usd <> by_day.amount_usd)
    or by_day.small_output_tokens > by_day.small_events * {{ var('simple_max_output_tokens') }}
    or by_day.small_input_tokens + by_day.small_cache_write_tokens + by_day.small_cache_read_tokens
    > by_day.small_events * {{ var('simple_max_input_tokens') }}
