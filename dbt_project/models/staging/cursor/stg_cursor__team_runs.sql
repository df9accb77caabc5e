select
    run_id,
    team_id,
    connection_id,
    status,
    error,
    started_at,
    finished_at
from {{ source('cursor', 'team_runs') }}
