with

people as (

    select
        team_id,
        count(seat_key) as people,
        sum(case when is_member then 1 else 0 end) as members
    from {{ ref('usage_attribution_by_developer') }}
    group by team_id

),

states as (

    select
        team_id,
        count(*) as states,
        sum(people) as people,
        sum(members) as members
    from {{ ref('usage_attribution') }}
    group by team_id

)

select
    teams.team_id,
    states.states,
    states.people,
    people.people as people_by_developer
from {{ ref('int_teams') }} as teams
left join states on teams.team_id = states.team_id
left join people on teams.team_id = people.team_id
where
    states.states is distinct from {{ attribution_states() | length }}
    or states.people <> coalesce(people.people, 0)
    or states.members <> coalesce(people.members, 0)
