select
    teams.team_id,
    count(verdicts.team_id) as verdicts
from {{ ref('int_teams') }} as teams
left join {{ ref('verification_verdicts') }} as verdicts on teams.team_id = verdicts.team_id
group by teams.team_id
having count(verdicts.team_id) <> 1
