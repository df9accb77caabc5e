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

ties as (

    select
        teams.team_id,
        teams.spend_load_id,
        teams.spend_snapshot_at as snapshot_at,
        teams.open_cycle_start_at as cycle_start_at,
        cycles.cycle_end_at,
        spend_loads.records_received as spend_records,
        open_days.load_id as open_day_load_id,
        open_days.usage_date as open_day_date,
        coalesce(open_days.covered_until_at >= teams.spend_snapshot_at, false) as is_snapshot_reached
    from teams
    left join loads as spend_loads on teams.spend_load_id = spend_loads.load_id
    left join cycles
        on
            teams.team_id = cycles.team_id
            and teams.open_cycle_start_at = cycles.cycle_start_at
    left join open_days on teams.team_id = open_days.team_id

)

select * from ties
