-- A misspelt address would leave its owner on a standard seat without a word. Only a warning: the member may have left.
{{ config(severity='warn') }}

select
    seat_types.team_id,
    seat_types.email
from {{ ref('seat_types') }} as seat_types
left join {{ ref('int_members') }} as members
    on
        {{ normalised_email('seat_types.email') }} = members.email
        and ({{ trimmed('seat_types.team_id') }} = members.team_id or {{ trimmed('seat_types.team_id') }} = '*')
where members.email is null
