with

matches as (

    select * from {{ ref('verification_totals') }}
    where verdict = 'matched'

),

-- Spend figures that name nobody say nothing of anybody.
named as (

    select distinct
        team_id,
        measure,
        reference_source
    from {{ ref('verification_by_developer') }}
    where email is not null and presence <> 'warehouse_only'

)

select
    team_id,
    measure,
    reference_source,
    null as email,
    warehouse_value,
    reference_value
from matches
where
    case
        when unit = 'usd' then round(warehouse_value, 2) is distinct from round(reference_value, 2)
        else warehouse_value is distinct from reference_value
    end
union all
-- and so for each e-mail
select
    developers.team_id,
    developers.measure,
    developers.reference_source,
    developers.email,
    developers.warehouse_value,
    developers.reference_value
from matches
inner join named
    on
        matches.team_id = named.team_id
        and matches.measure = named.measure
        and matches.reference_source = named.reference_source
inner join {{ ref('verification_by_developer') }} as developers
    on
        matches.team_id = developers.team_id
        and matches.measure = developers.measure
        and matches.reference_source = developers.reference_source
where not developers.is_equal
