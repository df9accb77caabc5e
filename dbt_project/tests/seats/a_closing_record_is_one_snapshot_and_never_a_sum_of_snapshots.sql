-- From what staging says: the record is that of one load, which no later one that names the same start follows.
with

snapshots as (

    select
        loads.team_id,
        loads.load_id,
        loads.cycle_start_at,
        loads.fetch_started_at as snapshot_at,
        count(spend.load_id) as members,
        sum(spend.on_demand_usd) as on_demand_usd,
        sum(case when spend.on_demand_usd is null then 1 else 0 end) as rows_without_on_demand
    from {{ ref('stg_cursor__loads') }} as loads
    left join {{ ref('stg_cursor__spend') }} as spend
        on loads.team_id = spend.team_id and loads.load_id = spend.load_id
    where loads.endpoint = 'spend' and loads.cycle_start_at is not null
    group by loads.team_id, loads.load_id, loads.cycle_start_at, loads.fetch_started_at

),

newest as (

    select
        team_id,
        cycle_start_at,
        max(snapshot_at) as snapshot_at
    from snapshots
    group by team_id, cycle_start_at

)

select
    cycles.team_id,
    cycles.cycle_start_at,
    cycles.closing_snapshot_at,
    newest.snapshot_at
from {{ ref('billing_cycles') }} as cycles
left join newest on cycles.team_id = newest.team_id and cycles.cycle_start_at = newest.cycle_start_at
left join snapshots
    on
        cycles.team_id = snapshots.team_id
        and cycles.cycle_start_at = snapshots.cycle_start_at
        and cycles.closing_snapshot_at = snapshots.snapshot_at
        and cycles.closing_members = snapshots.members
        and (
            cycles.closing_on_demand_usd = snapshots.on_demand_usd
            or (cycles.closing_on_demand_usd is null and snapshots.rows_without_on_demand > 0)
        )
where
    cycles.closing_snapshot_at is distinct from newest.snapshot_at
    or (cycles.closing_snapshot_at is not null and snapshots.load_id is null)
union all
-- Every start that a snapshot told is a cycle's.
select
    newest.team_id,
    newest.cycle_start_at,
    null as closing_snapshot_at,
    newest.snapshot_at
from newest
left join {{ ref('billing_cycles') }} as cycles
    on newest.team_id = cycles.team_id and newest.cycle_start_at = cycles.cycle_start_at
where cycles.team_id is null
