with

-- The current seats are not those of a figure that was read off the dashboard weeks ago.
past_dates as (

    select distinct
        dashboard_totals.team_id,
        dashboard_totals.end_date as as_of_date
    from {{ ref('int_verification_dashboard_totals') }} as dashboard_totals
    inner join {{ ref('int_teams') }} as teams on dashboard_totals.team_id = teams.team_id
    where dashboard_totals.scope = 'as_of' and dashboard_totals.end_date < teams.window_end_date

),

-- As of a day: what was known when its run was made, on the day after.
snapshots as (

    select
        past_dates.team_id,
        past_dates.as_of_date,
        max(loads.fetch_started_at) as snapshot_at
    from past_dates
    inner join {{ ref('stg_cursor__loads') }} as loads
        on
            past_dates.team_id = loads.team_id
            and loads.fetch_started_at < {{ start_of_day(days_after('past_dates.as_of_date', 2)) }}
    where loads.endpoint = 'members'
    group by past_dates.team_id, past_dates.as_of_date

),

members as (

    select
        snapshots.team_id,
        snapshots.as_of_date,
        members.seat_key,
        members.email,
        members.is_free_owner,
        members.is_service_account,
        members.is_removed or members.snapshot_at <> snapshots.snapshot_at as is_removed,
        row_number() over (
            partition by snapshots.team_id, snapshots.as_of_date, members.seat_key
            order by members.snapshot_at desc, members.load_id desc
        ) as newest_first
    from snapshots
    inner join {{ ref('int_members') }} as members
        on
            snapshots.team_id = members.team_id
            and snapshots.snapshot_at >= members.snapshot_at

),

-- The cycle in which the day ends.
cycles as (

    select
        snapshots.team_id,
        snapshots.as_of_date,
        cycles.cycle_start_at,
        coalesce({{ utc_date('cycles.cycle_start_at') }}, snapshots.as_of_date) as start_date
    from snapshots
    left join {{ ref('int_billing_cycles') }} as cycles
        on
            snapshots.team_id = cycles.team_id
            and cycles.cycle_start_at < {{ start_of_day(days_after('snapshots.as_of_date', 1)) }}
            and cycles.cycle_end_at >= {{ start_of_day(days_after('snapshots.as_of_date', 1)) }}

),

usage_in_cycle as (

    select distinct
        cycles.team_id,
        cycles.as_of_date,
        usage_daily.email
    from cycles
    inner join {{ ref('int_usage_daily') }} as usage_daily
        on
            cycles.team_id = usage_daily.team_id
            and cycles.cycle_start_at = usage_daily.cycle_start_at
            and cycles.as_of_date >= usage_daily.usage_date
    where usage_daily.requests > 0

),

-- As everywhere, the fee is what the cycle bills: the type of its first paid day, the price of its start.
dated as (

    select
        members.*,
        cycles.start_date,
        greatest(cycles.start_date, coalesce(developers.joined_date, cycles.start_date)) as first_paid_date
    from members
    inner join cycles on members.team_id = cycles.team_id and members.as_of_date = cycles.as_of_date
    left join {{ ref('int_developers') }} as developers
        on members.team_id = developers.team_id and members.seat_key = developers.seat_key
    where members.newest_first = 1

),

paid as (

    select
        members.team_id,
        members.as_of_date,
        members.seat_key,
        members.is_removed,
        members.start_date,
        coalesce(seat_types.seat_type, 'standard') as seat_type
    from dated as members
    left join usage_in_cycle
        on
            members.team_id = usage_in_cycle.team_id
            and members.as_of_date = usage_in_cycle.as_of_date
            and members.email = usage_in_cycle.email
    left join {{ ref('int_seat_types') }} as seat_types
        on
            members.team_id = seat_types.team_id
            and members.email = seat_types.email
            and members.first_paid_date >= seat_types.valid_from_date
            and members.first_paid_date < seat_types.valid_until_date
    where
        not members.is_free_owner
        and not members.is_service_account
        and (not members.is_removed or usage_in_cycle.email is not null)
        and coalesce(seat_types.seat_type, 'standard') <> 'unpaid_admin'

)

select
    snapshots.team_id,
    snapshots.as_of_date,
    paid.seat_key,
    paid.is_removed,
    prices.monthly_price_usd as monthly_seat_fee_usd,
    prices.price_source as seat_price_source
from snapshots
left join paid on snapshots.team_id = paid.team_id and snapshots.as_of_date = paid.as_of_date
left join {{ ref('int_seat_prices') }} as prices
    on
        paid.team_id = prices.team_id
        and paid.seat_type = prices.seat_type
        and paid.start_date >= prices.valid_from_date
        and paid.start_date < prices.valid_until_date
