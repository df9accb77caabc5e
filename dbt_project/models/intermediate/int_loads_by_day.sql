{{ config(materialized='view') }}

with

loads as (

    select
        load_id,
        load_number,
        team_id,
        endpoint,
        window_start_date,
        window_end_date,
        fetch_started_at,
        is_unchanged
    from {{ ref('stg_cursor__loads') }}
    where not is_open_day and window_start_date is not null

),

-- Windows of a month and shorter are the rule; a back-fill may land as one.
offsets as (

    select cast(generated_number - 1 as integer) as day_offset
    from ({{ dbt.generate_series(4096) }}) as numbers

)

select
    loads.load_id,
    loads.load_number,
    loads.team_id,
    loads.endpoint,
    {{ days_after('loads.window_start_date', 'offsets.day_offset') }} as usage_date,
    loads.fetch_started_at,
    loads.is_unchanged
from loads
inner join offsets
    on offsets.day_offset <= {{ days_between('loads.window_start_date', 'loads.window_end_date') }}
