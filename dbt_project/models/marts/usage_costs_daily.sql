{{ config(materialized='table_in_parts', parts="date_trunc('month', usage_date)") }}

with

-- Events that were not charged are events too: such a day has zeros, not nulls.
sums as (

    select
        team_id,
        usage_date,
        email,
        {{ cost_amounts() }},
        {{ request_counts() }},
        {{ sum_count('unpriced_requests') }} as unpriced_requests
    from {{ ref('int_usage_daily') }}
    group by team_id, usage_date, email

),

-- Where not one request has a price, what the day cost is unknown, not nothing.
usage_by_day as (

    select
        sums.*,
        requests > 0 and requests = unpriced_requests as is_unpriced
    from sums

),

active_rows as (

    select
        team_id,
        usage_date,
        email
    from {{ ref('int_developer_activity_days') }}
    where has_active_daily_row

),

days as (

    select
        coalesce(usage_by_day.team_id, active_rows.team_id) as team_id,
        coalesce(usage_by_day.usage_date, active_rows.usage_date) as usage_date,
        coalesce(usage_by_day.email, active_rows.email) as email,
        case when not usage_by_day.is_unpriced then usage_by_day.included_usage_usd end as included_usage_usd,
        case when not usage_by_day.is_unpriced then usage_by_day.on_demand_usd end as on_demand_usd,
        case when not usage_by_day.is_unpriced then usage_by_day.usage_value_usd end as usage_value_usd,
        case when not usage_by_day.is_unpriced then usage_by_day.other_usage_usd end as other_usage_usd,
        usage_by_day.requests,
        usage_by_day.input_tokens,
        usage_by_day.output_tokens,
        usage_by_day.cache_write_tokens,
        usage_by_day.cache_read_tokens
    from usage_by_day
    full outer join active_rows
        on
            usage_by_day.team_id = active_rows.team_id
            and usage_by_day.usage_date = active_rows.usage_date
            and usage_by_day.email = active_rows.email

)

select
    days.*,
    coalesce(loaded_days.is_settled, false) as is_settled
from days
left join {{ ref('int_loaded_days') }} as loaded_days
    on
        days.team_id = loaded_days.team_id
        and days.usage_date = loaded_days.usage_date
        and loaded_days.endpoint = 'usage_events'
