select
    team_id,
    measure,
    reference_source,
    window_start_date,
    window_end_date
from {{ ref('verification_totals') }}
group by team_id, measure, reference_source, window_start_date, window_end_date
having count(*) > 1
