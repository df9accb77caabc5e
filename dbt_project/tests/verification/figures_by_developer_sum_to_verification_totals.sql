with

developers as (

    select
        team_id,
        measure,
        reference_source,
        min(window_start_date) as window_start_date,
        max(window_end_date) as window_end_date,
        sum(warehouse_value) as warehouse_value,
        sum(reference_value) as reference_value
    from {{ ref('verification_by_developer') }}
    group by team_id, measure, reference_source

)

select
    totals.team_id,
    totals.measure,
    totals.reference_source,
    totals.warehouse_value,
    developers.warehouse_value as warehouse_value_of_developers,
    totals.reference_value,
    developers.reference_value as reference_value_of_developers
from {{ ref('verification_totals') }} as totals
left join developers
    on
        totals.team_id = developers.team_id
        and totals.measure = developers.measure
        and totals.reference_source = developers.reference_source
where
    (totals.reference_source = 'cursor_spend_api' or totals.measure = 'active_developer_days')
    and totals.reference_source in ('cursor_spend_api', 'cursor_daily_usage_api')
    -- where the warehouse's figure is not known, nobody's is
    and totals.warehouse_value is not null
    and (
        totals.warehouse_value <> coalesce(developers.warehouse_value, 0)
        or coalesce(totals.reference_value, 0) <> coalesce(developers.reference_value, 0)
        or totals.window_start_date <> developers.window_start_date
        or totals.window_end_date <> developers.window_end_date
    )
