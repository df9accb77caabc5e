with

loaded_days as (

    select
        team_id,
        usage_date
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'

),

-- Everything that has to lie in a cycle: loaded days, snapshots, the open day.
known_instants as (

    select
        team_id,
        coalesce({{ start_of_day('window_start_date') }}, fetch_started_at) as first_at,
        case
            when window_start_date is null then fetch_started_at
            when is_open_day then covered_until_at
            else {{ end_of_day('window_end_date') }}
        end as last_at
    from {{ ref('stg_cursor__loads') }}

),

ranges as (

    select
        team_id,
        min(first_at) as first_at,
        max(last_at) as last_at
    from known_instants
    group by team_id

),

observed_starts as (

    select
        team_id,
        cycle_start_at,
        row_number() over (
            partition by team_id order by max(fetch_started_at) desc, cycle_start_at desc
        ) as newest_first
    from {{ ref('stg_cursor__loads') }}
    where endpoint = 'spend' and cycle_start_at is not null
    group by team_id, cycle_start_at

),

known_starts as (

    select
        team_id,
        cycle_start_at,
        'observed' as start_source
    from observed_starts
    union all
    select
        ranges.team_id,
        cast({{ dbt.date_trunc('month', 'ranges.first_at') }} as timestamp) as cycle_start_at,
        'calendar_month' as start_source
    from ranges
    left join observed_starts on ranges.team_id = observed_starts.team_id
    where observed_starts.team_id is null

),

known_starts_in_order as (

    select
        known_starts.*,
        extract(day from cycle_start_at) as day_of_month,
        max(extract(day from cycle_start_at)) over (partition by team_id) as latest_day_of_month,
        lag(cycle_start_at) over (partition by team_id order by cycle_start_at) as previous_start_at,
        lead(cycle_start_at) over (partition by team_id order by cycle_start_at) as next_start_at
    from known_starts

),

-- A start on its month's last day may be a later day of the month, clamped: the latest day seen tells.
anchors as (

    select
        known_starts_in_order.*,
        case
            when extract(day from {{ dbt.dateadd('day', 1, 'cycle_start_at') }}) = 1 then latest_day_of_month
            else day_of_month
        end as anchor_day
    from known_starts_in_order

),

offsets as (

    select cast(generated_number as integer) - 241 as months
    from ({{ dbt.generate_series(481) }}) as numbers

),

candidates as (

    select
        anchors.team_id,
        anchors.start_source as anchor_source,
        anchors.previous_start_at as previous_known_at,
        anchors.next_start_at as next_known_at,
        offsets.months,
        {{ month_anniversary('anchors.cycle_start_at', 'offsets.months', 'anchors.anchor_day') }}
            as inferred_start_at,
        {{ month_anniversary('anchors.cycle_start_at', 'offsets.months + 1', 'anchors.anchor_day') }}
            as inferred_end_at,
        anchors.cycle_start_at as known_start_at
    from anchors
    cross join offsets

),

-- Backwards from the first known start as far as anything is known, forwards from each one up to the next or as far as
-- anything is known. An inferred start within a week before a known one is that one, seen off its day.
starts as (

    select
        candidates.team_id,
        case when candidates.months = 0 then candidates.known_start_at else candidates.inferred_start_at end
            as cycle_start_at,
        candidates.inferred_end_at,
        case
            when candidates.anchor_source = 'calendar_month' or candidates.months = 0 then candidates.anchor_source
            else 'inferred'
        end as start_source
    from candidates
    inner join ranges on candidates.team_id = ranges.team_id
    where
        candidates.months = 0
        or (
            candidates.months < 0
            and candidates.previous_known_at is null
            and candidates.inferred_end_at > ranges.first_at
        )
        or (
            candidates.months > 0
            and (
                candidates.inferred_start_at < {{ dbt.dateadd('day', -7, 'candidates.next_known_at') }}
                or (candidates.next_known_at is null and candidates.inferred_start_at <= ranges.last_at)
            )
        )

),

cycles as (

    select
        team_id,
        cycle_start_at,
        start_source,
        coalesce(
            lead(cycle_start_at) over (partition by team_id order by cycle_start_at), inferred_end_at
        ) as cycle_end_at,
        lead(cycle_start_at) over (partition by team_id order by cycle_start_at) is null as is_last_cycle
    from starts

),

-- The day on which a cycle starts or ends within the day belongs to both.
cycles_in_days as (

    select
        cycles.*,
        -- the newest spend snapshot names the open cycle; where none ever did, it is the one that we are in
        coalesce(newest_starts.cycle_start_at = cycles.cycle_start_at, cycles.is_last_cycle) as is_open_cycle,
        {{ utc_date('cycles.cycle_start_at') }} as first_date,
        {{ utc_date(dbt.dateadd('microsecond', -1, 'cycles.cycle_end_at')) }} as last_date
    from cycles
    left join observed_starts as newest_starts
        on cycles.team_id = newest_starts.team_id and newest_starts.newest_first = 1

),

-- Who holds a seat is known from the first list of members on, and it says so for the cycle it was taken in.
first_snapshots as (

    select
        team_id,
        min(fetch_started_at) as first_snapshot_at
    from {{ ref('stg_cursor__loads') }}
    where endpoint = 'members'
    group by team_id

),

-- As far as closed days can be asked for: to the cycle's last one, in the open cycle to the newest one loaded.
closed_cycle_days as (

    select
        cycles_in_days.*,
        teams.newest_loaded_date,
        case
            when cycles_in_days.is_open_cycle then least(cycles_in_days.last_date, teams.newest_loaded_date)
            else cycles_in_days.last_date
        end as last_closed_date
    from cycles_in_days
    inner join {{ ref('int_teams') }} as teams on cycles_in_days.team_id = teams.team_id

),

counted as (

    select
        closed_cycle_days.*,
        {{ days_between('first_date', 'last_closed_date') }} + 1 as closed_days,
        {{ days_between('first_date', utc_date('cycle_end_at')) }} as cycle_days
    from closed_cycle_days

),

loaded as (

    select
        counted.team_id,
        counted.cycle_start_at,
        count(*) as loaded_days
    from counted
    inner join loaded_days
        on
            counted.team_id = loaded_days.team_id
            and loaded_days.usage_date between counted.first_date and counted.last_closed_date
    group by counted.team_id, counted.cycle_start_at

)

select
    counted.team_id,
    counted.cycle_start_at,
    counted.cycle_end_at,
    counted.is_open_cycle,
    counted.newest_loaded_date is not null
    and coalesce(loaded.loaded_days, 0) >= counted.closed_days as is_fully_covered,
    counted.start_source,
    counted.cycle_days,
    coalesce(first_snapshots.first_snapshot_at < counted.cycle_end_at, false) as has_known_seats
from counted
left join loaded on counted.team_id = loaded.team_id and counted.cycle_start_at = loaded.cycle_start_at
left join first_snapshots on counted.team_id = first_snapshots.team_id
