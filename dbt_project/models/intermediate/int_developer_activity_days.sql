{{ config(materialized='table_in_parts', parts="date_trunc('month', usage_date)") }}

with

days as (

    select
        team_id,
        email,
        usage_date,
        1 as has_request,
        0 as has_active_daily_row
    from {{ ref('int_usage_daily') }}
    where email is not null and requests > 0
    union all
    select
        team_id,
        email,
        usage_date,
        0 as has_request,
        1 as has_active_daily_row
    from {{ ref('stg_cursor__daily_usage') }}
    where email is not null and is_active

)

select
    team_id,
    email,
    usage_date,
    max(has_request) = 1 as has_request,
    max(has_active_daily_row) = 1 as has_active_daily_row
from days
group by team_id, email, usage_date
