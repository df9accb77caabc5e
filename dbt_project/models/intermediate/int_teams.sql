with

loads as (

    select * from {{ ref('stg_cursor__loads') }}

),

runs as (

    select
        team_id,
        status,
        error,
        row_number() over (partition by team_id order by started_at desc, run_id desc) as newest_first
    from {{ ref('stg_cursor__team_runs') }}

),

-- A team whose every run failed has no load, and is a team all the same.
teams as (

    select team_id from runs
    union
    select team_id from loads

),

newest_days as (

    select
        team_id,
        max(usage_date) as newest_loaded_date
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'
    group by team_id

),

members_loads as (

    select
        team_id,
        load_id,
        fetch_started_at,
        row_number() over (partition by team_id order by fetch_started_at desc, load_id desc) as newest_first
    from loads
    where endpoint = 'members'

),

open_day_loads as (

    select
        team_id,
        covered_until_at,
        row_number() over (
            partition by team_id order by fetch_started_at desc, covered_until_at desc, load_id desc
        ) as newest_first
    from loads
    where is_open_day

),

-- A spend snapshot speaks of its own instant: the one to compare with is the newest that the open day's events reach.
-- Where they reach none, the newest snapshot stands, and what is compared with it is inconclusive.
spend_loads as (

    select
        loads.team_id,
        loads.load_id,
        loads.fetch_started_at,
        loads.cycle_start_at,
        row_number() over (
            partition by loads.team_id
            order by
                case when loads.fetch_started_at <= open_day_loads.covered_until_at then 0 else 1 end,
                loads.fetch_started_at desc,
                loads.load_id desc
        ) as tied_first
    from loads
    left join open_day_loads on loads.team_id = open_day_loads.team_id and open_day_loads.newest_first = 1
    where loads.endpoint = 'spend'

)

select
    teams.team_id,
    newest_days.newest_loaded_date,
    {{ days_after('newest_days.newest_loaded_date', 1 - var('verification_window_days')) }} as window_start_date,
    newest_days.newest_loaded_date as window_end_date,
    members_loads.load_id as members_load_id,
    members_loads.fetch_started_at as members_snapshot_at,
    spend_loads.load_id as spend_load_id,
    spend_loads.fetch_started_at as spend_snapshot_at,
    spend_loads.cycle_start_at as open_cycle_start_at,
    runs.status as last_run_status,
    runs.error as last_run_error
from teams
left join newest_days on teams.team_id = newest_days.team_id
left join members_loads on teams.team_id = members_loads.team_id and members_loads.newest_first = 1
left join spend_loads on teams.team_id = spend_loads.team_id and spend_loads.tied_first = 1
left join runs on teams.team_id = runs.team_id and runs.newest_first = 1
