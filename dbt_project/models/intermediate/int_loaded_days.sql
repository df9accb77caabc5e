with

loads as (

    select
        team_id,
        endpoint,
        window_start_date,
        window_end_date,
        fetch_started_at,
        loaded_at
    from {{ ref('stg_cursor__loads') }}
    where not is_open_day and window_start_date is not null

),

-- Windows of a month and shorter are the rule; a back-fill may land as one.
offsets as (

    select cast(generated_number - 1 as integer) as day_offset
    from ({{ dbt.generate_series(4096) }}) as numbers

),

loads_by_day as (

    select
        loads.team_id,
        loads.endpoint,
        {{ days_after('loads.window_start_date', 'offsets.day_offset') }} as usage_date,
        loads.fetch_started_at,
        loads.loaded_at
    from loads
    inner join offsets
        on offsets.day_offset <= {{ days_between('loads.window_start_date', 'loads.window_end_date') }}

),

days as (

    select
        team_id,
        endpoint,
        usage_date,
        max(fetch_started_at) as last_fetch_started_at,
        min(loaded_at) as first_loaded_at
    from loads_by_day
    group by team_id, endpoint, usage_date

)

select
    team_id,
    endpoint,
    usage_date,
    last_fetch_started_at,
    first_loaded_at,
    last_fetch_started_at
    >= {{ dbt.dateadd('hour', 24 + var('settle_hours'), start_of_day('usage_date')) }} as is_settled
from days
