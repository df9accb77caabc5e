{#
    A spend answer is cumulative within its cycle: each reference value is that of one snapshot alone, of the cycle and the
    day that the row names. Computed from staging, past the models of verification.
#}
with

snapshots as (

    select
        team_id,
        load_id,
        min(cycle_start_at) as cycle_start_at,
        min(snapshot_at) as snapshot_at,
        sum(coalesce(on_demand_usd, 0)) as on_demand_usd
    from {{ ref('stg_cursor__spend') }}
    group by team_id, load_id

),

candidates as (

    select
        totals.team_id,
        totals.measure,
        totals.reference_value,
        max(case when snapshots.on_demand_usd = totals.reference_value then 1 else 0 end) as is_of_one_snapshot
    from {{ ref('verification_totals') }} as totals
    left join snapshots
        on
            totals.team_id = snapshots.team_id
            and totals.window_start_date = cast(snapshots.cycle_start_at as date)
            and totals.window_end_date = cast(snapshots.snapshot_at as date)
    where
        totals.reference_source = 'cursor_spend_api'
        and totals.measure in ('cycle_on_demand_usd', 'previous_cycle_on_demand_usd')
        and totals.window_start_date is not null
        and totals.reference_value is not null
    group by totals.team_id, totals.measure, totals.window_start_date, totals.reference_value

)

select *
from candidates
where is_of_one_snapshot = 0
