{{ config(materialized='view') }}

with

-- No build has passed yet: everything is new.
last_passed_builds as (

    select
        coalesce(max(newest_load_number), 0) as load_number,
        coalesce(max(passed_at), timestamp '0001-01-01') as passed_at
    from {{ ref('stg_cursor__builds') }}
    where has_passed

),

-- Two ways, because an emptied day has no rows, and a day that was built by new rules has no load.
days as (

    select
        event_days.team_id,
        event_days.usage_date
    from {{ ref('int_event_days') }} as event_days
    cross join last_passed_builds
    where event_days.changed_by_load_number > last_passed_builds.load_number
    union
    select
        by_day.team_id,
        by_day.usage_date
    from {{ ref('int_usage_events_by_day') }} as by_day
    cross join last_passed_builds
    where by_day.built_at > last_passed_builds.passed_at

)

select * from days
