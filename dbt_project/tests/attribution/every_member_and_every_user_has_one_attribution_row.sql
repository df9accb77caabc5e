-- Every current member, used or not, and every e-mail with an event in the window; service accounts are nobody.
with

everybody as (

    select
        members.team_id,
        members.seat_key
    from {{ ref('int_members') }} as members
    inner join {{ ref('int_teams') }} as teams
        on members.team_id = teams.team_id and members.load_id = teams.members_load_id
    where not members.is_removed and not members.is_service_account
    union
    select
        usage_daily.team_id,
        usage_daily.email as seat_key
    from {{ ref('int_usage_daily') }} as usage_daily
    inner join {{ ref('int_teams') }} as teams
        on
            usage_daily.team_id = teams.team_id
            and usage_daily.usage_date between teams.window_start_date and teams.window_end_date
    where usage_daily.email is not null

)

select
    everybody.team_id,
    everybody.seat_key,
    count(attribution.seat_key) as attribution_rows
from everybody
left join {{ ref('usage_attribution_by_developer') }} as attribution
    on everybody.team_id = attribution.team_id and everybody.seat_key = attribution.seat_key
group by everybody.team_id, everybody.seat_key
having count(attribution.seat_key) <> 1
