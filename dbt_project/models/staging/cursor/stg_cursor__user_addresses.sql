with

-- Distinct before anything is trimmed: lists and days say the same of most people every day.
source as (

    select
        team_id,
        user_id,
        email
    from {{ source('cursor', 'cursor_members') }}
    union
    select
        team_id,
        user_id,
        email
    from {{ source('cursor', 'cursor_daily_usage') }}

)

select distinct
    team_id,

    -- who
    {{ trimmed('user_id') }} as user_id,
    {{ normalised_email('email') }} as email
from source
where {{ trimmed('user_id') }} is not null and {{ normalised_email('email') }} is not null
