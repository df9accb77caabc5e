{#
    Past every model of seats, from the lists in staging and the day grain: who was a member, is no member in the newest
    list, and made a request in the open cycle or the one before it, is billed to the last day of that cycle. Older cycles
    were judged while they were open. Left out is whom a seed or a list ever says something else of: unpaid admins,
    service accounts, join dates.
-#}
with

cycles_in_order as (

    select
        team_id,
        cycle_start_at,
        cycle_end_at,
        is_open_cycle,
        {{ utc_date('cycle_end_at') }} as end_date,
        lead(is_open_cycle) over (partition by team_id order by cycle_start_at) as is_before_the_open_one
    from {{ ref('int_billing_cycles') }}

),

cycles as (

    select * from cycles_in_order
    where is_open_cycle or is_before_the_open_one

),

first_starts as (

    select
        team_id,
        min(cycle_start_at) as first_start_at
    from cycles
    group by team_id

),

lists as (

    select
        loads.team_id,
        loads.load_id,
        loads.fetch_started_at,
        row_number() over (
            partition by loads.team_id order by loads.fetch_started_at desc, loads.load_id desc
        ) as newest_first
    from {{ ref('stg_cursor__loads') }} as loads
    inner join first_starts on loads.team_id = first_starts.team_id
    where loads.endpoint = 'members' and loads.fetch_started_at >= first_starts.first_start_at

),

unlike_others as (

    select {{ normalised_email('email') }} as email
    from {{ ref('seat_types') }}
    where {{ trimmed('seat_type') }} = 'unpaid_admin'
    union
    select {{ normalised_email('email') }} as email
    from {{ ref('join_dates') }}

),

removed_people as (

    select
        members.team_id,
        members.email,
        min(case when not members.is_removed then lists.fetch_started_at end) as first_held_at
    from lists
    inner join {{ ref('stg_cursor__members') }} as members
        on lists.team_id = members.team_id and lists.load_id = members.load_id
    left join unlike_others on members.email = unlike_others.email
    where members.email is not null and unlike_others.email is null
    group by members.team_id, members.email
    having
        max(case when lists.newest_first = 1 and not members.is_removed then 1 else 0 end) = 0
        and max(case when members.is_free_owner or members.is_service_account then 1 else 0 end) = 0

),

used as (

    select distinct
        cycles.team_id,
        cycles.cycle_start_at,
        cycles.is_open_cycle,
        cycles.end_date,
        people.email
    from cycles
    inner join {{ ref('int_usage_daily') }} as usage_daily
        on
            cycles.team_id = usage_daily.team_id
            and cycles.cycle_start_at = usage_daily.cycle_start_at
            and cycles.end_date > usage_daily.usage_date
    inner join removed_people as people
        on
            usage_daily.team_id = people.team_id
            and usage_daily.email = people.email
            and cycles.end_date > {{ utc_date('people.first_held_at') }}
    where usage_daily.requests > 0

)

select
    used.team_id,
    used.cycle_start_at,
    used.email,
    'the last day of the cycle has no fee' as what_is_wrong
from used
left join {{ ref('seat_fees_daily') }} as fees
    on
        used.team_id = fees.team_id
        and used.cycle_start_at = fees.cycle_start_at
        and used.email = fees.seat_key
        and {{ days_after('used.end_date', -1) }} = fees.fee_date
where fees.team_id is null
union all
select
    used.team_id,
    used.cycle_start_at,
    used.email,
    'the seat is not paid on the newest day of the cycle' as what_is_wrong
from used
inner join {{ ref('int_adoption_dates') }} as dates on used.team_id = dates.team_id
left join {{ ref('seats') }} as seats
    on
        used.team_id = seats.team_id
        and used.email = seats.seat_key
        and seats.is_paid
        and case
            when used.is_open_cycle then seats.is_current
            else
                used.end_date > seats.valid_from_date
                and coalesce(used.end_date <= seats.valid_until_date, true)
        end
where
    (used.is_open_cycle or used.end_date <= dates.as_of_date)
    and seats.team_id is null
