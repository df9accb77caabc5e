{%- set days_before_as_of = dbt.datediff('start_date', 'as_of_date', 'day') %}
{%- set days_since_last_activity = dbt.datediff('last_active_date_as_of', 'as_of_date', 'day') %}
{%- set tenure_days = dbt.datediff('tenure_start_date', 'as_of_date', 'day') %}
with

seats as (

    select * from {{ ref('int_seats') }}
    where is_paid

),

observed_days as (

    select * from {{ ref('int_adoption_observed_days') }}

),

days_of_daily_usage as (

    select
        team_id,
        usage_date
    from {{ ref('int_loaded_days') }}
    where endpoint = 'daily_usage'

),

as_of as (

    select * from {{ ref('int_adoption_dates') }}

),

open_cycles as (

    select
        team_id,
        cycle_start_at,
        {{ utc_date('cycle_start_at') }} as start_date,
        {{ utc_date('cycle_end_at') }} as end_date,
        cycle_days
    from {{ ref('int_billing_cycles') }}
    where is_open_cycle

),

usage_in_open_cycle as (

    select
        usage_daily.team_id,
        usage_daily.email,
        {{ cost_amounts() }}
    from {{ ref('int_usage_daily') }} as usage_daily
    inner join open_cycles
        on
            usage_daily.team_id = open_cycles.team_id
            and usage_daily.cycle_start_at = open_cycles.cycle_start_at
    where usage_daily.email is not null and usage_daily.requests > 0
    group by usage_daily.team_id, usage_daily.email

),

-- Tab completions have no event and are use all the same. A daily row has no time of day, so the start's day counts.
active_rows_in_open_cycle as (

    select distinct
        activity.team_id,
        activity.email
    from {{ ref('int_developer_activity_days') }} as activity
    inner join open_cycles
        on
            activity.team_id = open_cycles.team_id
            and activity.usage_date >= open_cycles.start_date
    where activity.has_active_daily_row

),

use_of_open_cycle as (

    select
        team_id,
        email
    from usage_in_open_cycle
    union
    select * from active_rows_in_open_cycle

),

cycles_so_far as (

    select
        open_cycles.team_id,
        open_cycles.start_date,
        as_of.as_of_date,
        count(observed_days.usage_date) as observed_days
    from open_cycles
    inner join as_of on open_cycles.team_id = as_of.team_id
    left join observed_days
        on
            open_cycles.team_id = observed_days.team_id
            and open_cycles.start_date <= observed_days.usage_date
            and as_of.as_of_date >= observed_days.usage_date
    group by open_cycles.team_id, open_cycles.start_date, as_of.as_of_date

),

observed_cycles as (

    select
        team_id,
        coalesce({{ days_before_as_of }} < observed_days, false) as is_observed
    from cycles_so_far

),

next_renewals as (

    select
        as_of.team_id,
        min(renewals.renewal_date) as renewal_date
    from as_of
    inner join {{ ref('renewal_dates') }} as renewals
        on
            as_of.team_id = {{ trimmed('renewals.team_id') }}
            and as_of.as_of_date < renewals.renewal_date
    group by as_of.team_id

),

