{{ config(severity='warn') }}

select
    dashboard_totals.team_id,
    dashboard_totals.measure
from {{ ref('dashboard_totals') }} as dashboard_totals
left join {{ ref('int_teams') }} as teams on dashboard_totals.team_id = teams.team_id
left join {{ ref('int_verification_measures') }} as measures on dashboard_totals.measure = measures.measure
where teams.team_id is null or measures.measure is null
