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
        events.team_id,
        events.source_email as email
    from {{ ref('stg_cursor__usage_events') }} as events
    left join activity on events.team_id = activity.team_id and events.source_email = activity.email
    where events.is_service_account and activity.email is null

),

-- Two user ids may share an e-mail, which is one person and one seat: the row that holds a seat speaks for both.
ranked as (

    select
        members.*,
        row_number() over (
            partition by members.team_id, members.load_id, members.seat_key
            order by
                members.is_removed, members.is_free_owner, members.is_service_account, members.user_id, members.name
        ) as first_row
    from members

),

-- The role "removed" says nothing of what the person was: what the list said before holds.
with_roles_told as (

    select
        ranked.*,
        sum(case when ranked.is_role_lost then 0 else 1 end) over (
            partition by ranked.team_id, ranked.seat_key
            order by ranked.snapshot_at, ranked.load_id
            rows between unbounded preceding and current row
        ) as roles_told
    from ranked
    where ranked.first_row = 1

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
    max(case when members.is_free_owner then 1 else 0 end) over (
        partition by members.team_id, members.seat_key, members.roles_told
    ) = 1 as is_free_owner,
    members.is_service_account or service_accounts.email is not null as is_service_account
from with_roles_told as members
left join service_accounts on members.team_id = service_accounts.team_id and members.email = service_accounts.email
