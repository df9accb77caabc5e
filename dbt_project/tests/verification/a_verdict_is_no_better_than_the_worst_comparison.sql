select
    verdicts.team_id,
    verdicts.verdict
from {{ ref('verification_verdicts') }} as verdicts
left join {{ ref('int_teams') }} as teams on verdicts.team_id = teams.team_id
where
    (
        verdicts.verdict = 'matched'
        and verdicts.matched_within_tolerance_count + verdicts.inconclusive_count + verdicts.drift_count > 0
    )
    or (
        verdicts.verdict = 'matched_within_tolerance'
        and verdicts.inconclusive_count + verdicts.drift_count > 0
    )
    or (
        verdicts.verdict in ('matched', 'matched_within_tolerance')
        and verdicts.matched_count + verdicts.matched_within_tolerance_count = 0
    )
    -- drift is worse than undecided; only after a failed run the figures are those of the run before
    or (
        verdicts.verdict = 'inconclusive'
        and verdicts.drift_count > 0
        and coalesce(teams.last_run_status, '') <> 'failed'
    )
