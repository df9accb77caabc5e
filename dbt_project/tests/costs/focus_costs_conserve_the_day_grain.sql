-- noqa: disable=RF06
-- Names are quoted as the mart has them, so that no engine folds their case.
{# Requests, tokens and each kind of value per team, cycle and day: a lost, doubled or misplaced charge shows here. #}
{%- set measures = {
    'requests': '"x_Requests"',
    'input_tokens': '"x_InputTokens"',
    'output_tokens': '"x_OutputTokens"',
    'cache_write_tokens': '"x_CacheWriteTokens"',
    'cache_read_tokens': '"x_CacheReadTokens"',
    'on_demand_usd': '"BilledCost"',
    'included_usage_usd': '"x_IncludedUsageValue"',
    'other_usage_usd': '"x_OtherUsageValue"',
} -%}
with

said as (

    select
        team_id,
        cycle_start_at,
        usage_date,
        {{ cost_amounts() }},
        {{ request_counts() }}
    from {{ ref('int_usage_daily') }}
    where category <> 'not_charged'
    group by team_id, cycle_start_at, usage_date

),

charged as (

    select
        team_id,
        "BillingPeriodStart" as cycle_start_at,
        {{ utc_date('"ChargePeriodStart"') }} as usage_date,
        {% for measure, column in measures.items() %}
            coalesce(sum({{ column }}), 0) as {{ measure }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('focus_costs') }}
    where "ChargeFrequency" = 'Usage-Based'
    group by team_id, "BillingPeriodStart", {{ utc_date('"ChargePeriodStart"') }}

)

select
    coalesce(said.team_id, charged.team_id) as team_id,
    coalesce(said.cycle_start_at, charged.cycle_start_at) as cycle_start_at,
    coalesce(said.usage_date, charged.usage_date) as usage_date
from said
full outer join charged
    on
        said.team_id = charged.team_id
        and said.cycle_start_at = charged.cycle_start_at
        and said.usage_date = charged.usage_date
where
    {% for measure in measures %}
        {{ 'or ' if not loop.first }}said.{{ measure }} is distinct from charged.{{ measure }}
    {% endfor %}
