-- In both directions: a comparison without causes, and causes of no comparison.
with

compared as (

    select
        team_id,
        measure,
        reference_source,
        window_start_date,
        window_end_date,
        1 as totals,
        0 as unexplained
    from {{ ref('verification_totals') }}
    where
        difference is not null
        and (reference_source <> 'cursor_daily_usage_api' or measure = 'active_developer_days')
    union all
    select
        team_id,
        measure,
        reference_source,
        window_start_date,
        window_end_date,
        0 as totals,
        case when cause = 'unexplained' then 1 else 0 end as unexplained
    from {{ ref('verification_causes') }}

)

select
    team_id,
    measure,
    reference_source,
    window_start_date,
    window_end_date
from compared
group by team_id, measure, reference_source, window_start_date, window_end_date
having sum(totals) <> 1 or sum(unexplained) <> 1
