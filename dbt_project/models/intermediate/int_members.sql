{{ config(materialized='table_in_parts', parts="date_trunc('month', snapshot_at)") }}

with

-- A member without an e-mail holds a seat too, and is told apart by the user id.
members as (

    select
        *,
        coalesce(email, 'user id ' || user_id, 'name ' || name, 'nobody') as seat_key,
        coalesce(lower(role) = 'removed', false) as is_role_lost
    from {{ ref('stg_cursor__members') }}

),

activity as (

    select distinct
        team_id,
        email
    from {{ ref('int_developer_activity_days') }}

),

-- The list does not tell a service account from a person: its address is one that only service accounts' events carry.
service_accounts as (

    select distinct
        by_day.team_id,
        by_day.service_address as email
    from {{ ref('int_usage_events_by_day') }} as by_day
    left join activity on by_day.team_id = activity.team_id and by_day.service_address = activity.email
    where by_day.service_address is not null and activity.email is null

),

-- Two user ids may share an e-mail, which is one person and one seat: the row that holds a seat speaks for both. Few
-- people are listed twice, and a list a day is long.
people_listed_twice as (

    select
        team_id,
        load_id,
        seat_key
    from members
    group by team_id, load_id, seat_key
    having count(*) > 1

),

listed_twice as (

    select
        members.*,
        row_number() over (
            partition by members.team_id, members.load_id, members.seat_key
            order by
                members.is_removed, members.is_free_owner, members.is_service_account, members.user_id, members.name
        ) as first_row
    from members
    inner join people_listed_twice as people
        on
            members.team_id = people.team_id
            and members.load_id = people.load_id
            and members.seat_key = people.seat_key

),

first_rows as (

    select
        members.*,
        1 as first_row
    from members
    left join people_listed_twice as people
        on
            members.team_id = people.team_id
            and members.load_id = people.load_id
            and members.seat_key = people.seat_key
    where people.seat_key is null
    union all
    select * from listed_twice
    where first_row = 1

),

-- The role "removed" says nothing of what the person was: what the list said before holds. Few people ever lose theirs,
-- and a list a day is long.
people_who_lost_a_role as (

    select distinct
        team_id,
        seat_key
    from first_rows
    where is_role_lost

),

with_roles_told as (

    select
        first_rows.*,
        sum(case when first_rows.is_role_lost then 0 else 1 end) over (
            partition by first_rows.team_id, first_rows.seat_key
            order by first_rows.snapshot_at, first_rows.load_id
            rows between unbounded preceding and current row
        ) as roles_told
    from first_rows
    inner join people_who_lost_a_role as people
        on first_rows.team_id = people.team_id and first_rows.seat_key = people.seat_key

),

roles_before as (

    select
        team_id,
        load_id,
        seat_key,
        max(case when is_free_owner then 1 else 0 end) over (partition by team_id, seat_key, roles_told) = 1
            as is_free_owner
    from with_roles_told

)

select
    members.team_id,
    members.load_id,
    members.snapshot_at,
    members.seat_key,
    members.email,
    members.name,
    members.role,
    members.is_removed,
    coalesce(roles_before.is_free_owner, members.is_free_owner) as is_free_owner,
    members.is_service_account or service_accounts.email is not null as is_service_account
from first_rows as members
left join roles_before
    on
        members.team_id = roles_before.team_id
        and members.load_id = roles_before.load_id
        and members.seat_key = roles_before.seat_key
left join service_accounts on members.team_id = service_accounts.team_id and members.email = service_accounts.email
