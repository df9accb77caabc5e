with

seats as (

    select
        seats.*,
        coalesce(seats.valid_until_date, {{ days_after('dates.as_of_date', 1) }}) as until_date,
        tenures.tenure_start_date
    from {{ ref('seats') }} as seats
    inner join {{ ref('int_adoption_dates') }} as dates on seats.team_id = dates.team_id
    inner join {{ ref('int_developers') }} as tenures
        on seats.team_id = tenures.team_id and seats.seat_key = tenures.seat_key

),

-- The days that a members list speaks of.
known_days as (

    select
        team_id,
        min(valid_from_date) as first_date,
        max(until_date) as end_date
    from seats
    group by team_id

),

observed_days as (

    select
        team_id,
        usage_date,
        count(*) over (
            partition by team_id order by usage_date
            rows between unbounded preceding and current row
        ) as observed_days
    from {{ ref('int_adoption_observed_days') }}

),

days as (

    select observed_days.*
    from observed_days
    inner join known_days
        on
            observed_days.team_id = known_days.team_id
            and observed_days.usage_date >= known_days.first_date
            and observed_days.usage_date < known_days.end_date

),

activity as (

    select
        team_id,
        email,
        usage_date
    from {{ ref('int_developer_activity_days') }}
    where has_request or has_active_daily_row

),

active_periods as (

    select * from {{ ref('int_adoption_active_periods') }}

),

first_active_days as (

    select
        team_id,
        email,
        min(active_from_date) as first_active_date
    from active_periods
    group by team_id, email

),

-- Each day is judged as if it were the as-of day: by the seats, the activity and the tenure up to it.
paid_seats as (

    select
        days.team_id,
        days.usage_date,
        activity.email is not null as is_active_on_day,
        {{ activity_status(
            'seats.is_removed',
            'active_periods.email is not null',
            days_between('seats.tenure_start_date', 'days.usage_date'),
            'coalesce(first_active_days.first_active_date <= days.usage_date, false)',
        ) }} as activity_status
    from days
    inner join seats
        on
            days.team_id = seats.team_id
            and days.usage_date >= seats.valid_from_date
            and days.usage_date < seats.until_date
    left join active_periods
        on
            seats.team_id = active_periods.team_id
            and seats.email = active_periods.email
            and days.usage_date >= active_periods.active_from_date
            and days.usage_date < active_periods.active_until_date
    left join first_active_days
        on seats.team_id = first_active_days.team_id and seats.email = first_active_days.email
    left join activity
        on
            seats.team_id = activity.team_id
            and seats.email = activity.email
            and days.usage_date = activity.usage_date
    where seats.is_paid

),

counts as (

    select
        team_id,
        usage_date,
        count(*) as paid_seats,
        {% for status in ['active', 'new', 'idle', 'never_active', 'removed'] %}
            {{ sum_count("case when activity_status = '" ~ status ~ "' then 1 end") }} as {{ status }}_seats,
        {% endfor %}
        {{ sum_count('case when is_active_on_day then 1 end') }} as seats_active_on_day
    from paid_seats
    group by team_id, usage_date

)

-- A day on which nobody held a paid seat is a row all the same.
select
    days.team_id,
    days.usage_date,
    {% for column in [
        'paid_seats', 'active_seats', 'new_seats', 'idle_seats', 'never_active_seats', 'removed_seats',
        'seats_active_on_day',
    ] %}
        cast(coalesce(counts.{{ column }}, 0) as bigint) as {{ column }},
    {% endfor %}
    {{ share('counts.active_seats', 'counts.paid_seats') }} as utilisation_share,
    cast(days.observed_days as bigint) as observed_days
from days
left join counts on days.team_id = counts.team_id and days.usage_date = counts.usage_date
