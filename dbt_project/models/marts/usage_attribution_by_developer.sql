with

-- Usage of a person, or of nobody; a member without an e-mail cannot be told any.
developers as (

    select
        people.team_id,
        people.email,
        people.seat_key,
        people.name,
        people.is_listed,
        people.is_member,
        people.alias_of,
        people.joined_date,
        people.is_daily_usage_loaded,
        people.has_daily_row,
        people.last_active_date,
        false as is_service_account,
        coalesce(window_usage.requests, 0) as requests,
        coalesce(window_usage.usage_value_usd, 0) as usage_value_usd,
        coalesce(window_usage.other_usage_usd, 0) as other_usage_usd
    from {{ ref('int_attribution_people') }} as people
    left join {{ ref('int_attribution_usage') }} as window_usage
        on people.team_id = window_usage.team_id and people.email = window_usage.email
    union all
    select
        team_id,
        null as email,
        null as seat_key,
        null as name,
        false as is_listed,
        false as is_member,
        null as alias_of,
        null as joined_date,
        false as is_daily_usage_loaded,
        false as has_daily_row,
        null as last_active_date,
        is_service_account,
        requests,
        usage_value_usd,
        other_usage_usd
    from {{ ref('int_attribution_usage') }}
    where email is null

),

-- The first that holds.
with_state as (

    select
        developers.*,
        case
            when developers.is_service_account then 'service_account'
            when developers.seat_key is null then 'no_email'
            when developers.alias_of is not null and not developers.is_member then 'alias_of_another_address'
            when developers.is_listed and not developers.is_member then 'removed_person'
            when not developers.is_listed then 'unknown_person'
            -- who joins is often seen using Cursor on the day before the list that is the first to have them
            when developers.joined_date > teams.window_end_date and developers.last_active_date is null
                then 'joined_after_window'
            when developers.is_daily_usage_loaded and not developers.has_daily_row then 'no_daily_row'
            else 'attributed'
        end as state
    from developers
    inner join {{ ref('int_teams') }} as teams on developers.team_id = teams.team_id

)

select
    team_id,
    email,
    seat_key,
    name,
    state,
    case when state = 'alias_of_another_address' then alias_of end as alias_of,
    cast(requests as bigint) as requests,
    cast(usage_value_usd as decimal(38, 8)) as usage_value_usd,
    cast(other_usage_usd as decimal(38, 8)) as other_usage_usd,
    is_member,
    last_active_date
from with_state
