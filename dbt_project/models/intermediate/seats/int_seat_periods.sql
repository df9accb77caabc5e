with

listings as (

    select * from {{ ref('int_seat_listings') }}

),

cycles as (

    select * from {{ ref('int_seat_cycles') }}

),

seat_types as (

    select * from {{ ref('int_seat_types') }}

),

prices as (

    select * from {{ ref('int_seat_prices') }}

),

people as (

    select
        team_id,
        seat_key,
        max(email) as email,
        min(valid_from_date) as first_date,
        max(valid_until_date) as end_date
    from listings
    group by team_id, seat_key

),

-- Use keeps the seat of somebody who was removed to the cycle's end.
first_uses as (

    select
        team_id,
        email,
        cycle_start_at,
        min(usage_date) as first_use_date
    from {{ ref('int_usage_daily') }}
    where email is not null and requests > 0
    group by team_id, email, cycle_start_at

),

dates_of_teams as (

    select
        team_id,
        from_date as change_date
    from cycles
    union
    select
        team_id,
        valid_from_date as change_date
    from prices

),

dates_of_people as (

    select
        team_id,
        email,
        first_use_date as change_date
    from first_uses
    union
    select
        team_id,
        email,
        valid_from_date as change_date
    from seat_types

),

-- Every day on which anything may change of a person; between two of them all days are alike.
changes as (

    select
        team_id,
        seat_key,
        valid_from_date as change_date
    from listings
    union
    select
        people.team_id,
        people.seat_key,
        dates_of_teams.change_date
    from people
    inner join dates_of_teams
        on
            people.team_id = dates_of_teams.team_id
            and people.first_date < dates_of_teams.change_date
            and people.end_date > dates_of_teams.change_date
    union
    select
        people.team_id,
        people.seat_key,
        dates_of_people.change_date
    from people
    inner join dates_of_people
        on
            people.team_id = dates_of_people.team_id
            and people.email = dates_of_people.email
            and people.first_date < dates_of_people.change_date
            and people.end_date > dates_of_people.change_date

),

periods as (

    select
        changes.team_id,
        changes.seat_key,
        changes.change_date as valid_from_date,
        coalesce(
            lead(changes.change_date) over (
                partition by changes.team_id, changes.seat_key order by changes.change_date
            ),
            people.end_date
        ) as valid_until_date
    from changes
    inner join people on changes.team_id = people.team_id and changes.seat_key = people.seat_key

),

in_cycles as (

    select
        periods.*,
        listings.email,
        listings.name,
        listings.role,
        listings.is_removed,
        listings.is_free_owner,
        coalesce(first_uses.first_use_date <= periods.valid_from_date, false) as is_used_in_cycle,
        -- the day whose type a cycle is billed at
        greatest(
            coalesce(cycles.start_date, periods.valid_from_date),
            coalesce(developers.joined_date, cycles.start_date, periods.valid_from_date)
        ) as billing_date
    from periods
    inner join listings
        on
            periods.team_id = listings.team_id
            and periods.seat_key = listings.seat_key
            and periods.valid_from_date >= listings.valid_from_date
            and periods.valid_from_date < listings.valid_until_date
    inner join {{ ref('int_developers') }} as developers
        on periods.team_id = developers.team_id and periods.seat_key = developers.seat_key
    left join cycles
        on
            periods.team_id = cycles.team_id
            and periods.valid_from_date >= cycles.from_date
            and periods.valid_from_date < cycles.until_date
    left join first_uses
        on
            cycles.team_id = first_uses.team_id
            and cycles.cycle_start_at = first_uses.cycle_start_at
            and listings.email = first_uses.email

),

-- The type of the day; but whether a seat is paid at all is settled when its cycle begins.
typed as (

    select
        in_cycles.*,
        case
            when in_cycles.is_free_owner then 'unpaid_admin'
            when
                'unpaid_admin' in (types_of_day.seat_type, types_of_cycle.seat_type)
                then coalesce(types_of_cycle.seat_type, 'standard')
            else coalesce(types_of_day.seat_type, 'standard')
        end as seat_type
    from in_cycles
    left join seat_types as types_of_day
        on
            in_cycles.team_id = types_of_day.team_id
            and in_cycles.email = types_of_day.email
            and in_cycles.valid_from_date >= types_of_day.valid_from_date
            and in_cycles.valid_from_date < types_of_day.valid_until_date
    left join seat_types as types_of_cycle
        on
            in_cycles.team_id = types_of_cycle.team_id
            and in_cycles.email = types_of_cycle.email
            and in_cycles.billing_date >= types_of_cycle.valid_from_date
            and in_cycles.billing_date < types_of_cycle.valid_until_date

),

paid as (

    select
        *,
        seat_type <> 'unpaid_admin' and (not is_removed or is_used_in_cycle) as is_paid
    from typed

)

select
    paid.team_id,
    paid.seat_key,
    paid.email,
    paid.name,
    paid.role,
    paid.seat_type,
    paid.is_paid,
    paid.is_removed,
    case when paid.is_paid then prices.monthly_price_usd end as monthly_price_usd,
    case when paid.is_paid then prices.price_source end as seat_price_source,
    paid.valid_from_date,
    paid.valid_until_date
from paid
left join prices
    on
        paid.team_id = prices.team_id
        and paid.seat_type = prices.seat_type
        and paid.valid_from_date >= prices.valid_from_date
        and paid.valid_from_date < prices.valid_until_date
