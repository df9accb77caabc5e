{#- What a list says of a person; a change of any begins a new row. -#}
{%- set said = ['email', 'name', 'role', 'is_removed', 'is_free_owner'] -%}
with

-- A list speaks of the days from the one before it on (the run of a morning speaks of yesterday) until another does;
-- the newest of all speaks of the as-of day, whenever it was taken.
lists as (

    select
        loads.team_id,
        loads.load_id,
        least({{ days_after(utc_date('loads.fetch_started_at'), -1) }}, dates.as_of_date) as from_date,
        row_number() over (
            partition by loads.team_id order by loads.fetch_started_at, loads.load_id
        ) as list_number
    from {{ ref('stg_cursor__loads') }} as loads
    inner join {{ ref('int_adoption_dates') }} as dates on loads.team_id = dates.team_id
    where loads.endpoint = 'members' and dates.as_of_date is not null

),

members as (

    select
        members.team_id,
        members.seat_key,
        {% for column in said %}
            members.{{ column }},
        {% endfor %}
        {% for column in said %}
            lag(members.{{ column }}) over (
                partition by members.team_id, members.seat_key order by lists.list_number
            ) as {{ column }}_before,
        {% endfor %}
        members.is_service_account,
        lists.list_number,
        lag(lists.list_number) over (
            partition by members.team_id, members.seat_key order by lists.list_number
        ) as number_before,
        lead(lists.list_number) over (
            partition by members.team_id, members.seat_key order by lists.list_number
        ) as number_after
    from {{ ref('int_members') }} as members
    inner join lists on members.team_id = lists.team_id and members.load_id = lists.load_id

),

-- Who the newest list that has the person calls a service account is one, and never held a seat.
service_accounts as (

    select
        team_id,
        seat_key
    from members
    where number_after is null and is_service_account

),

-- A list a day says the same of most people: only where it says something else does something begin, and where the next
-- list lacks the person they are removed from that list on.
beginnings as (

    select
        team_id,
        seat_key,
        {% for column in said %}
            {{ column }},
        {% endfor %}
        list_number
    from members
    where
        number_before is null
        or number_before < list_number - 1
        {%- for column in said %}
            or {{ column }} is distinct from {{ column }}_before
        {%- endfor %}
    union all
    select
        team_id,
        seat_key,
        email,
        name,
        role,
        true as is_removed,
        is_free_owner,
        list_number + 1 as list_number
    from members
    where number_after is null or number_after > list_number + 1

),

periods as (

    select
        beginnings.*,
        lists.from_date as valid_from_date,
        lead(lists.from_date) over (
            partition by beginnings.team_id, beginnings.seat_key order by beginnings.list_number
        ) as next_from_date
    from beginnings
    -- nobody is absent from a list that was not taken yet
    inner join lists on beginnings.team_id = lists.team_id and beginnings.list_number = lists.list_number

)

-- A list that another one of the same day replaced speaks of no day.
select
    periods.team_id,
    periods.seat_key,
    {% for column in said %}
        periods.{{ column }},
    {% endfor %}
    periods.valid_from_date,
    coalesce(periods.next_from_date, {{ days_after('dates.as_of_date', 1) }}) as valid_until_date
from periods
inner join {{ ref('int_adoption_dates') }} as dates on periods.team_id = dates.team_id
left join service_accounts
    on periods.team_id = service_accounts.team_id and periods.seat_key = service_accounts.seat_key
where
    service_accounts.seat_key is null
    and coalesce(periods.next_from_date > periods.valid_from_date, true)
