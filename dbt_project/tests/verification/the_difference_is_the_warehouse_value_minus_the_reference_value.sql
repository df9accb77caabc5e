select
    team_id,
    measure,
    warehouse_value,
    reference_value,
    difference
from {{ ref('verification_totals') }}
where difference is distinct from warehouse_value - reference_value
