with

cycles as (

    select
        *,
        {{ utc_date('cycle_start_at') }} as start_date,
        {{ utc_date('cycle_end_at') }} as end_date,
        lead(start_source) over (partition by team_id order by cycle_start_at) as next_start_source
    from {{ ref('int_billing_cycles') }}

),

-- By the same days as cycle_days: the one on which a cycle starts is its own, the one on which it ends the next one's.
loaded_days as (

    select
        cycles.team_id,
        cycles.cycle_start_at,
        count(*) as loaded_days
    from cycles
    inner join {{ ref('int_loaded_days') }} as days
        on
            cycles.team_id = days.team_id
            and cycles.start_date <= days.usage_date
            and cycles.end_date > days.usage_date
    where days.endpoint = 'usage_events'
    group by cycles.team_id, cycles.cycle_start_at

)

select
    cycles.team_id,
    cycles.cycle_start_at,
    cycles.cycle_end_at,
    cycles.start_source,
    case when cycles.next_start_source = 'observed' then 'observed' else 'inferred' end as end_source,
    cycles.is_open_cycle,
    cycles.is_fully_covered,
    cast(cycles.cycle_days as bigint) as cycle_days,
    cast(coalesce(loaded_days.loaded_days, 0) as bigint) as loaded_days,
    closing.snapshot_at as closing_snapshot_at,
    cast(closing.members as bigint) as closing_members,
    closing.on_demand_usd as closing_on_demand_usd,
    closing.included_usage_usd as closing_included_usage_usd,
    closing.usage_value_usd as closing_usage_value_usd
from cycles
left join loaded_days
    on cycles.team_id = loaded_days.team_id and cycles.cycle_start_at = loaded_days.cycle_start_at
left join {{ ref('int_closing_spend') }} as closing
    on cycles.team_id = closing.team_id and cycles.cycle_start_at = closing.cycle_start_at
