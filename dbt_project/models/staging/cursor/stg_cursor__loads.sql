select
    load_number,
    load_id,
    run_id,
    team_id,
    endpoint,
    landing_path,
    checksum,

    -- counts
    records_announced,
    records_received,
    pages,
    bytes_received,

    -- flags
    is_open_day,
    is_unchanged,

    -- times
    window_start_date,
    window_end_date,
    covered_until_at,
    cycle_start_at,
    fetch_started_at,
    fetch_finished_at,
    loaded_at
from {{ source('cursor', 'loads') }}
