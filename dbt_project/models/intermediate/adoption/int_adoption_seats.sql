{%- set days_before_as_of = dbt.datediff('start_date', 'as_of_date', 'day') %}
{%- set days_since_last_activity = dbt.datediff('last_active_date_as_of', 'as_of_date', 'day') %}
{%- set tenure_days = dbt.datediff('tenure_start_date', 'as_of_date', 'day') %}
with

teams as (

    select * from {{ ref('int_teams') }}

),

seats as (

    select * from {{ ref('int_seats') }}
    where is_paid

),

activity as (

    select
        team_id,
        email,
        usage_date
    from {{ ref('int_developer_activity_days') }}
    where has_request or has_active_daily_row

),

join_dates as (

    select
        {{ trimmed('team_id') }} as team_id,
        {{ normalised_email('email') }} as email,
        min(join_date) as join_date
    from {{ ref('join_dates') }}
    group by {{ trimmed('team_id') }}, {{ normalised_email('email') }}

),

-- A day on which activity could have been seen: events or daily usage of it were loaded.
observed_days as (

    select distinct
        team_id,
        usage_date
    from {{ ref('int_loaded_days') }}
    where endpoint in ('usage_events', 'daily_usage')

),

-- Where no events were ever loaded (the endpoint is refused), daily usage alone says how far anybody looked.
as_of as (

    select
        teams.team_id,
        coalesce(teams.newest_loaded_date, max(observed_days.usage_date)) as as_of_date
    from teams
    left join observed_days on teams.team_id = observed_days.team_id
    group by teams.team_id, teams.newest_loaded_date

),

last_activity as (

    select
        team_id,
        email,
        max(usage_date) as last_active_date
    from activity
    group by team_id, email

),

open_cycles as (

    select
        team_id,
        cycle_start_at,
        {{ utc_date('cycle_start_at') }} as start_date,
        {{ utc_date('cycle_end_at') }} as end_date
    from {{ ref('int_billing_cycles') }}
    where is_open_cycle

),

requests_in_open_cycle as (

    select distinct
        usage_daily.team_id,
        usage_daily.email
    from {{ ref('int_usage_daily') }} as usage_daily
    inner join open_cycles
        on
            usage_daily.team_id = open_cycles.team_id
            and usage_daily.cycle_start_at = open_cycles.cycle_start_at
    where usage_daily.email is not null and usage_daily.requests > 0

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

    select * from requests_in_open_cycle
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
        case when seats.is_tenure_known then coalesce(join_dates.join_date, seats.first_seen_date) end
            as tenure_start_date,
        last_activity.last_active_date,
        as_of.as_of_date,
        open_cycles.end_date as open_cycle_end_date,
        use_of_open_cycle.email is not null as is_used_in_open_cycle,
        coalesce(observed_cycles.is_observed, false) as is_open_cycle_observed,
        next_renewals.renewal_date,
        exclusions.email is not null as is_on_exclusion_list,
        exclusions.exclusion_reason,
        exclusions.exclusion_expires_on
    from seats
    inner join as_of on seats.team_id = as_of.team_id
    left join join_dates
        on seats.team_id = join_dates.team_id and seats.email = join_dates.email
    left join last_activity
        on seats.team_id = last_activity.team_id and seats.email = last_activity.email
    left join open_cycles on seats.team_id = open_cycles.team_id
    left join use_of_open_cycle
        on seats.team_id = use_of_open_cycle.team_id and seats.email = use_of_open_cycle.email
    left join observed_cycles on seats.team_id = observed_cycles.team_id
    left join next_renewals on seats.team_id = next_renewals.team_id
    left join {{ ref('int_adoption_exclusions') }} as exclusions
        on seats.team_id = exclusions.team_id and seats.email = exclusions.email

),

-- Nobody could have been seen active on a day before they were there.
observation as (

    select
        dated.team_id,
        dated.seat_key,
        count(observed_days.usage_date) as observed_days,
        sum(case when observed_days.usage_date > dated.last_active_date then 1 else 0 end)
            as observed_days_since_activity
    from dated
    inner join observed_days
        on
            dated.team_id = observed_days.team_id
            and (dated.tenure_start_date is null or dated.tenure_start_date <= observed_days.usage_date)
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
        coalesce(observation.observed_days_since_activity, 0) as observed_days_since_activity
    from dated
    left join observation
        on dated.team_id = observation.team_id and dated.seat_key = observation.seat_key

)

select
    counted.*,
    {{ days_since_last_activity }} as days_since_last_activity,
    {{ tenure_days }} as tenure_days
from counted
