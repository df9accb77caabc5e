{{ config(severity='warn') }}

select invoices.team_id
from {{ ref('invoices') }} as invoices
left join {{ ref('int_teams') }} as teams on {{ trimmed('invoices.team_id') }} = teams.team_id
where teams.team_id is null
