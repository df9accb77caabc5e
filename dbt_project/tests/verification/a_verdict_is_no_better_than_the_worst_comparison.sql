select
    team_id,
    verdict
from {{ ref('verification_verdicts') }}
where
    (verdict = 'matched' and matched_within_tolerance_count + inconclusive_count + drift_count > 0)
    or (verdict = 'matched_within_tolerance' and inconclusive_count + drift_count > 0)
    or (verdict in ('matched', 'matched_within_tolerance') and matched_count + matched_within_tolerance_count = 0)
