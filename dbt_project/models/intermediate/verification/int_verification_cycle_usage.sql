with

ties as (

    select
        *,
        {{ utc_date('snapshot_at') }} as snapshot_date
    from {{ ref('int_verification_ties') }}

),

loaded_days as (

    select
        team_id,
        usage_date,
        is_settled
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'

),

-- Whole days and parts of days: on the snapshot's own day only, events before it and after it have to be told apart.
whole_days as (

    select
        ties.team_id,
        ties.tied_cycle,
        ties.snapshot_at,
        usage_daily.usage_date,
        usage_daily.email,
        usage_daily.service_address,
        usage_daily.kind,
        usage_daily.category,
        usage_daily.amount_usd,
        usage_daily.unpriced_requests,
        usage_daily.usage_date < ties.snapshot_date as is_in_range
    from ties
    inner join {{ ref('int_usage_daily') }} as usage_daily
        on
            ties.team_id = usage_daily.team_id
            and ties.cycle_start_at <= usage_daily.part_start_at
            and ties.snapshot_date <> usage_daily.usage_date
    where usage_daily.usage_date < ties.snapshot_date or usage_daily.part_start_at < ties.cycle_end_at

),

events as (

    select
        ties.tied_cycle,
        closed_days.*
    from ties
    inner join {{ ref('stg_cursor__usage_events') }} as closed_days
        on ties.team_id = closed_days.team_id and ties.snapshot_date = closed_days.usage_date
    union all
    select
        ties.tied_cycle,
        open_day.*
    from ties
    inner join {{ ref('stg_cursor__open_day_events') }} as open_day
        on ties.team_id = open_day.team_id and ties.open_day_load_id = open_day.load_id

),

single_events as (

    select
        ties.team_id,
        ties.tied_cycle,
        ties.snapshot_at,
        events.usage_date,
        events.email,
        case when events.email is null then events.source_email end as service_address,
        events.kind,
        coalesce(kinds.category, 'unknown') as category,
        coalesce(events.amount_usd, 0) as amount_usd,
        case
            when events.amount_usd is null and coalesce(kinds.category, 'unknown') <> 'not_charged' then 1 else 0
        end as unpriced_requests,
        events.event_at <= ties.snapshot_at as is_in_range
    from ties
    inner join events
        on
            ties.team_id = events.team_id
            and ties.tied_cycle = events.tied_cycle
            and ties.cycle_start_at <= events.event_at
    left join {{ ref('int_event_kinds') }} as kinds on {{ kind_key('events.kind') }} = kinds.kind_key
    where events.event_at <= ties.snapshot_at or events.event_at < ties.cycle_end_at

),

cycle_usage as (

    select * from whole_days
    union all
    select * from single_events

),

-- What the closing record of an earlier cycle said of a day that had not settled then, it never said again.
with_states as (

    select
        cycle_usage.*,
        coalesce(loaded_days.is_settled, false)
        and (
            cycle_usage.tied_cycle = 'open'
            or cycle_usage.snapshot_at >= {{ settled_at('cycle_usage.usage_date') }}
        ) as is_settled
    from cycle_usage
    left join loaded_days
        on
            cycle_usage.team_id = loaded_days.team_id
            and cycle_usage.usage_date = loaded_days.usage_date

)

-- Few rows from many events: whatever asks about the cycle reads these.
select
    team_id,
    tied_cycle,
    email,
    service_address,
    kind,
    category,
    is_in_range,
    is_settled,
    sum(amount_usd) as amount_usd,
    sum(unpriced_requests) as unpriced_requests
from with_states
group by
    team_id,
    tied_cycle,
    email,
    service_address,
    kind,
    category,
    is_in_range,
    is_settled
