with

-- Under which addresses the newest list has a user id.
newest_addresses as (

    select distinct
        members.team_id,
        members.user_id,
        members.email
    from {{ ref('stg_cursor__members') }} as members
    inner join {{ ref('int_teams') }} as teams
        on members.team_id = teams.team_id and members.load_id = teams.members_load_id
    where members.user_id is not null and members.email is not null

)

select
    known.team_id,
    known.email,
    min(newest.email) as alias_of
from {{ ref('stg_cursor__user_addresses') }} as known
inner join newest_addresses as newest on known.team_id = newest.team_id and known.user_id = newest.user_id
where known.email <> newest.email
group by known.team_id, known.email
