with

teams as (

    select * from {{ ref('int_teams') }}

),

seats as (

    select * from {{ ref('int_seats') }}

),

gaps as (

    select * from {{ ref('adoption_gaps') }}

),

-- The seats of now (no date), and those of the days that a figure was read off the dashboard for.
seats_by_date as (

    select
        teams.team_id,
        cast(null as date) as as_of_date,
        seats.is_removed,
        seats.monthly_seat_fee_usd,
        seats.seat_price_source,
        seats.team_id is not null as is_seat
    from teams
    left join seats on teams.team_id = seats.team_id and seats.is_paid
    where teams.members_snapshot_at is not null
    union all
    select
        team_id,
        as_of_date,
        is_removed,
        monthly_seat_fee_usd,
        seat_price_source,
        seat_key is not null as is_seat
    from {{ ref('int_verification_past_seats') }}

),

paid_seats as (

    select
        team_id,
        as_of_date,
        sum(case when is_seat then 1 else 0 end) as paid_seats,
        coalesce(sum(monthly_seat_fee_usd), 0) as monthly_seat_fee_usd,
        min(monthly_seat_fee_usd) as lowest_price_usd,
        max(monthly_seat_fee_usd) as highest_price_usd,
        sum(case when is_seat and monthly_seat_fee_usd is null then 1 else 0 end) as seats_without_price,
        sum(case when seat_price_source = 'assumed_list' then 1 else 0 end) as seats_at_assumed_price,
        sum(case when is_removed then 1 else 0 end) as removed_seats
    from seats_by_date
    group by team_id, as_of_date

),

activity as (

    select
        team_id,
        sum(case when is_adoption_gap then 1 else 0 end) as gaps,
        sum(case when activity_status = 'new' then 1 else 0 end) as new_seats
    from gaps
    group by team_id

),

-- Who holds a seat, paid or not: a removed member only where the seat is still paid.
seat_holders as (

    select distinct
        team_id,
        email
    from seats
    where email is not null and (is_paid or not is_removed)

),

developers_without_seat as (

    select
        developers.team_id,
        count(distinct developers.email) as developers
    from {{ ref('int_developer_activity_days') }} as developers
    inner join teams
        on
            developers.team_id = teams.team_id
            and developers.usage_date >= teams.window_start_date
            and developers.usage_date <= teams.window_end_date
    left join seat_holders
        on
            developers.team_id = seat_holders.team_id
            and developers.email = seat_holders.email
    where developers.has_request and seat_holders.email is null
    group by developers.team_id

),

-- Nobody used anything, as far as is known, without a loaded day; and what depends on activity is known as of now only.
figures as (

    select
        paid_seats.team_id,
        paid_seats.as_of_date,
        paid_seats.paid_seats,
        case
            when
                paid_seats.seats_without_price = 0
                and paid_seats.lowest_price_usd = paid_seats.highest_price_usd
                then paid_seats.lowest_price_usd
        end as seat_price_usd,
        case when paid_seats.seats_without_price = 0 then paid_seats.monthly_seat_fee_usd end as monthly_seat_fee_usd,
        case when paid_seats.as_of_date is null then coalesce(activity.gaps, 0) end as paid_seats_without_activity,
        case
            when paid_seats.as_of_date is null and teams.window_end_date is not null
                then coalesce(developers_without_seat.developers, 0)
        end as developers_without_seat,
        paid_seats.lowest_price_usd,
        paid_seats.highest_price_usd,
        paid_seats.seats_without_price,
        paid_seats.seats_at_assumed_price,
        paid_seats.removed_seats,
        coalesce(activity.new_seats, 0) as new_seats
    from paid_seats
    inner join teams on paid_seats.team_id = teams.team_id
    left join activity on paid_seats.team_id = activity.team_id
    left join developers_without_seat on paid_seats.team_id = developers_without_seat.team_id

),

notes as (

    select
        figures.*,
        case
            when removed_seats > 0
                then
                    {{ counted('removed_seats', 'removed member holds', 'removed members hold') }}
                    || ' the seat to the cycle''s end.'
        end as removed_note,
        case
            when seats_without_price > 0
                then {{ counted('seats_without_price', 'seat has', 'seats have') }} || ' no price.'
            when seats_at_assumed_price > 0
                then
                    {{ counted('seats_at_assumed_price', 'seat is', 'seats are') }}
                    || ' priced at an assumed list price.'
        end as price_note,
        case
            when lowest_price_usd < highest_price_usd
                then
                    'Seats differ in price: from ' || {{ usd_as_text('lowest_price_usd') }}
                    || ' to ' || {{ usd_as_text('highest_price_usd') }} || '.'
        end as price_range_note,
        case
            when new_seats > 0
                then
                    {{ counted('new_seats', 'new seat in its grace days is', 'new seats in their grace days are') }}
                    || ' not counted.'
        end as new_note
    from figures

),

seat_values as (

    {%- for measure, note in {
        'paid_seats': 'removed_note',
        'seat_price_usd': joined_text(['price_range_note', 'price_note'], ' '),
        'monthly_seat_fee_usd': 'price_note',
        'paid_seats_without_activity': 'new_note',
        'developers_without_seat': 'cast(null as ' ~ dbt.type_string() ~ ')',
    }.items() %}
        select
            team_id,
            as_of_date,
            '{{ measure }}' as measure,
            cast({{ measure }} as decimal(38, 8)) as warehouse_value,
            {{ note }} as note
        from notes
        {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from seat_values
