select
    teams.team_id,
    measures.measure
from {{ ref('int_teams') }} as teams
cross join {{ ref('int_verification_measures') }} as measures
left join {{ ref('verification_totals') }} as totals
    on teams.team_id = totals.team_id and measures.measure = totals.measure
where totals.measure is null
