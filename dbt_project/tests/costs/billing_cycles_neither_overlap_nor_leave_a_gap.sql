with

cycles as (

    select
        team_id,
        cycle_start_at,
        cycle_end_at,
        lead(cycle_start_at) over (partition by team_id order by cycle_start_at) as next_start_at
    from {{ ref('int_billing_cycles') }}

)

select *
from cycles
where cycle_end_at <= cycle_start_at or cycle_end_at <> next_start_at
