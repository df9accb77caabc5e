{%- set measures = verification_measures() | selectattr(2, 'equalto', 'window') | map(attribute=0) | list %}
{#- what the cycle measures are over closed days, for figures off the dashboard or an invoice -#}
{%- set cycle_measures = {
    'cycle_included_usage_usd': 'included_usage_usd',
    'cycle_on_demand_usd': 'on_demand_usd',
    'cycle_usage_value_usd': 'usage_value_usd',
    'closed_cycle_on_demand_usd': 'on_demand_usd',
} %}
with

ranges as (

    select * from {{ ref('int_verification_ranges') }}

),

usage_daily as (

    select * from {{ ref('int_usage_daily') }}

),

loaded_days as (

    select
        team_id,
        usage_date,
        is_settled
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'

),

-- What may have changed, or may have come, after the reference was read.
usage_in_ranges as (

    select
        ranges.range_id,
        usage_daily.*,
        coalesce(loaded_days.is_settled, false) as is_settled,
        coalesce(usage_daily.usage_date >= cast(ranges.read_at as date), false) as is_after_reading
    from ranges
    inner join usage_daily
        on
            ranges.team_id = usage_daily.team_id
            and ranges.start_date <= usage_daily.usage_date
            and ranges.end_date >= usage_daily.usage_date
    left join loaded_days
        on
            usage_daily.team_id = loaded_days.team_id
            and usage_daily.usage_date = loaded_days.usage_date
    where ranges.cycle_start_at is null or ranges.cycle_start_at = usage_daily.cycle_start_at

),

sums as (

    select
        range_id,
        {% for measure in measures %}
            {{ verification_range_sum(measure, 'true') }} as {{ measure }},
            {{ verification_range_sum(measure, 'not is_settled') }} as unsettled_{{ measure }},
            {{ verification_range_sum(measure, 'is_after_reading') }} as after_{{ measure }},
            {{ verification_range_sum(measure, '(not is_settled or is_after_reading)') }}
                as late_{{ measure }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from usage_in_ranges
    group by range_id

),

-- One row per range and measure; a range without usage has zeros, one without a loaded day has nulls.
range_values as (

    {%- for measure in measures + cycle_measures | list %}
        {%- set column = cycle_measures.get(measure, measure) %}
        select
            ranges.range_id,
            '{{ measure }}' as measure,
            case
                when ranges.loaded_days > 0 then cast(coalesce(sums.{{ column }}, 0) as decimal(38, 8))
            end as warehouse_value,
            cast(coalesce(sums.unsettled_{{ column }}, 0) as decimal(38, 8)) as unsettled_value,
            cast(coalesce(sums.after_{{ column }}, 0) as decimal(38, 8)) as after_value,
            cast(abs(coalesce(sums.late_{{ column }}, 0)) as decimal(38, 8)) as late_value,
            cast(coalesce(sums.credit_usd, 0) as decimal(38, 8)) as credit_usd,
            cast(coalesce(sums.own_key_usd, 0) as decimal(38, 8)) as own_key_usd
        from ranges
        left join sums on ranges.range_id = sums.range_id
        {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from range_values
