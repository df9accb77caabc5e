with

parts as (

    select
        team_id,
        measure,
        reference_source,
        window_start_date,
        window_end_date,
        sum(difference) as difference
    from {{ ref('verification_causes') }}
    group by team_id, measure, reference_source, window_start_date, window_end_date

)

select
    totals.team_id,
    totals.measure,
    totals.reference_source,
    totals.difference,
    parts.difference as sum_of_parts
from {{ ref('verification_totals') }} as totals
inner join parts
    on
        totals.team_id = parts.team_id
        and totals.measure = parts.measure
        and totals.reference_source = parts.reference_source
        and totals.window_start_date is not distinct from parts.window_start_date
        and totals.window_end_date is not distinct from parts.window_end_date
where totals.difference is distinct from parts.difference
