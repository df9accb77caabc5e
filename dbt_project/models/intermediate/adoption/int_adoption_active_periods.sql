with

-- Days of daily usage may be newer than the newest events: activity on them is no older than the as-of day itself.
activity as (

    select distinct
        activity.team_id,
        activity.email,
        least(activity.usage_date, dates.as_of_date) as active_date
    from {{ ref('int_developer_activity_days') }} as activity
    inner join {{ ref('int_adoption_dates') }} as dates on activity.team_id = dates.team_id
    where activity.has_request or activity.has_active_daily_row

),

with_day_before as (

    select
        activity.*,
        lag(active_date) over (partition by team_id, email order by active_date) as date_before
    from activity

),

numbered as (

    select
        with_day_before.*,
        sum(case when active_date < {{ days_after('date_before', var('idle_after_days')) }} then 0 else 1 end) over (
            partition by team_id, email order by active_date
            rows between unbounded preceding and current row
        ) as period_number
    from with_day_before

)

select
    team_id,
    email,
    min(active_date) as active_from_date,
    {{ days_after('max(active_date)', var('idle_after_days')) }} as active_until_date
from numbered
group by team_id, email, period_number
