with

cycles as (

    select
        team_id,
        cycle_start_at,
        cycle_end_at,
        is_open_cycle,
        {{ utc_date('cycle_start_at') }} as start_date,
        -- the last day is the day before it, whatever the time of day
        {{ utc_date('cycle_end_at') }} as end_date,
        cycle_days
    from {{ ref('int_billing_cycles') }}
    where has_known_seats

),

snapshots as (

    select
        team_id,
        load_id,
        fetch_started_at as snapshot_at
    from {{ ref('stg_cursor__loads') }}
    where endpoint = 'members'

),

-- The first cycle that a list speaks of; it speaks of every later one and of the open one too, until another list does.
snapshots_of_cycles as (

    select
        snapshots.team_id,
        snapshots.load_id,
        snapshots.snapshot_at,
        coalesce(
            min(case when cycles.cycle_end_at > snapshots.snapshot_at then cycles.cycle_start_at end),
            min(cycles.cycle_start_at)
        ) as first_cycle_start_at
    from snapshots
    inner join cycles
        on
            snapshots.team_id = cycles.team_id
            and (cycles.is_open_cycle or snapshots.snapshot_at < cycles.cycle_end_at)
    group by snapshots.team_id, snapshots.load_id, snapshots.snapshot_at

),

-- Which list is the last to speak of a cycle.
last_snapshots as (

    select
        cycles.team_id,
        cycles.cycle_start_at,
        max(snapshots.snapshot_at) as last_snapshot_at
    from cycles
    inner join snapshots_of_cycles as snapshots
        on
            cycles.team_id = snapshots.team_id
            and (cycles.is_open_cycle or cycles.cycle_start_at >= snapshots.first_cycle_start_at)
    group by cycles.team_id, cycles.cycle_start_at

),

usage_in_cycles as (

    select distinct
        team_id,
        cycle_start_at,
        email
    from {{ ref('int_usage_daily') }}
    where email is not null and requests > 0

),

members as (

    select
        snapshots.first_cycle_start_at,
        snapshots.snapshot_at,
        members.team_id,
        members.load_id,
        members.seat_key,
        members.email,
        members.is_removed,
        members.is_free_owner
    from snapshots_of_cycles as snapshots
    inner join {{ ref('int_members') }} as members
        on snapshots.team_id = members.team_id and snapshots.load_id = members.load_id
    where not members.is_service_account

),

-- A list a day says the same of most people: of each cycle's, the newest that names a person speaks for the cycle. Two
-- steps, because few rows are left to put in an order then.
newest_lists as (

    select
        team_id,
        first_cycle_start_at,
        seat_key,
        max(snapshot_at) as snapshot_at
    from members
    group by team_id, first_cycle_start_at, seat_key

),

newest_in_cycle as (

    select
        members.*,
        row_number() over (
            partition by members.team_id, members.first_cycle_start_at, members.seat_key
            order by members.load_id desc
        ) as newest_first
    from members
    inner join newest_lists
        on
            members.team_id = newest_lists.team_id
            and members.first_cycle_start_at = newest_lists.first_cycle_start_at
            and members.seat_key = newest_lists.seat_key
            and members.snapshot_at = newest_lists.snapshot_at

),

members_of_cycles as (

    select
        cycles.*,
        last_snapshots.last_snapshot_at,
        members.snapshot_at,
        members.seat_key,
        members.email,
        members.is_removed,
        members.is_free_owner,
        row_number() over (
            partition by cycles.team_id, cycles.cycle_start_at, members.seat_key
            order by members.snapshot_at desc, members.load_id desc
        ) as newest_first
    from cycles
    inner join last_snapshots
        on cycles.team_id = last_snapshots.team_id and cycles.cycle_start_at = last_snapshots.cycle_start_at
    inner join newest_in_cycle as members
        on
            cycles.team_id = members.team_id
            and (cycles.is_open_cycle or cycles.cycle_start_at >= members.first_cycle_start_at)
    where members.newest_first = 1

),

held as (

    select
        members.*,
        -- a joiner pays from the day on which the seat was first seen
        case
            when developers.joined_date > members.start_date then least(developers.joined_date, members.end_date)
            else members.start_date
        end as first_paid_date
    from members_of_cycles as members
    inner join {{ ref('int_developers') }} as developers
        on members.team_id = developers.team_id and members.seat_key = developers.seat_key
    left join usage_in_cycles
        on
            members.team_id = usage_in_cycles.team_id
            and members.cycle_start_at = usage_in_cycles.cycle_start_at
            and members.email = usage_in_cycles.email
    where
        members.newest_first = 1
        -- removed or gone after use: billed to the cycle's end
        and (
            (not members.is_removed and members.snapshot_at = members.last_snapshot_at)
            or usage_in_cycles.email is not null
        )

),

-- A downgrade takes effect at the cycle's end, so the type is that of the first paid day.
typed as (

    select
        held.*,
        case
            when held.is_free_owner then 'unpaid_admin'
            else coalesce(seat_types.seat_type, 'standard')
        end as seat_type,
        {{ days_between('first_paid_date', 'end_date') }} as paid_days
    from held
    left join {{ ref('int_seat_types') }} as seat_types
        on
            held.team_id = seat_types.team_id
            and held.email = seat_types.email
            and held.first_paid_date >= seat_types.valid_from_date
            and held.first_paid_date < seat_types.valid_until_date

)

select
    typed.team_id,
    typed.cycle_start_at,
    typed.seat_key,
    typed.email,
    typed.seat_type,
    typed.seat_type <> 'unpaid_admin' as is_paid,
    typed.first_paid_date,
    typed.paid_days,
    typed.cycle_days,
    case
        -- two starts within a day leave a cycle without a day
        when typed.seat_type = 'unpaid_admin' or typed.cycle_days = 0 then cast(0 as decimal(38, 8))
        when typed.paid_days = typed.cycle_days then cast(prices.monthly_price_usd as decimal(38, 8))
        else {{ prorated_usd('prices.monthly_price_usd', 'typed.paid_days', 'typed.cycle_days') }}
    end as seat_fee_usd,
    case when typed.seat_type <> 'unpaid_admin' then prices.price_source end as seat_price_source
from typed
left join {{ ref('int_seat_prices') }} as prices
    on
        typed.team_id = prices.team_id
        and typed.seat_type = prices.seat_type
        and typed.start_date >= prices.valid_from_date
        and typed.start_date < prices.valid_until_date
