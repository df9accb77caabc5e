with

amounts as (

    select
        team_id,
        window_start_date,
        window_end_date,
        coalesce(reference_source, '') as reference_source,
        case when measure like 'cycle_%' then 'cycle' else 'window' end as scope,
        sum(case when measure in ('usage_value_usd', 'cycle_usage_value_usd') then warehouse_value end) as whole,
        sum(case when measure in ('included_usage_usd', 'cycle_included_usage_usd') then warehouse_value end)
            as included,
        sum(case when measure in ('on_demand_usd', 'cycle_on_demand_usd') then warehouse_value end) as on_demand
    from {{ ref('verification_totals') }}
    group by
        team_id,
        window_start_date,
        window_end_date,
        coalesce(reference_source, ''),
        case when measure like 'cycle_%' then 'cycle' else 'window' end

)

select *
from amounts
where whole <> included + on_demand
