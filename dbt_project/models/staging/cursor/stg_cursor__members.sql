with

source as (

    select * from {{ source('cursor', 'cursor_members') }}

),

named as (

    select
        source.*,
        -- free-owner, FREE_OWNER and "Free owner" are one role
        replace(replace(lower({{ trimmed('role') }}), '_', '-'), ' ', '-') as role_key,
        {{ service_account_id(json_text('rest', 'serviceAccountId')) }} as service_account
    from source

)

select
    team_id,
    load_id,

    -- who
    {{ trimmed('user_id') }} as user_id,
    {{ trimmed('name') }} as name,
    {{ normalised_email('email') }} as email,
    {{ trimmed('role') }} as role,

    -- flags
    coalesce(is_removed, false) or coalesce(role_key = 'removed', false) as is_removed,
    coalesce(role_key = 'free-owner', false) as is_free_owner,
    coalesce(role_key in ('service-account', 'serviceaccount'), false) or service_account is not null
        as is_service_account,

    -- times
    snapshot_at
from named
