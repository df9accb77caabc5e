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

    -- money: what the answer does not say is null, not 0; which of the two it says of included usage is the vintage's
    {{ cents_to_usd('spend_text') }} as on_demand_usd,
    coalesce(
        {{ cents_to_usd('overall_spend_text') }} - {{ cents_to_usd('spend_text') }},
        {{ cents_to_usd('included_spend_text') }}
    ) as included_usage_usd,
    coalesce(
        {{ cents_to_usd('overall_spend_text') }},
        {{ cents_to_usd('spend_text') }} + {{ cents_to_usd('included_spend_text') }}
    ) as usage_value_usd,
    {{ dollars_to_usd('effective_per_user_limit_dollars') }} as effective_per_user_limit_usd,

    -- times
    snapshot_at,
    cycle_start_at
from written_out
