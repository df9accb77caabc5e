with

teams as (

    select
        team_id,
        window_start_date,
        window_end_date
    from {{ ref('int_teams') }}

),

-- A service account is nobody, also where the list names it.
listed as (

    select
        team_id,
        seat_key,
        email,
        name,
        not is_removed as is_member
    from {{ ref('int_seats') }}
    where not is_service_account

),

users as (

    select
        team_id,
        email
    from {{ ref('int_attribution_usage') }}
    where email is not null

),

people as (

    select
        coalesce(listed.team_id, users.team_id) as team_id,
        coalesce(listed.seat_key, users.email) as seat_key,
        coalesce(listed.email, users.email) as email,
        listed.name,
        listed.seat_key is not null as is_listed,
        coalesce(listed.is_member, false) as is_member
    from listed
    full outer join users on listed.team_id = users.team_id and listed.seat_key = users.email

),

last_activity as (

    select
        activity.team_id,
        activity.email,
        max(activity.usage_date) as last_active_date
    from {{ ref('int_developer_activity_days') }} as activity
    inner join teams on activity.team_id = teams.team_id
    where activity.usage_date <= coalesce(teams.window_end_date, activity.usage_date)
    group by activity.team_id, activity.email

),

loaded_daily_usage as (

    select distinct loaded_days.team_id
    from {{ ref('int_loaded_days') }} as loaded_days
    inner join teams
        on
            loaded_days.team_id = teams.team_id
            and loaded_days.usage_date between teams.window_start_date and teams.window_end_date
    where loaded_days.endpoint = 'daily_usage'

),

-- A member without an e-mail has daily usage under the user id.
people_with_daily_rows as (

    select distinct
        daily_usage.team_id,
        coalesce(daily_usage.email, 'user id ' || daily_usage.user_id) as seat_key
    from {{ ref('stg_cursor__daily_usage') }} as daily_usage
    inner join teams
        on
            daily_usage.team_id = teams.team_id
            and daily_usage.usage_date between teams.window_start_date and teams.window_end_date

)

select
    people.team_id,
    people.seat_key,
    people.email,
    people.name,
    people.is_listed,
    people.is_member,
    case when not people.is_member then aliases.alias_of end as alias_of,
    developers.joined_date,
    loaded_daily_usage.team_id is not null as is_daily_usage_loaded,
    people_with_daily_rows.seat_key is not null as has_daily_row,
    last_activity.last_active_date
from people
left join {{ ref('int_attribution_aliases') }} as aliases
    on people.team_id = aliases.team_id and people.email = aliases.email
left join {{ ref('int_developers') }} as developers
    on people.team_id = developers.team_id and people.seat_key = developers.seat_key
left join last_activity on people.team_id = last_activity.team_id and people.email = last_activity.email
left join loaded_daily_usage on people.team_id = loaded_daily_usage.team_id
left join people_with_daily_rows
    on people.team_id = people_with_daily_rows.team_id and people.seat_key = people_with_daily_rows.seat_key
