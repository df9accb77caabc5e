select
    team_id,
    measure,
    reference_source,
    verdict
from {{ ref('verification_totals') }}
where (reference_source is null or reference_source = 'cursor_daily_usage_api') <> (verdict = 'not_compared')
