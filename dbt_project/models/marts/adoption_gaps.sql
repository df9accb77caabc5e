with

seats as (

    select * from {{ ref('int_adoption_seats') }}

),

with_status as (

    select
        *,
        {{ activity_status(
            'is_removed',
            'days_since_last_activity < ' ~ var('idle_after_days'),
            'tenure_days',
            'last_active_date is not null',
        ) }} as activity_status,
        is_on_exclusion_list and coalesce(as_of_date <= exclusion_expires_on, true) as is_excluded,
        case
            when as_of_date is null then open_cycle_end_date
            else greatest(
                {{ days_after('as_of_date', 1) }},
                case
                    when is_used_in_open_cycle or not is_open_cycle_observed then open_cycle_end_date
                    else {{ days_after('as_of_date', 1) }}
                end,
                coalesce(renewal_date, {{ days_after('as_of_date', 1) }})
            )
        end as saving_date
    from seats

),

with_tier as (

    select
        *,
        activity_status in ('never_active', 'idle') as is_adoption_gap,
        case
            when activity_status not in ('never_active', 'idle') then null
            when is_excluded then 'excluded'
            -- usage is told by e-mail, so nobody could have been seen using it
            when email is null then 'review'
            -- tab completions have no event: silence is certain only where daily usage was looked at
            when activity_status = 'never_active' and days_of_daily_usage >= {{ var('certain_observed_days') }}
                then 'certain'
            when activity_status = 'never_active' and observed_days >= {{ var('probable_inactive_days') }}
                then 'probable'
            when observed_days_since_activity >= {{ var('probable_inactive_days') }} then 'probable'
            else 'review'
        end as reclaim_tier
    from with_status

),

-- What somebody else could use of the fee that the open cycle bills anyway: its days after the as-of day.
with_days_left as (

    select
        *,
        least(
            greatest(coalesce({{ days_between('as_of_date', 'open_cycle_end_date') }} - 1, 0), 0), open_cycle_days
        ) as days_left
    from with_tier

),

in_words as (

    select
        *,
        case activity_status
            when 'removed'
                then
                    'Removed from the team, but used in the open cycle: the seat is billed to its end'
                    || coalesce(' on ' || {{ as_text('open_cycle_end_date') }}, '') || '.'
            when 'active' then 'Last active on ' || {{ as_text('last_active_date') }} || '.'
            when 'new'
                then
                    'On the team since ' || {{ as_text('tenure_start_date') }}
                    || ' and within the {{ var("grace_days") }} days of grace.'
            when 'idle'
                then
                    'Last active on ' || {{ as_text('last_active_date') }} || ', '
                    || {{ counted('days_since_last_activity', 'day', 'days') }} || ' before '
                    || {{ as_text('as_of_date') }} || '.'
            else
                case
                    when email is null then 'The member has no e-mail, so nobody can tell the seat''s activity.'
                    when observed_days = 0 then 'Activity is unknown: no day is loaded.'
                    else
                        'No request and no active day in '
                        || {{ counted('observed_days', 'observed day', 'observed days') }} || '.'
                end
        end as activity_in_words,
        case
            when
                activity_status = 'never_active'
                and email is not null
                and observed_days >= {{ var('certain_observed_days') }}
                and days_of_daily_usage < {{ var('certain_observed_days') }}
                then
                    'Daily usage is loaded for ' || {{ count_as_text('days_of_daily_usage') }}
                    || ' of them: tab completions on the others would not be seen.'
        end as daily_usage_in_words,
        case
            when is_adoption_gap and unobserved_days_since_activity > 0
                then {{ counted('unobserved_days_since_activity', 'day was', 'days were') }} || ' not observed.'
        end as holes_in_words,
        case
            when reclaim_tier = 'excluded'
                then
                    'Excluded from reclaim'
                    || coalesce(' until ' || {{ as_text('exclusion_expires_on') }}, '')
                    || coalesce(': ' || {{ quoted_sentence('exclusion_reason') }}, '') || '.'
            when is_adoption_gap and is_on_exclusion_list
                then 'The exclusion expired on ' || {{ as_text('exclusion_expires_on') }} || '.'
        end as exclusion_in_words,
        case
            when reclaim_tier = 'excluded' or not is_adoption_gap then null
            when is_used_in_open_cycle then 'Used in the open cycle, so the seat is billed to its end.'
            when not is_open_cycle_observed
                then 'The open cycle is not loaded from its start, so the saving counts from its end.'
        end as saving_in_words,
        case
            when not is_adoption_gap or reclaim_tier = 'excluded' then null
            when monthly_seat_fee_usd is null then 'The seat has no price.'
            when seat_price_source = 'assumed_list' then 'The price is an assumed list price.'
        end as price_in_words
    from with_days_left

)

select
    team_id,
    email,
    name,
    role,
    seat_type,
    monthly_seat_fee_usd,
    seat_price_source,
    first_seen_date,
    is_tenure_known,
    last_active_date,
    cast(days_since_last_activity as bigint) as days_since_last_activity,
    cast(observed_days as bigint) as observed_days,
    activity_status,
    is_adoption_gap,
    reclaim_tier,
    {{ joined_text([
        'activity_in_words',
        'daily_usage_in_words',
        'holes_in_words',
        'exclusion_in_words',
        'saving_in_words',
        'price_in_words',
    ], ' ') }} as reason,
    case when is_adoption_gap then saving_date end as earliest_saving_date,
    case
        when is_adoption_gap and reclaim_tier <> 'excluded' then monthly_seat_fee_usd
        else cast(0 as decimal(38, 8))
    end as monthly_saving_usd,
    as_of_date,
    seat_key,
    last_request_date,
    last_daily_active_date,
    last_agent_date,
    last_composer_date,
    last_chat_date,
    last_cmdk_date,
    last_tab_date,
    last_bugbot_date,
    cast(case when tenure_days < 0 then 0 else tenure_days end as bigint) as tenure_days,
    cast(open_cycle_usage_value_usd as decimal(38, 8)) as open_cycle_usage_value_usd,
    cast(open_cycle_on_demand_usd as decimal(38, 8)) as open_cycle_on_demand_usd,
    first_observed_date,
    cast(unobserved_days as bigint) as unobserved_days,
    cast(unobserved_days_since_activity as bigint) as unobserved_days_since_activity,
    case when is_adoption_gap then monthly_seat_fee_usd else cast(0 as decimal(38, 8)) end as fee_exposed_usd,
    case
        when is_adoption_gap and reclaim_tier <> 'excluded'
            then {{ prorated_usd('monthly_seat_fee_usd', 'days_left', 'open_cycle_days') }}
        else cast(0 as decimal(38, 8))
    end as reassignable_now_usd,
    case
        when is_adoption_gap and reclaim_tier <> 'excluded' then monthly_seat_fee_usd
        else cast(0 as decimal(38, 8))
    end as saved_at_next_renewal_usd
from in_words
