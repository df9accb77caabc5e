select
    run_id,
    team_id,
    endpoint,
    outcome,
    status_code,
    message,
    checked_at
from {{ source('cursor', 'endpoint_access') }}
