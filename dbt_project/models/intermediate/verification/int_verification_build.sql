with

builds as (

    select
        run_id,
        started_at,
        row_number() over (order by started_at desc, run_id desc) as newest_first
    from {{ ref('stg_cursor__builds') }}

)

-- The newest build is the one that makes this; without the pipeline there is none, and one row all the same.
select
    max(run_id) as run_id,
    max(started_at) as started_at
from builds
where newest_first = 1
