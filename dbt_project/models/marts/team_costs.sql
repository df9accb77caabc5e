with

costs as (

    select
        team_id,
        cycle_start_at,
        cycle_end_at,
        is_open_cycle,
        is_fully_covered,
        case when count(seat_fee_usd) = count(*) then {{ sum_usd('seat_fee_usd') }} end as seat_fee_usd,
        -- one assumed price makes the sum an assumed one
        min(seat_price_source) as seat_price_source,
        {{ sum_usd('included_usage_usd') }} as included_usage_usd,
        {{ sum_usd('on_demand_usd') }} as on_demand_usd,
        case when count(cash_cost_usd) = count(*) then {{ sum_usd('cash_cost_usd') }} end as cash_cost_usd,
        {{ sum_usd('usage_value_usd') }} as usage_value_usd,
        {{ sum_usd('other_usage_usd') }} as other_usage_usd,
        {{ sum_count('requests') }} as requests,
        {{ sum_count('case when email is not null and requests > 0 then 1 end') }} as active_developers
    from {{ ref('usage_costs') }}
    group by team_id, cycle_start_at, cycle_end_at, is_open_cycle, is_fully_covered

),

with_allowances as (

    select
        costs.*,
        allowances.paid_seats,
        allowances.pooled_seats,
        allowances.first_unknown_seat_type,
        allowances.last_unknown_seat_type,
        allowances.allowance_usd,
        allowances.allowance_used_usd
    from costs
    left join {{ ref('int_allowance_use') }} as allowances
        on costs.team_id = allowances.team_id and costs.cycle_start_at = allowances.cycle_start_at

)

select
    team_id,
    cycle_start_at,
    cycle_end_at,
    is_open_cycle,
    is_fully_covered,
    cast(paid_seats as bigint) as paid_seats,
    seat_fee_usd,
    seat_price_source,
    included_usage_usd,
    on_demand_usd,
    cash_cost_usd,
    usage_value_usd,
    other_usage_usd,
    requests,
    active_developers,
    {{ divided_usd('cash_cost_usd', 'active_developers') }} as cash_cost_per_active_developer_usd,
    {{ divided_usd('cash_cost_usd', 'paid_seats') }} as cash_cost_per_paid_seat_usd,
    {{ share('on_demand_usd', 'usage_value_usd') }} as on_demand_share,
    cast(allowance_usd as decimal(38, 8)) as allowance_usd,
    cast(allowance_used_usd as decimal(38, 8)) as allowance_used_usd,
    {{ share('allowance_used_usd', 'allowance_usd') }} as allowance_used_share,
    -- what is left is lost when a cycle ends, and what was used is known when all of it is loaded
    cast(
        case when is_fully_covered and not is_open_cycle then allowance_usd - allowance_used_usd end as decimal(38, 8)
    ) as allowance_forfeited_usd,
    case
        when paid_seats is null then 'Nobody knows who held a seat: the cycle ended before the first members list.'
        when paid_seats = 0 then 'Without a paid seat there is no allowance.'
        when allowance_usd is null
            then
                'What the fee of a ' || first_unknown_seat_type
                || case
                    when last_unknown_seat_type <> first_unknown_seat_type then ' or ' || last_unknown_seat_type else ''
                end
                || ' seat covers is not known: Cursor publishes no amount, and seat_allowances.csv has none for the '
                || 'cycle''s start.'
        else
            case
                when pooled_seats = 0 then 'Each seat has an allowance of its own: what one leaves is no other''s.'
                when pooled_seats = paid_seats then 'The seats share one pool.'
                else
                    {{ count_as_text('pooled_seats') }} || ' of ' || {{ count_as_text('paid_seats') }}
                    || ' seats share a pool, the others have an allowance of their own each.'
            end
            || case
                when is_open_cycle then ' The cycle is open: what is left can still be used.'
                when not is_fully_covered
                    then ' Not every day of the cycle is loaded, so how much was forfeited is not known.'
                else ''
            end
    end as allowance_note
from with_allowances
