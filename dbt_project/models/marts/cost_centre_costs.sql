with

cycles as (

    select
        team_costs.team_id,
        team_costs.cycle_start_at,
        cycles.has_known_seats
    from {{ ref('team_costs') }} as team_costs
    inner join {{ ref('int_billing_cycles') }} as cycles
        on team_costs.team_id = cycles.team_id and team_costs.cycle_start_at = cycles.cycle_start_at

),

usage_days as (

    select
        team_id,
        cycle_start_at,
        usage_date as cost_date,
        email,
        {{ cost_amounts() }},
        {{ sum_count('requests') }} as requests
    from {{ ref('int_usage_daily') }}
    where requests > 0
    group by team_id, cycle_start_at, usage_date, email

),

-- A seat of no days has no day to pay for, but a fee all the same: 0, or unknown where its price is.
fee_days as (

    select
        team_id,
        cycle_start_at,
        fee_date as cost_date,
        email,
        seat_fee_usd
    from {{ ref('seat_fees_daily') }}
    union all
    select
        team_id,
        cycle_start_at,
        first_paid_date as cost_date,
        email,
        seat_fee_usd
    from {{ ref('int_seat_fees') }}
    where is_paid and paid_days = 0

),

days as (

    select
        team_id,
        cycle_start_at,
        cost_date,
        email,
        false as is_fee,
        cast(null as decimal(38, 8)) as seat_fee_usd,
        included_usage_usd,
        on_demand_usd,
        usage_value_usd,
        other_usage_usd,
        requests
    from usage_days
    union all
    select
        team_id,
        cycle_start_at,
        cost_date,
        email,
        true as is_fee,
        seat_fee_usd,
        0 as included_usage_usd,
        0 as on_demand_usd,
        0 as usage_value_usd,
        0 as other_usage_usd,
        0 as requests
    from fee_days

),

-- Usage and fees stay with the centre of their day, whatever the person's is now.
placed as (

    select
        days.*,
        coalesce(centres.cost_centre, 'unassigned') as cost_centre
    from days
    left join {{ ref('int_cost_centres') }} as centres
        on
            days.team_id = centres.team_id
            and days.email = centres.email
            and days.cost_date >= centres.valid_from_date
            and days.cost_date < centres.valid_until_date

),

sums as (

    select
        team_id,
        cycle_start_at,
        cost_centre,
        count(distinct case when requests > 0 then email end) as developers,
        {{ sum_count('case when is_fee and seat_fee_usd is null then 1 end') }} as unknown_fees,
        {{ sum_usd('seat_fee_usd') }} as seat_fee_usd,
        {{ sum_usd('included_usage_usd') }} as included_usage_usd,
        {{ sum_usd('on_demand_usd') }} as on_demand_usd,
        {{ sum_usd('usage_value_usd') }} as usage_value_usd,
        {{ sum_usd('other_usage_usd') }} as other_usage_usd,
        {{ sum_count('requests') }} as requests
    from placed
    group by team_id, cycle_start_at, cost_centre

),

rows_to_show as (

    select
        team_id,
        cycle_start_at,
        cost_centre
    from sums
    union
    select
        team_id,
        cycle_start_at,
        'unassigned' as cost_centre
    from cycles

),

with_fees as (

    select
        rows_to_show.team_id,
        rows_to_show.cycle_start_at,
        rows_to_show.cost_centre,
        coalesce(sums.developers, 0) as developers,
        case
            when cycles.has_known_seats and coalesce(sums.unknown_fees, 0) = 0 then coalesce(sums.seat_fee_usd, 0)
        end as seat_fee_usd,
        coalesce(sums.included_usage_usd, 0) as included_usage_usd,
        coalesce(sums.on_demand_usd, 0) as on_demand_usd,
        coalesce(sums.usage_value_usd, 0) as usage_value_usd,
        coalesce(sums.other_usage_usd, 0) as other_usage_usd,
        coalesce(sums.requests, 0) as requests
    from rows_to_show
    inner join cycles
        on rows_to_show.team_id = cycles.team_id and rows_to_show.cycle_start_at = cycles.cycle_start_at
    left join sums
        on
            rows_to_show.team_id = sums.team_id
            and rows_to_show.cycle_start_at = sums.cycle_start_at
            and rows_to_show.cost_centre = sums.cost_centre

)

select
    team_id,
    cycle_start_at,
    cost_centre,
    cast(developers as bigint) as developers,
    cast(seat_fee_usd as decimal(38, 8)) as seat_fee_usd,
    cast(included_usage_usd as decimal(38, 8)) as included_usage_usd,
    cast(on_demand_usd as decimal(38, 8)) as on_demand_usd,
    cast(seat_fee_usd + on_demand_usd as decimal(38, 8)) as cash_cost_usd,
    cast(usage_value_usd as decimal(38, 8)) as usage_value_usd,
    cast(other_usage_usd as decimal(38, 8)) as other_usage_usd,
    cast(requests as bigint) as requests
from with_fees
