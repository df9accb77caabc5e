select
    team_id,
    measure,
    reference_source,
    window_start_date,
    window_end_date,
    said_at,
    run_id,
    warehouse_value,
    reference_value,
    verdict,
    is_settled,
    row_number() over (
        partition by team_id, measure, reference_source, window_start_date, window_end_date
        order by said_at desc
    ) as newest_first
from {{ ref('stg_cursor__verdicts') }}
