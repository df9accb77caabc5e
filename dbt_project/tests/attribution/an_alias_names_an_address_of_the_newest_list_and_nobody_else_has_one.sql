select
    attribution.team_id,
    attribution.email,
    attribution.state,
    attribution.alias_of
from {{ ref('usage_attribution_by_developer') }} as attribution
left join {{ ref('int_seats') }} as seats
    on attribution.team_id = seats.team_id and attribution.alias_of = seats.email
where
    (attribution.state = 'alias_of_another_address') <> (attribution.alias_of is not null)
    or (attribution.alias_of is not null and seats.email is null)
    or attribution.alias_of = attribution.email
    or (attribution.alias_of is not null and attribution.is_member)
