with

source as (

    select * from {{ source('cursor', 'cursor_daily_usage') }}

)

select
    team_id,
    load_id,

    -- who and with what
    {{ trimmed('user_id') }} as user_id,
    {{ normalised_email('email') }} as email,
    {{ trimmed('most_used_model') }} as most_used_model,
    {{ trimmed('apply_most_used_extension') }} as apply_most_used_extension,
    {{ trimmed('tab_most_used_extension') }} as tab_most_used_extension,
    {{ trimmed('client_version') }} as client_version,

    -- counts
    total_lines_added,
    total_lines_deleted,
    accepted_lines_added,
    accepted_lines_deleted,
    total_applies,
    total_accepts,
    total_rejects,
    total_tabs_shown,
    total_tabs_accepted,
    composer_requests,
    chat_requests,
    agent_requests,
    cmdk_usages,
    subscription_included_reqs as subscription_included_requests,
    api_key_reqs as api_key_requests,
    usage_based_reqs as usage_based_requests,
    bugbot_usages,

    -- flags
    coalesce(is_active, false) as is_active,

    -- times: the day, never `date`, which carries the request's time of day
    usage_date
from source
