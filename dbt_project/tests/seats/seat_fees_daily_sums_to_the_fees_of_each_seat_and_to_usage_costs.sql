with

days as (

    select
        team_id,
        cycle_start_at,
        seat_key,
        email,
        count(*) as paid_days,
        case when count(seat_fee_usd) = count(*) then sum(seat_fee_usd) end as seat_fee_usd
    from {{ ref('seat_fees_daily') }}
    group by team_id, cycle_start_at, seat_key, email

),

fees as (

    select * from {{ ref('int_seat_fees') }}
    where is_paid and paid_days > 0

),

by_seat as (

    select
        coalesce(fees.team_id, days.team_id) as team_id,
        coalesce(fees.cycle_start_at, days.cycle_start_at) as cycle_start_at,
        coalesce(fees.seat_key, days.seat_key) as whose,
        fees.seat_fee_usd as said_usd,
        days.seat_fee_usd as by_day_usd,
        coalesce(fees.paid_days, 0) - coalesce(days.paid_days, 0) as missing_days
    from fees
    full outer join days
        on
            fees.team_id = days.team_id
            and fees.cycle_start_at = days.cycle_start_at
            and fees.seat_key = days.seat_key

),

-- The other way round: what the mart of costs says of each person, also of those who share its row without an e-mail.
days_of_people as (

    select
        team_id,
        cycle_start_at,
        email,
        case when count(seat_fee_usd) = count(*) then sum(seat_fee_usd) end as seat_fee_usd
    from days
    group by team_id, cycle_start_at, email

),

by_person as (

    select
        costs.team_id,
        costs.cycle_start_at,
        coalesce(costs.email, 'no e-mail') as whose,
        costs.seat_fee_usd as said_usd,
        days.seat_fee_usd as by_day_usd,
        0 as missing_days
    from {{ ref('usage_costs') }} as costs
    inner join days_of_people as days
        on
            costs.team_id = days.team_id
            and costs.cycle_start_at = days.cycle_start_at
            and coalesce(costs.email, '') = coalesce(days.email, '')

),

days_of_teams as (

    select
        team_id,
        cycle_start_at,
        sum(seat_fee_usd) as seat_fee_usd
    from days
    group by team_id, cycle_start_at

),

by_team as (

    select
        costs.team_id,
        costs.cycle_start_at,
        'team' as whose,
        sum(costs.seat_fee_usd) as said_usd,
        max(days.seat_fee_usd) as by_day_usd,
        0 as missing_days
    from {{ ref('usage_costs') }} as costs
    left join days_of_teams as days
        on costs.team_id = days.team_id and costs.cycle_start_at = days.cycle_start_at
    group by costs.team_id, costs.cycle_start_at

)

select * from by_seat
where missing_days <> 0 or said_usd is distinct from by_day_usd
union all
select * from by_person
where said_usd is distinct from by_day_usd
union all
select * from by_team
where coalesce(said_usd, 0) <> coalesce(by_day_usd, 0)