dated as (

    select
        seats.team_id,
        seats.seat_key,
        seats.email,
        seats.name,
        seats.role,
        seats.seat_type,
        seats.is_removed,
        seats.monthly_seat_fee_usd,
        seats.seat_price_source,
        seats.first_seen_date,
        seats.is_tenure_known,
        tenures.tenure_start_date,
        last_uses.last_active_date,
        last_uses.last_request_date,
        last_uses.last_daily_active_date,
        last_uses.last_agent_date,
        last_uses.last_composer_date,
        last_uses.last_chat_date,
        last_uses.last_cmdk_date,
        last_uses.last_tab_date,
        last_uses.last_bugbot_date,
        as_of.as_of_date,
        open_cycles.end_date as open_cycle_end_date,
        open_cycles.cycle_days as open_cycle_days,
        coalesce(usage_in_open_cycle.usage_value_usd, 0) as open_cycle_usage_value_usd,
        coalesce(usage_in_open_cycle.on_demand_usd, 0) as open_cycle_on_demand_usd,
        use_of_open_cycle.email is not null as is_used_in_open_cycle,
        coalesce(observed_cycles.is_observed, false) as is_open_cycle_observed,
        next_renewals.renewal_date,
        exclusions.email is not null as is_on_exclusion_list,
        exclusions.exclusion_reason,
        exclusions.exclusion_expires_on
    from seats
    inner join as_of on seats.team_id = as_of.team_id
    inner join {{ ref('int_developers') }} as tenures
        on seats.team_id = tenures.team_id and seats.seat_key = tenures.seat_key
    left join {{ ref('int_adoption_last_uses') }} as last_uses
        on seats.team_id = last_uses.team_id and seats.email = last_uses.email
    left join open_cycles on seats.team_id = open_cycles.team_id
    left join usage_in_open_cycle
        on seats.team_id = usage_in_open_cycle.team_id and seats.email = usage_in_open_cycle.email
    left join use_of_open_cycle
        on seats.team_id = use_of_open_cycle.team_id and seats.email = use_of_open_cycle.email
    left join observed_cycles on seats.team_id = observed_cycles.team_id
    left join next_renewals on seats.team_id = next_renewals.team_id
    left join {{ ref('int_adoption_exclusions') }} as exclusions
        on seats.team_id = exclusions.team_id and seats.email = exclusions.email

),

-- Nobody could have been seen active on a day before they were there; daily usage that is newer than the events was not
-- looked at as of their day.
observation as (

    select
        dated.team_id,
        dated.seat_key,
        count(observed_days.usage_date) as observed_days,
        count(days_of_daily_usage.usage_date) as days_of_daily_usage,
        sum(case when observed_days.usage_date > dated.last_active_date then 1 else 0 end)
            as observed_days_since_activity,
        min(observed_days.usage_date) as first_observed_date
    from dated
    inner join observed_days
        on
            dated.team_id = observed_days.team_id
            and dated.as_of_date >= observed_days.usage_date
            and (dated.tenure_start_date is null or dated.tenure_start_date <= observed_days.usage_date)
    left join days_of_daily_usage
        on
            observed_days.team_id = days_of_daily_usage.team_id
            and observed_days.usage_date = days_of_daily_usage.usage_date
    group by dated.team_id, dated.seat_key

),

-- Days of daily usage may be newer than the newest events: activity on them is no older than the day itself.
counted as (

    select
        dated.*,
        case
            when dated.last_active_date > dated.as_of_date then dated.as_of_date
            else dated.last_active_date
        end as last_active_date_as_of,
        coalesce(observation.observed_days, 0) as observed_days,
        coalesce(observation.days_of_daily_usage, 0) as days_of_daily_usage,
        coalesce(observation.observed_days_since_activity, 0) as observed_days_since_activity,
        observation.first_observed_date,
        -- where the days begin of which it matters whether anybody looked; null where no day counts
        case
            when dated.last_active_date >= observation.first_observed_date
                then {{ days_after('dated.last_active_date', 1) }}
            else observation.first_observed_date
        end as first_silent_date
    from dated
    left join observation
        on dated.team_id = observation.team_id and dated.seat_key = observation.seat_key

)

select
    counted.*,
    {{ days_since_last_activity }} as days_since_last_activity,
    {{ tenure_days }} as tenure_days,
    {{ unobserved_days('first_observed_date', 'as_of_date', 'observed_days') }} as unobserved_days,
    {{ unobserved_days(
        'first_silent_date',
        'as_of_date',
        'case when last_active_date is null then observed_days else observed_days_since_activity end',
    ) }} as unobserved_days_since_activity
from counted
