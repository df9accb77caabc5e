select
    answers.run_id,
    answers.team_id,
    answers.endpoint,
    answers.outcome,
    answers.status_code,
    answers.message,
    answers.checked_at
from {{ ref('stg_cursor__endpoint_access') }} as answers
left join {{ ref('stg_cursor__team_runs') }} as runs
    on answers.team_id = runs.team_id and answers.run_id = runs.run_id
where coalesce(runs.status, '') <> 'failed'
