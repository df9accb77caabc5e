select
    team_id,
    measure
from {{ ref('verification_totals') }}
group by team_id, measure
having count(*) > count(reference_source) and count(reference_source) > 0
