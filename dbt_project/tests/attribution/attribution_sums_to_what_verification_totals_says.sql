-- Another way to the same window. Unattributed are the two states without a person.
with

attributed as (

    select
        team_id,
        window_start_date,
        window_end_date,
        sum(requests) as requests,
        sum(usage_value_usd) as usage_value_usd,
        sum(case when state in ('service_account', 'no_email') then usage_value_usd else 0 end)
            as unattributed_usage_usd
    from {{ ref('usage_attribution') }}
    group by team_id, window_start_date, window_end_date

),

compared as (

    select
        totals.team_id,
        totals.measure,
        totals.warehouse_value,
        case totals.measure
            when 'requests' then attributed.requests
            when 'usage_value_usd' then attributed.usage_value_usd
            else attributed.unattributed_usage_usd
        end as attributed_value
    from {{ ref('verification_totals') }} as totals
    inner join attributed
        on
            totals.team_id = attributed.team_id
            and totals.window_start_date = attributed.window_start_date
            and totals.window_end_date = attributed.window_end_date
    where totals.measure in ('requests', 'usage_value_usd', 'unattributed_usage_usd')

)

select *
from compared
where warehouse_value <> attributed_value
