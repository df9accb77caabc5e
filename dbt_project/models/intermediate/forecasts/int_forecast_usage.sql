{{ config(materialized='table_in_parts', parts='cycle_start_at') }}

-- All usage without an e-mail is one person's, the one without a name.
select
    team_id,
    usage_date,
    cycle_start_at,
    coalesce(email, '') as person,
    {{ sum_usd("case when category = 'included' then amount_usd end") }} as included_usage_usd,
    {{ sum_usd("case when category = 'on_demand' then amount_usd end") }} as on_demand_usd
from {{ ref('int_usage_daily') }}
where requests > 0
group by team_id, usage_date, cycle_start_at, coalesce(email, '')
