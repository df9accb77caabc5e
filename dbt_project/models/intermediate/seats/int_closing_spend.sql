with

loads as (

    select
        team_id,
        load_id,
        cycle_start_at,
        fetch_started_at as snapshot_at,
        row_number() over (
            partition by team_id, cycle_start_at order by fetch_started_at desc, load_id desc
        ) as newest_first
    from {{ ref('stg_cursor__loads') }}
    where endpoint = 'spend' and cycle_start_at is not null

),

-- One snapshot each: spend is cumulative within its cycle, so a sum of snapshots would count a dollar many times.
closing_loads as (

    select * from loads
    where newest_first = 1

)

select
    closing_loads.team_id,
    closing_loads.cycle_start_at,
    closing_loads.load_id,
    closing_loads.snapshot_at,
    count(members.load_id) as members,
    case when count(members.on_demand_usd) = count(*) then {{ sum_usd('members.on_demand_usd') }} end as on_demand_usd,
    case when count(members.included_usage_usd) = count(*) then {{ sum_usd('members.included_usage_usd') }} end
        as included_usage_usd,
    case when count(members.usage_value_usd) = count(*) then {{ sum_usd('members.usage_value_usd') }} end
        as usage_value_usd
from closing_loads
left join {{ ref('stg_cursor__spend') }} as members
    on closing_loads.team_id = members.team_id and closing_loads.load_id = members.load_id
group by closing_loads.team_id, closing_loads.cycle_start_at, closing_loads.load_id, closing_loads.snapshot_at
