select
    verdicts.team_id,
    verdicts.verdict,
    verdicts.sentence
from {{ ref('verification_verdicts') }} as verdicts
inner join {{ ref('int_teams') }} as teams on verdicts.team_id = teams.team_id
where
    teams.last_run_status = 'failed'
    and (
        verdicts.verdict <> 'inconclusive'
        or {{ dbt.position(quoted_sentence('teams.last_run_error'), 'verdicts.sentence') }} = 0
    )
