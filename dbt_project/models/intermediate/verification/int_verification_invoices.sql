with

cycles as (

    select
        *,
        {{ utc_date('cycle_start_at') }} as start_date,
        {{ utc_date(dbt.dateadd('microsecond', -1, 'cycle_end_at')) }} as end_date
    from {{ ref('int_billing_cycles') }}

),

-- A cycle that started an hour off its day of the month is followed by one of the same day: that one is billed.
cycles_by_start_date as (

    select
        cycles.*,
        -- a cycle is over once a later one is open
        coalesce(cycles.cycle_start_at < open_cycles.cycle_start_at, false) as is_closed,
        row_number() over (
            partition by cycles.team_id, cycles.start_date order by cycles.cycle_start_at desc
        ) as last_of_day_first
    from cycles
    left join cycles as open_cycles on cycles.team_id = open_cycles.team_id and open_cycles.is_open_cycle

),

invoices as (

    select
        teams.team_id,
        invoices.cycle_start_date,
        invoices.seat_fees_usd,
        invoices.on_demand_usd,
        invoices.credits_usd,
        invoices.tax_usd,
        invoices.team_id is not null as has_invoice
    from {{ ref('int_teams') }} as teams
    left join {{ ref('invoices') }} as invoices on teams.team_id = {{ trimmed('invoices.team_id') }}

),

newest_closed_cycles as (

    select
        team_id,
        max(start_date) as cycle_start_date
    from cycles_by_start_date
    where is_closed
    group by team_id

),

-- Without an invoice, what the next one should say is that of the newest closed cycle.
wanted as (

    select
        invoices.*,
        coalesce(invoices.cycle_start_date, newest_closed_cycles.cycle_start_date) as start_date
    from invoices
    left join newest_closed_cycles on invoices.team_id = newest_closed_cycles.team_id

),

fees as (

    select
        team_id,
        cycle_start_at,
        sum(seat_fee_usd) as seat_fees_usd,
        sum(case when seat_fee_usd is null then 1 else 0 end) as seats_without_price
    from {{ ref('int_seat_fees') }}
    where is_paid
    group by team_id, cycle_start_at

)

select
    wanted.team_id,
    wanted.has_invoice,
    wanted.start_date,
    cycles.end_date,
    cycles.cycle_start_at,
    wanted.seat_fees_usd,
    wanted.on_demand_usd,
    wanted.credits_usd,
    wanted.tax_usd,
    case
        when cycles.has_known_seats and coalesce(fees.seats_without_price, 0) = 0
            then coalesce(fees.seat_fees_usd, 0)
    end as warehouse_seat_fees_usd,
    case
        when wanted.has_invoice and cycles.cycle_start_at is null
            then 'no billing cycle starts on ' || {{ as_text('wanted.start_date') }}
        when not cycles.is_closed then 'the billing cycle of ' || {{ as_text('wanted.start_date') }} || ' is not over'
    end as cycle_problem,
    case
        when not cycles.has_known_seats then 'no members list of that cycle is loaded'
        when fees.seats_without_price > 0
            then {{ counted('fees.seats_without_price', 'seat has no price', 'seats have no price') }}
    end as fees_problem
from wanted
left join cycles_by_start_date as cycles
    on
        wanted.team_id = cycles.team_id
        and wanted.start_date = cycles.start_date
        and cycles.last_of_day_first = 1
left join fees on cycles.team_id = fees.team_id and cycles.cycle_start_at = fees.cycle_start_at
