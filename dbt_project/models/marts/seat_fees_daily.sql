{{ config(materialized='table_in_parts', parts='cycle_start_at') }}

with

fees as (

    select
        *,
        {{ integer_quotient('cast(seat_fee_usd * 100000000 as bigint)', '1000000') }} as whole_cents
    from {{ ref('int_seat_fees') }}
    where is_paid

),

-- A cycle is a month and at most a week longer, where its start was seen off its day.
numbers as (

    select cast(generated_number as integer) as paid_day
    from ({{ dbt.generate_series(64) }}) as numbers

),

-- How many whole cents are over by each day, and with the day before, floors differ by at most a cent.
days as (

    select
        fees.team_id,
        {{ days_after('fees.first_paid_date', 'numbers.paid_day - 1') }} as fee_date,
        fees.cycle_start_at,
        fees.seat_key,
        fees.email,
        fees.seat_type,
        fees.seat_fee_usd,
        fees.seat_price_source,
        fees.whole_cents,
        {{ integer_quotient('fees.whole_cents * numbers.paid_day', 'fees.paid_days') }} as cents_to_this_day,
        {{ integer_quotient('fees.whole_cents * (numbers.paid_day - 1)', 'fees.paid_days') }} as cents_before_this_day,
        numbers.paid_day = fees.paid_days as is_last_day
    from fees
    inner join numbers on fees.paid_days >= numbers.paid_day

)

select
    days.team_id,
    days.fee_date,
    days.cycle_start_at,
    days.seat_key,
    days.email,
    days.seat_type,
    cast(
        (days.cents_to_this_day - days.cents_before_this_day) * 0.01
        -- what a price has below a cent
        + case when days.is_last_day then days.seat_fee_usd - days.whole_cents * 0.01 else 0 end
        as decimal(38, 8)
    ) as seat_fee_usd,
    days.seat_price_source,
    coalesce(days.fee_date <= teams.newest_loaded_date, false) as is_accrued
from days
inner join {{ ref('int_teams') }} as teams on days.team_id = teams.team_id
