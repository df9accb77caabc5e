{{ config(severity='warn') }}

select
    exclusions.team_id,
    exclusions.email
from {{ ref('int_adoption_exclusions') }} as exclusions
left join {{ ref('int_seats') }} as seats
    on exclusions.team_id = seats.team_id and exclusions.email = seats.email
where seats.email is null
