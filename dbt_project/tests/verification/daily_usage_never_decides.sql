-- Nor does an amount that an invoice leaves out.
select
    team_id,
    measure,
    reference_source,
    verdict
from {{ ref('verification_totals') }}
where
    (
        reference_source is null
        or reference_source = 'cursor_daily_usage_api'
        or (reference_source = 'invoice' and reference_value is null)
    ) <> (verdict = 'not_compared')
