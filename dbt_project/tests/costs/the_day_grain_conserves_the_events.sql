{#
    What raw says of each day, straight from staging, against the day grain: of days that were built since the last build
    that passed, which on a full refresh are all. A lost or doubled row and a day that was not rebuilt show here.
#}
{%- set sums = {
    'events': 'count(*)',
    'input_tokens': sum_count('input_tokens'),
    'output_tokens': sum_count('output_tokens'),
    'cache_write_tokens': sum_count('cache_write_tokens'),
    'cache_read_tokens': sum_count('cache_read_tokens'),
    'amount_usd': sum_usd('amount_usd'),
} -%}
{%- set differences = [] -%}
{%- for measure in sums -%}
    {%- do differences.append('said.' ~ measure ~ ' is distinct from built.' ~ measure) -%}
{%- endfor -%}
with

days as (

    select
        team_id,
        usage_date
    from {{ ref('int_days_since_last_passed_build') }}

),

said as (

    select
        events.team_id,
        events.usage_date,
        coalesce(events.kind, '') as kind,
        {% for measure, sum in sums.items() %}
            {{ sum }} as {{ measure }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('stg_cursor__usage_events') }} as events
    inner join days on events.team_id = days.team_id and events.usage_date = days.usage_date
    group by events.team_id, events.usage_date, coalesce(events.kind, '')

),

built as (

    select
        by_day.team_id,
        by_day.usage_date,
        coalesce(by_day.kind, '') as kind,
        {% for measure in sums %}
            sum(by_day.{{ measure }}) as {{ measure }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('int_usage_events_by_day') }} as by_day
    inner join days on by_day.team_id = days.team_id and by_day.usage_date = days.usage_date
    group by by_day.team_id, by_day.usage_date, coalesce(by_day.kind, '')

)

select
    coalesce(said.team_id, built.team_id) as team_id,
    coalesce(said.usage_date, built.usage_date) as usage_date,
    coalesce(said.kind, built.kind) as kind,
    said.events as events_said,
    built.events as events_built
from said
full outer join built
    on
        said.team_id = built.team_id
        and said.usage_date = built.usage_date
        and said.kind = built.kind
where {{ differences | join(' or ') }}
