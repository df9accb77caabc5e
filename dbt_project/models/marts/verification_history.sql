{%- set key = ['team_id', 'measure', 'reference_source', 'window_start_date', 'window_end_date'] -%}
with

totals as (

    select
        team_id,
        measure,
        reference_source,
        window_start_date,
        window_end_date,
        warehouse_value,
        reference_value,
        verdict
    from {{ ref('verification_totals') }}

),

past as (

    select * from {{ ref('int_verification_past_verdicts') }}

),

settled_days as (

    select
        team_id,
        usage_date
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events' and is_settled

),

ranges as (

    select distinct
        team_id,
        window_start_date,
        window_end_date
    from totals
    where window_start_date is not null and window_end_date is not null

),

settled_ranges as (

    select
        ranges.team_id,
        ranges.window_start_date,
        ranges.window_end_date
    from ranges
    inner join settled_days
        on
            ranges.team_id = settled_days.team_id
            and ranges.window_start_date <= settled_days.usage_date
            and ranges.window_end_date >= settled_days.usage_date
    group by ranges.team_id, ranges.window_start_date, ranges.window_end_date
    having count(*) = {{ days_between('ranges.window_start_date', 'ranges.window_end_date') }} + 1

),

said_now as (

    select
        totals.*,
        settled_ranges.team_id is not null as is_settled,
        build.started_at as said_at,
        build.run_id
    from totals
    cross join {{ ref('int_verification_build') }} as build
    left join settled_ranges
        on
            totals.team_id = settled_ranges.team_id
            and totals.window_start_date = settled_ranges.window_start_date
            and totals.window_end_date = settled_ranges.window_end_date

),

-- The same said again is no news. That a range has settled is: a figure that moves after it is worth a look.
news as (

    select said_now.*
    from said_now
    left join past
        on
            {% for column in key %}
                said_now.{{ column }} is not distinct from past.{{ column }}
                and {% endfor %}past.newest_first = 1
    where
        past.team_id is null
        or said_now.verdict <> past.verdict
        or said_now.warehouse_value is distinct from past.warehouse_value
        or said_now.reference_value is distinct from past.reference_value
        or said_now.is_settled <> past.is_settled

),

said as (

    {% for relation in ('past', 'news') %}
        select
            {{ key | join(',\n            ') }},
            said_at,
            run_id,
            warehouse_value,
            reference_value,
            verdict,
            is_settled
        from {{ relation }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- Without the pipeline nobody notes when it was said: it is the newest.
in_order as (

    select
        *,
        lag(verdict) over (partition by {{ key | join(', ') }} order by said_at nulls last) as previous_verdict,
        lag(warehouse_value) over (partition by {{ key | join(', ') }} order by said_at nulls last)
            as previous_warehouse_value,
        lag(is_settled) over (partition by {{ key | join(', ') }} order by said_at nulls last) as was_settled,
        row_number() over (partition by {{ key | join(', ') }} order by said_at desc nulls first) as newest_first
    from said

)

select
    in_order.team_id,
    in_order.measure,
    in_order.reference_source,
    in_order.window_start_date,
    in_order.window_end_date,
    in_order.said_at,
    in_order.run_id,
    in_order.warehouse_value,
    in_order.reference_value,
    cast(in_order.warehouse_value - in_order.reference_value as decimal(38, 8)) as difference,
    in_order.verdict,
    in_order.newest_first = 1 and totals.team_id is not null as is_current,
    in_order.is_settled,
    in_order.previous_verdict,
    cast(in_order.warehouse_value - in_order.previous_warehouse_value as decimal(38, 8)) as change_in_warehouse_value,
    coalesce(
        in_order.was_settled
        and (
            in_order.warehouse_value <> in_order.previous_warehouse_value
            or (in_order.warehouse_value is null) <> (in_order.previous_warehouse_value is null)
        ),
        false
    ) as has_moved_after_settled
from in_order
left join totals
    on
        in_order.team_id = totals.team_id
        and in_order.measure = totals.measure
        and in_order.reference_source is not distinct from totals.reference_source
        and in_order.window_start_date is not distinct from totals.window_start_date
        and in_order.window_end_date is not distinct from totals.window_end_date
