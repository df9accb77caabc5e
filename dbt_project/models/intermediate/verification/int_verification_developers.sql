with

teams as (

    select * from {{ ref('int_teams') }}
    where window_end_date is not null

),

activity as (

    select
        activity.team_id,
        activity.email,
        activity.usage_date,
        activity.has_request,
        activity.has_active_daily_row
    from {{ ref('int_developer_activity_days') }} as activity
    inner join teams
        on
            activity.team_id = teams.team_id
            and activity.usage_date >= teams.window_start_date
            and activity.usage_date <= teams.window_end_date
    where activity.has_request or activity.has_active_daily_row

),

loaded_days as (

    select
        teams.team_id,
        count(*) as loaded_days
    from teams
    inner join {{ ref('int_loaded_days') }} as loaded
        on
            teams.team_id = loaded.team_id
            and teams.window_start_date <= loaded.usage_date
            and teams.window_end_date >= loaded.usage_date
    where loaded.endpoint = 'daily_usage'
    group by teams.team_id

),

developers as (

    select
        team_id,
        email,
        max(case when has_request then 1 else 0 end) as has_request,
        max(case when has_active_daily_row then 1 else 0 end) as has_active_daily_row
    from activity
    group by team_id, email

),

counts as (

    select
        team_id,
        'active_developers' as measure,
        sum(has_active_daily_row) as reference_value,
        sum(has_request * has_active_daily_row) as in_both,
        sum(has_request * (1 - has_active_daily_row)) as in_events_only,
        sum((1 - has_request) * has_active_daily_row) as in_daily_only
    from developers
    group by team_id
    union all
    select
        team_id,
        'active_developer_days' as measure,
        sum(case when has_active_daily_row then 1 else 0 end) as reference_value,
        sum(case when has_request and has_active_daily_row then 1 else 0 end) as in_both,
        sum(case when has_request and not has_active_daily_row then 1 else 0 end) as in_events_only,
        sum(case when not has_request and has_active_daily_row then 1 else 0 end) as in_daily_only
    from activity
    group by team_id

),

measures as (

    select measure from {{ ref('int_verification_measures') }}
    where measure in ('active_developers', 'active_developer_days')

),

compared as (

    select
        teams.team_id,
        measures.measure,
        {{ var('verification_window_days') }} - coalesce(loaded_days.loaded_days, 0) as missing_days,
        case when loaded_days.loaded_days > 0 then coalesce(counts.reference_value, 0) end as reference_value,
        coalesce(counts.in_both, 0) as in_both,
        coalesce(counts.in_events_only, 0) as in_events_only,
        coalesce(counts.in_daily_only, 0) as in_daily_only
    from teams
    cross join measures
    left join loaded_days on teams.team_id = loaded_days.team_id
    left join counts on teams.team_id = counts.team_id and measures.measure = counts.measure

)

select
    team_id,
    measure,
    cast(reference_value as decimal(38, 8)) as reference_value,
    case
        when reference_value is null then 'Daily usage is not loaded for these days'
        else
            'Both ' || {{ count_as_text('in_both') }}
            || ', events only ' || {{ count_as_text('in_events_only') }}
            || ', daily only ' || {{ count_as_text('in_daily_only') }}
    end as explanation,
    case
        when reference_value is not null and missing_days > 0
            then
                {{ counted('missing_days', 'day of daily usage is', 'days of daily usage are') }}
                || ' not loaded'
    end as missing_days
from compared
