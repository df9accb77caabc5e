with

ties as (

    select * from {{ ref('int_verification_ties') }}

),

events as (

    select
        team_id,
        usage_date,
        event_at,
        email,
        source_email,
        kind,
        category,
        is_request,
        is_open_day,
        amount_usd,
        load_id
    from {{ ref('int_usage_events_priced') }}

),

loaded_days as (

    select
        team_id,
        usage_date,
        is_settled
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'

),

cycle_usage as (

    select
        events.team_id,
        events.email,
        case when events.email is null then nullif(lower(trim(events.source_email)), '') end as service_address,
        events.kind,
        events.category,
        events.is_request,
        events.amount_usd,
        events.event_at <= ties.snapshot_at as is_in_range,
        not coalesce(loaded_days.is_settled, false) or events.event_at > ties.snapshot_at as is_late
    from ties
    inner join events
        on
            ties.team_id = events.team_id
            and ties.cycle_start_at <= events.event_at
    left join loaded_days
        on
            events.team_id = loaded_days.team_id
            and events.usage_date = loaded_days.usage_date
    where
        (events.event_at <= ties.snapshot_at or events.event_at < ties.cycle_end_at)
        and (not events.is_open_day or events.load_id = ties.open_day_load_id)

)

-- Few rows from many events: whatever asks about the cycle reads these.
select
    team_id,
    email,
    service_address,
    kind,
    category,
    is_in_range,
    is_late,
    sum(amount_usd) as amount_usd,
    sum(case when is_request and amount_usd is null then 1 else 0 end) as unpriced_requests
from cycle_usage
group by
    team_id,
    email,
    service_address,
    kind,
    category,
    is_in_range,
    is_late
