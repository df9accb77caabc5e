with

source as (

    select * from {{ source('cursor', 'cursor_spend') }}

),

written_out as (

    select
        source.*,
        {{ digits_written_out("nullif(spend_cents, '')") }} as spend_text,
        {{ digits_written_out("nullif(overall_spend_cents, '')") }} as overall_spend_text,
        {{ digits_written_out("nullif(included_spend_cents, '')") }} as included_spend_text
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

    -- money: what the answer does not say is null, not 0; an override of 0 means that there is none
    {{ cents_to_usd('spend_text') }} as spend_usd,
    {{ cents_to_usd('overall_spend_text') }} as overall_spend_usd,
    {{ cents_to_usd('included_spend_text') }} as included_spend_usd,
    nullif({{ dollars_to_usd('hard_limit_override_dollars') }}, 0) as hard_limit_override_usd,
    {{ dollars_to_usd('monthly_limit_dollars') }} as monthly_limit_usd,
    {{ dollars_to_usd('effective_per_user_limit_dollars') }} as effective_per_user_limit_usd,

    -- times
    snapshot_at,
    cycle_start_at
from written_out
