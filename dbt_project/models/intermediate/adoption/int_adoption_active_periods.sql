with

-- Days of daily usage may be newer than the newest events: activity on them is no older than the as-of day itself.
activity as (

    select
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

last_days as (

    select
        team_id,
        email,
        max(active_date) as last_active_date
    from activity
    group by team_id, email

),

-- A period begins with a day whose day before is long past, and ends with the one before the next period's beginning.
beginnings as (

    select
        team_id,
        email,
        active_date,
        lead(date_before) over (partition by team_id, email order by active_date) as last_date_of_period
    from with_day_before
    where date_before is null or active_date >= {{ days_after('date_before', var('idle_after_days')) }}

)

select
    beginnings.team_id,
    beginnings.email,
    beginnings.active_date as active_from_date,
    {{
        days_after('coalesce(beginnings.last_date_of_period, last_days.last_active_date)', var('idle_after_days'))
    }} as active_until_date
from beginnings
inner join last_days on beginnings.team_id = last_days.team_id and beginnings.email = last_days.email
