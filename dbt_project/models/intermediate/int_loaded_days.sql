with

days as (

    select
        team_id,
        endpoint,
        usage_date,
        max(fetch_started_at) as last_fetch_started_at,
        max(case when not is_unchanged then load_number end) as changed_by_load_number
    from {{ ref('int_loads_by_day') }}
    group by team_id, endpoint, usage_date

)

select
    team_id,
    endpoint,
    usage_date,
    last_fetch_started_at,
    changed_by_load_number,
    last_fetch_started_at >= {{ settled_at('usage_date') }} as is_settled
from days
