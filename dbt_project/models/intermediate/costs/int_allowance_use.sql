with

included_usage as (

    select
        team_id,
        cycle_start_at,
        email,
        {{ sum_usd('amount_usd') }} as included_usage_usd
    from {{ ref('int_usage_daily') }}
    where category = 'included'
    group by team_id, cycle_start_at, email

),

-- A seat has its whole allowance, a joiner's too. Unattributed usage is nobody's: it uses no seat's own allowance.
paid_seats as (

    select
        fees.team_id,
        fees.cycle_start_at,
        fees.seat_type,
        allowances.monthly_allowance_usd as allowance_usd,
        coalesce(allowances.is_pooled, false) as is_pooled,
        coalesce(included_usage.included_usage_usd, 0) as included_usage_usd
    from {{ ref('int_seat_fees') }} as fees
    left join {{ ref('int_seat_allowances') }} as allowances
        on
            fees.team_id = allowances.team_id
            and fees.seat_type = allowances.seat_type
            and {{ utc_date('fees.cycle_start_at') }} >= allowances.valid_from_date
            and {{ utc_date('fees.cycle_start_at') }} < allowances.valid_until_date
    left join included_usage
        on
            fees.team_id = included_usage.team_id
            and fees.cycle_start_at = included_usage.cycle_start_at
            and fees.email = included_usage.email
    where fees.is_paid

),

by_cycle as (

    select
        team_id,
        cycle_start_at,
        count(*) as paid_seats,
        {{ sum_count('case when is_pooled then 1 end') }} as pooled_seats,
        {{ sum_count('case when allowance_usd is null then 1 end') }} as seats_of_unknown_allowance,
        min(case when allowance_usd is null then seat_type end) as first_unknown_seat_type,
        max(case when allowance_usd is null then seat_type end) as last_unknown_seat_type,
        {{ sum_usd('allowance_usd') }} as allowance_usd,
        {{ sum_usd('case when is_pooled then allowance_usd end') }} as pooled_allowance_usd,
        {{ sum_usd('case when not is_pooled then included_usage_usd end') }} as included_usage_of_own_usd,
        {{ sum_usd('case when not is_pooled then least(included_usage_usd, allowance_usd) end') }} as used_of_own_usd
    from paid_seats
    group by team_id, cycle_start_at

),

team_usage as (

    select
        team_id,
        cycle_start_at,
        {{ sum_usd('included_usage_usd') }} as included_usage_usd
    from included_usage
    group by team_id, cycle_start_at

)

-- A pool is used by whatever the seats with an allowance of their own did not use.
select
    cycles.team_id,
    cycles.cycle_start_at,
    coalesce(by_cycle.paid_seats, 0) as paid_seats,
    coalesce(by_cycle.pooled_seats, 0) as pooled_seats,
    by_cycle.first_unknown_seat_type,
    by_cycle.last_unknown_seat_type,
    case when coalesce(by_cycle.seats_of_unknown_allowance, 0) = 0 then coalesce(by_cycle.allowance_usd, 0) end
        as allowance_usd,
    case
        when coalesce(by_cycle.seats_of_unknown_allowance, 0) > 0 then null
        when coalesce(by_cycle.pooled_seats, 0) = 0 then coalesce(by_cycle.used_of_own_usd, 0)
        else
            by_cycle.used_of_own_usd
            + least(
                by_cycle.pooled_allowance_usd,
                coalesce(team_usage.included_usage_usd, 0) - by_cycle.included_usage_of_own_usd
            )
    end as allowance_used_usd
from {{ ref('int_billing_cycles') }} as cycles
left join by_cycle on cycles.team_id = by_cycle.team_id and cycles.cycle_start_at = by_cycle.cycle_start_at
left join team_usage on cycles.team_id = team_usage.team_id and cycles.cycle_start_at = team_usage.cycle_start_at
where cycles.has_known_seats
