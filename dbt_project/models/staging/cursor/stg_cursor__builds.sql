select
    run_id,

    -- counts
    newest_load_number,

    -- flags
    passed_at is not null as has_passed,

    -- times
    started_at,
    passed_at
from {{ source('cursor', 'builds') }}
