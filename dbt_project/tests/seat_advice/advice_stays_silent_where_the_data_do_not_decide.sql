select
    team_id,
    seat_key,
    seat_type,
    advised_seat_type,
    monthly_saving_usd
from {{ ref('seat_type_advice') }}
where
    (advised_seat_type is null and monthly_saving_usd is not null)
    or (
        advised_seat_type <> 'none'
        and (
            cycles_used < {{ var('seat_advice_min_cycles') }}
            or allowance_usd is null
            or break_even_on_demand_usd is null
            or monthly_saving_usd is null
        )
    )
    or (seat_type = 'premium' and allowance_source = 'observed')
