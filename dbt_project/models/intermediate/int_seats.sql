with

teams as (

    select
        team_id,
        members_load_id
    from {{ ref('int_teams') }}

),

open_cycles as (

    select
        team_id,
        cycle_start_at,
        {{ utc_date('cycle_start_at') }} as start_date
    from {{ ref('int_billing_cycles') }}
    where is_open_cycle

),

-- Everybody who was ever listed, as the newest list that names them says. Two steps: of a list a day, few rows are left
-- to put in an order.
newest_lists as (

    select
        team_id,
        seat_key,
        max(snapshot_at) as snapshot_at
    from {{ ref('int_members') }}
    group by team_id, seat_key

),

-- Who is absent from the newest list of all is removed.
members as (

    select
        members.team_id,
        members.seat_key,
        members.email,
        members.name,
        members.role,
        members.is_free_owner,
        members.is_service_account,
        members.is_removed or members.load_id <> teams.members_load_id as is_removed,
        row_number() over (
            partition by members.team_id, members.seat_key order by members.load_id desc
        ) as newest_first
    from {{ ref('int_members') }} as members
    inner join newest_lists
        on
            members.team_id = newest_lists.team_id
            and members.seat_key = newest_lists.seat_key
            and members.snapshot_at = newest_lists.snapshot_at
    inner join teams on members.team_id = teams.team_id

),

-- Removed after having used anything in the open cycle: the seat is billed to the cycle's end.
usage_in_open_cycle as (

    select distinct
        usage_daily.team_id,
        usage_daily.email
    from {{ ref('int_usage_daily') }} as usage_daily
    inner join open_cycles
        on usage_daily.team_id = open_cycles.team_id and usage_daily.cycle_start_at = open_cycles.cycle_start_at
    where usage_daily.requests > 0

),

-- The fee is what the open cycle bills: the type of its first paid day, the price of its start.
dated as (

    select
        members.*,
        open_cycles.start_date,
        developers.first_seen_date,
        developers.is_tenure_known,
        greatest(open_cycles.start_date, coalesce(developers.joined_date, open_cycles.start_date)) as first_paid_date,
        usage_in_open_cycle.email is not null as has_request_in_open_cycle
    from members
    inner join open_cycles on members.team_id = open_cycles.team_id
    inner join {{ ref('int_developers') }} as developers
        on members.team_id = developers.team_id and members.seat_key = developers.seat_key
    left join usage_in_open_cycle
        on members.team_id = usage_in_open_cycle.team_id and members.email = usage_in_open_cycle.email
    where members.newest_first = 1

),

typed as (

    select
        dated.*,
        case
            when dated.is_service_account then null
            when dated.is_free_owner then 'unpaid_admin'
            else coalesce(seat_types.seat_type, 'standard')
        end as seat_type
    from dated
    left join {{ ref('int_seat_types') }} as seat_types
        on
            dated.team_id = seat_types.team_id
            and dated.email = seat_types.email
            and dated.first_paid_date >= seat_types.valid_from_date
            and dated.first_paid_date < seat_types.valid_until_date

),

seats as (

    select
        typed.*,
        coalesce(typed.seat_type <> 'unpaid_admin', false)
        and (not typed.is_removed or typed.has_request_in_open_cycle) as is_paid
    from typed

)

select
    seats.team_id,
    seats.seat_key,
    seats.email,
    seats.name,
    seats.role,
    seats.seat_type,
    seats.is_removed,
    seats.is_service_account,
    seats.is_paid,
    case
        when seats.is_paid then cast(prices.monthly_price_usd as decimal(38, 8))
        else cast(0 as decimal(38, 8))
    end as monthly_seat_fee_usd,
    case when seats.is_paid then prices.price_source end as seat_price_source,
    seats.first_seen_date,
    seats.is_tenure_known
from seats
left join {{ ref('int_seat_prices') }} as prices
    on
        seats.team_id = prices.team_id
        and seats.seat_type = prices.seat_type
        and seats.start_date >= prices.valid_from_date
        and seats.start_date < prices.valid_until_date
