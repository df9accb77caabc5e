-- Weeks of which every day is loaded, and of the week before too: a week with a hole would show a change that is none.
with

full_weeks as (

    select
        team_id,
        cast({{ dbt.date_trunc('week', 'usage_date') }} as date) as week_start_date
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'
    group by team_id, cast({{ dbt.date_trunc('week', 'usage_date') }} as date)
    having count(*) = 7

)

select
    this_week.team_id,
    this_week.week_start_date,
    week_before.week_start_date as previous_week_start_date
from full_weeks as this_week
inner join full_weeks as week_before
    on
        this_week.team_id = week_before.team_id
        and this_week.week_start_date = {{ days_after('week_before.week_start_date', 7) }}
