-- There is no event id, and two real events can be equal in every field: each row of raw is an event of the day grain.
-- Straight from raw, so that a mistake in staging shows; of days since the last build that passed.
with

raw_events as (

    select
        events.team_id,
        events.usage_date,
        count(*) as events
    from {{ source('cursor', 'cursor_usage_events') }} as events
    inner join {{ ref('int_days_since_last_passed_build') }} as days
        on events.team_id = days.team_id and events.usage_date = days.usage_date
    group by events.team_id, events.usage_date

),

built as (

    select
        by_day.team_id,
        by_day.usage_date,
        sum(by_day.events) as events
    from {{ ref('int_usage_events_by_day') }} as by_day
    inner join {{ ref('int_days_since_last_passed_build') }} as days
        on by_day.team_id = days.team_id and by_day.usage_date = days.usage_date
    group by by_day.team_id, by_day.usage_date

)

select
    coalesce(raw_events.team_id, built.team_id) as team_id,
    coalesce(raw_events.usage_date, built.usage_date) as usage_date,
    raw_events.events as events_in_raw,
    built.events as events_built
from raw_events
full outer join built on raw_events.team_id = built.team_id and raw_events.usage_date = built.usage_date
where coalesce(raw_events.events, 0) <> coalesce(built.events, 0)
