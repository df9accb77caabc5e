with

teams as (

    select * from {{ ref('int_teams') }}

),

loads as (

    select * from {{ ref('stg_cursor__loads') }}

),

cycles as (

    select * from {{ ref('int_billing_cycles') }}

),

closed_days as (

    select
        team_id,
        usage_date
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'

),

open_day_loads as (

    select
        loads.team_id,
        loads.load_id,
        loads.window_end_date as usage_date,
        loads.covered_until_at,
        row_number() over (
            partition by loads.team_id
            order by loads.fetch_started_at desc, loads.covered_until_at desc, loads.load_id desc
        ) as newest_first
    from loads
    where loads.is_open_day

),

-- A day that was loaded since it closed is not open any more, whatever its provisional rows still say.
open_days as (

    select
        open_day_loads.team_id,
        case when closed_days.usage_date is null then open_day_loads.load_id end as load_id,
        open_day_loads.usage_date,
        open_day_loads.covered_until_at
    from open_day_loads
    left join closed_days
        on
            open_day_loads.team_id = closed_days.team_id
            and open_day_loads.usage_date = closed_days.usage_date
    where open_day_loads.newest_first = 1

),

-- The spend endpoint speaks of the open cycle only: the last snapshot that names an earlier cycle's start is all that
-- will ever be known of it.
closing_snapshots as (

    select
        closing.team_id,
        closing.load_id,
        closing.snapshot_at,
        closing.cycle_start_at,
        row_number() over (partition by closing.team_id order by closing.cycle_start_at desc) as newest_first
    from {{ ref('int_closing_spend') }} as closing
    inner join cycles as open_cycles
        on
            closing.team_id = open_cycles.team_id
            and closing.cycle_start_at < open_cycles.cycle_start_at
    where open_cycles.is_open_cycle

),

ties as (

    select
        team_id,
        'open' as tied_cycle,
        spend_load_id,
        spend_snapshot_at as snapshot_at,
        open_cycle_start_at as cycle_start_at
    from teams
    union all
    select
        team_id,
        'previous' as tied_cycle,
        load_id as spend_load_id,
        snapshot_at,
        cycle_start_at
    from closing_snapshots
    where newest_first = 1

)

select
    ties.team_id,
    ties.tied_cycle,
    ties.spend_load_id,
    ties.snapshot_at,
    ties.cycle_start_at,
    cycles.cycle_end_at,
    spend_loads.records_received as spend_records,
    open_days.load_id as open_day_load_id,
    open_days.usage_date as open_day_date,
    -- an earlier cycle's snapshot is reached, too, where its day was loaded since
    coalesce(open_days.covered_until_at >= ties.snapshot_at, false)
    or (ties.tied_cycle = 'previous' and closed_days.usage_date is not null) as is_snapshot_reached
from ties
left join loads as spend_loads on ties.spend_load_id = spend_loads.load_id
left join cycles on ties.team_id = cycles.team_id and ties.cycle_start_at = cycles.cycle_start_at
left join open_days on ties.team_id = open_days.team_id
left join closed_days
    on
        ties.team_id = closed_days.team_id
        and closed_days.usage_date = {{ utc_date('ties.snapshot_at') }}
