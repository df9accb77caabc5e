-- A premium seat saves no more than the on-demand usage there is, a standard one no more than the prices differ by.
select
    team_id,
    seat_key,
    seat_type,
    advised_seat_type,
    monthly_saving_usd
from {{ ref('seat_type_advice') }}
where
    (advised_seat_type = seat_type and monthly_saving_usd <> 0)
    or monthly_saving_usd < 0
    or (
        seat_type = 'standard'
        and advised_seat_type = 'premium'
        and monthly_saving_usd > average_on_demand_usd - break_even_on_demand_usd + 0.01
    )
    or (
        seat_type = 'premium'
        and advised_seat_type = 'standard'
        and monthly_saving_usd > break_even_on_demand_usd
    )
