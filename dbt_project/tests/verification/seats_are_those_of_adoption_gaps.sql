with

seats as (

    select
        team_id,
        count(*) as paid_seats,
        sum(case when is_adoption_gap then 1 else 0 end) as gaps,
        sum(monthly_seat_fee_usd) as monthly_seat_fee_usd
    from {{ ref('adoption_gaps') }}
    group by team_id

)

select
    totals.team_id,
    totals.measure,
    totals.warehouse_value
from {{ ref('verification_totals') }} as totals
left join seats on totals.team_id = seats.team_id
where
    totals.reference_source is null
    and totals.warehouse_value <> case totals.measure
        when 'paid_seats' then coalesce(seats.paid_seats, 0)
        when 'paid_seats_without_activity' then coalesce(seats.gaps, 0)
        when 'monthly_seat_fee_usd' then coalesce(seats.monthly_seat_fee_usd, 0)
    end
