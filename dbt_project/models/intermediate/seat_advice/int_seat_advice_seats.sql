with

-- Prices and allowances are those of the open cycle's start, as its seat fees are.
seats as (

    select
        gaps.team_id,
        gaps.seat_key,
        gaps.email,
        gaps.seat_type,
        gaps.monthly_seat_fee_usd,
        gaps.activity_status = 'removed' as is_removed,
        coalesce(gaps.reclaim_tier in ('certain', 'probable'), false) as is_reclaimable,
        {{ utc_date('cycles.cycle_start_at') }} as start_date
    from {{ ref('adoption_gaps') }} as gaps
    inner join {{ ref('int_billing_cycles') }} as cycles on gaps.team_id = cycles.team_id
    where cycles.is_open_cycle

),

-- With on-demand usage, the included part went as far as it could.
observed_allowances as (

    select
        team_id,
        seat_key,
        max(included_usage_usd) as allowance_usd
    from {{ ref('int_seat_advice_cycles') }}
    where seat_type = 'standard' and on_demand_usd > 0
    group by team_id, seat_key

),

with_facts as (

    select
        seats.*,
        standard_prices.monthly_price_usd as standard_price_usd,
        premium_prices.monthly_price_usd as premium_price_usd,
        coalesce(standard_allowances.is_pooled, false) or coalesce(premium_allowances.is_pooled, false)
            as is_pooled,
        standard_allowances.monthly_allowance_usd as configured_standard_usd,
        premium_allowances.monthly_allowance_usd as configured_premium_usd,
        case when seats.seat_type = 'standard' then observed_allowances.allowance_usd end as observed_standard_usd
    from seats
    {% for seat_type in ['standard', 'premium'] %}
        left join {{ ref('int_seat_prices') }} as {{ seat_type }}_prices
            on
                seats.team_id = {{ seat_type }}_prices.team_id
                and seats.start_date >= {{ seat_type }}_prices.valid_from_date
                and seats.start_date < {{ seat_type }}_prices.valid_until_date
                and {{ seat_type }}_prices.seat_type = '{{ seat_type }}'
        left join {{ ref('int_seat_allowances') }} as {{ seat_type }}_allowances
            on
                seats.team_id = {{ seat_type }}_allowances.team_id
                and seats.start_date >= {{ seat_type }}_allowances.valid_from_date
                and seats.start_date < {{ seat_type }}_allowances.valid_until_date
                and {{ seat_type }}_allowances.seat_type = '{{ seat_type }}'
    {% endfor %}
    left join observed_allowances
        on seats.team_id = observed_allowances.team_id and seats.seat_key = observed_allowances.seat_key

),

-- Of a pool nobody has a part of their own.
with_allowance as (

    select
        with_facts.*,
        case when not is_pooled then coalesce(configured_standard_usd, observed_standard_usd) end as allowance_usd,
        case
            when is_pooled then null
            when configured_standard_usd is not null then 'configured'
            when observed_standard_usd is not null then 'observed'
        end as allowance_source
    from with_facts

)

select
    team_id,
    seat_key,
    email,
    seat_type,
    monthly_seat_fee_usd,
    is_removed,
    is_reclaimable,
    is_pooled,
    allowance_usd,
    allowance_source,
    cast(
        coalesce(configured_premium_usd, allowance_usd * {{ var('premium_allowance_multiple') }}) as decimal(38, 8)
    ) as premium_allowance_usd,
    cast(premium_price_usd - standard_price_usd as decimal(38, 8)) as price_difference_usd
from with_allowance
