with

seats as (

    select * from {{ ref('int_seat_advice_seats') }}

),

-- What the other type of seat would have changed in a cycle with this one: on-demand usage that a premium seat would
-- have covered, and included usage that a standard seat would have made on-demand.
cycles as (

    select
        seats.team_id,
        seats.seat_key,
        cycles.on_demand_usd,
        cycles.included_usage_usd,
        cycles.on_demand_usd - greatest(cycles.usage_value_usd - seats.premium_allowance_usd, 0) as covered_usd,
        greatest(cycles.included_usage_usd - seats.allowance_usd, 0) as uncovered_usd
    from seats
    inner join {{ ref('int_seat_advice_cycles') }} as cycles
        on
            seats.team_id = cycles.team_id
            and seats.seat_key = cycles.seat_key
            and seats.seat_type = cycles.seat_type

),

sums as (

    select
        team_id,
        seat_key,
        count(*) as cycles_used,
        {{ sum_usd('on_demand_usd') }} as on_demand_usd,
        {{ sum_usd('included_usage_usd') }} as included_usage_usd,
        {{ sum_usd('covered_usd') }} as covered_usd,
        {{ sum_usd('uncovered_usd') }} as uncovered_usd,
        min(covered_usd) as least_covered_usd,
        max(uncovered_usd) as most_uncovered_usd
    from cycles
    group by team_id, seat_key

),

counted as (

    select
        seats.*,
        coalesce(sums.cycles_used, 0) as cycles_used,
        sums.on_demand_usd,
        sums.included_usage_usd,
        sums.covered_usd,
        sums.uncovered_usd,
        sums.least_covered_usd,
        sums.most_uncovered_usd
    from seats
    left join sums on seats.team_id = sums.team_id and seats.seat_key = sums.seat_key

),

-- Another type only where it would have been cheaper in each cycle, not just on average.
advised as (

    select
        counted.*,
        case
            when is_reclaimable then 'none'
            when
                is_removed
                or price_difference_usd is null
                or allowance_usd is null
                or cycles_used < {{ var('seat_advice_min_cycles') }}
                then null
            when seat_type = 'standard' and least_covered_usd > price_difference_usd then 'premium'
            when
                seat_type = 'premium'
                and allowance_source = 'configured'
                and most_uncovered_usd < price_difference_usd
                then 'standard'
            else seat_type
        end as advised_seat_type
    from counted

)

select
    team_id,
    seat_key,
    email,
    seat_type,
    monthly_seat_fee_usd,
    advised_seat_type,
    case
        when advised_seat_type = 'none' then monthly_seat_fee_usd
        when advised_seat_type = seat_type then cast(0 as decimal(38, 8))
        when advised_seat_type = 'premium'
            then {{ divided_usd('(covered_usd - cycles_used * price_difference_usd)', 'cycles_used') }}
        when advised_seat_type = 'standard'
            then {{ divided_usd('(cycles_used * price_difference_usd - uncovered_usd)', 'cycles_used') }}
    end as monthly_saving_usd,
    cast(cycles_used as bigint) as cycles_used,
    {{ divided_usd('on_demand_usd', 'cycles_used') }} as average_on_demand_usd,
    {{ divided_usd('included_usage_usd', 'cycles_used') }} as average_included_usage_usd,
    cast(allowance_usd as decimal(38, 8)) as allowance_usd,
    allowance_source,
    price_difference_usd as break_even_on_demand_usd,
    case
        when advised_seat_type = 'none' then 'Nobody uses the seat: see adoption_gaps for how sure that is.'
        when is_removed then 'The member was removed: the seat goes with the cycle''s end.'
        when price_difference_usd is null then 'Not both prices are known, of a standard and of a premium seat.'
        when is_pooled then 'The allowance is pooled: what one seat uses beyond it is not what becomes on-demand.'
        when cycles_used < {{ var('seat_advice_min_cycles') }}
            then
                {{ counted('cycles_used', 'closed cycle', 'closed cycles') }}
                || ' with this type of seat on all days, {{ var("seat_advice_min_cycles") }} are needed.'
        when allowance_usd is null and seat_type = 'premium'
            then 'What a standard seat covers is not configured (seed seat_allowances).'
        when allowance_usd is null
            then
                'What a standard seat covers is not known: it is not configured (seed seat_allowances), and no cycle'
                || ' with on-demand usage shows it.'
        when advised_seat_type = seat_type
            then
                'In ' || {{ counted('cycles_used', 'closed cycle', 'closed cycles') }}
                || ' the other type of seat would not have been cheaper each time.'
        when advised_seat_type = 'premium'
            then
                'In each of ' || {{ counted('cycles_used', 'closed cycle', 'closed cycles') }}
                || ' a premium seat would have covered more on-demand usage than the '
                || {{ usd_as_text('price_difference_usd') }} || ' that it costs more.'
        else
            'In each of ' || {{ counted('cycles_used', 'closed cycle', 'closed cycles') }}
            || ' a standard seat would have added less on-demand usage than the '
            || {{ usd_as_text('price_difference_usd') }} || ' that it costs less.'
    end
    || case
        when allowance_source = 'observed' and coalesce(advised_seat_type, '') <> 'none'
            then
                ' The allowance is observed: the most included usage of a cycle that had on-demand usage, too.'
        else ''
    end as reason
from advised
