with

exclusions as (

    select
        {{ trimmed('team_id') }} as team_id,
        {{ normalised_email('email') }} as email,
        {{ trimmed('reason') }} as exclusion_reason,
        expires_on as exclusion_expires_on
    from {{ ref('reclaim_exclusions') }}

),

-- Of several rows the one that holds longest speaks: one without an expiry, else the latest.
ranked as (

    select
        exclusions.*,
        row_number() over (
            partition by team_id, email
            order by exclusion_expires_on desc nulls first, exclusion_reason asc
        ) as longest_first
    from exclusions
    where email is not null

)

select
    team_id,
    email,
    exclusion_reason,
    exclusion_expires_on
from ranked
where longest_first = 1
