with

usage_in_window as (

    select
        teams.window_start_date,
        teams.window_end_date,
        usage_daily.*
    from {{ ref('int_usage_daily') }} as usage_daily
    inner join {{ ref('int_teams') }} as teams
        on
            usage_daily.team_id = teams.team_id
            and usage_daily.usage_date between teams.window_start_date and teams.window_end_date
    where usage_daily.requests > 0

),

sums as (

    select
        team_id,
        window_start_date,
        window_end_date,
        email,
        model,
        {{ request_counts() }},
        {{ usage_value_amounts() }},
        {{ sum_count('max_mode_requests') }} as max_mode_requests,
        {{ sum_count('small_requests') }} as small_requests
    from usage_in_window
    group by team_id, window_start_date, window_end_date, email, model

),

-- One tier a model: that of the window's last day, also where a price changed within the window.
tiered as (

    select
        sums.*,
        coalesce(tiers.model_tier, 'unknown') as model_tier,
        sum(sums.requests) over (partition by sums.team_id, sums.email) as requests_of_developer,
        sum(sums.usage_value_usd) over (partition by sums.team_id, sums.email) as usage_value_of_developer_usd
    from sums
    left join {{ ref('int_model_tiers') }} as tiers
        on
            sums.model = tiers.model
            and sums.window_end_date >= tiers.valid_from_date
            and sums.window_end_date < tiers.valid_until_date

)

select
    team_id,
    window_start_date,
    window_end_date,
    email,
    model,
    model_tier,
    requests,
    {{ share('requests', 'requests_of_developer') }} as request_share,
    input_tokens,
    output_tokens,
    cache_write_tokens,
    cache_read_tokens,
    usage_value_usd,
    other_usage_usd,
    {{ share('usage_value_usd', 'usage_value_of_developer_usd') }} as usage_value_share,
    max_mode_requests,
    case when model_tier = 'premium' then small_requests else cast(0 as bigint) end as simple_premium_model_requests
from tiered
