select
    team_id,
    measure,
    reference_source,
    run_id,
    verdict,

    -- figures, in the measure's unit
    cast(warehouse_value as decimal(38, 8)) as warehouse_value,
    cast(reference_value as decimal(38, 8)) as reference_value,

    -- flags
    is_settled,

    -- times
    window_start_date,
    window_end_date,
    said_at
from {{ source('cursor', 'verdicts') }}
