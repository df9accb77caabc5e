select
    team_id,
    measure,
    warehouse_value,
    reference_value
from {{ ref('verification_totals') }}
where
    verdict = 'matched'
    and case
        when unit = 'usd' then round(warehouse_value, 2) is distinct from round(reference_value, 2)
        else warehouse_value is distinct from reference_value
    end
