-- What the seat's fee or cash pays for: own keys, credit and unknown kinds are nothing that a smaller model could save.
select
    usage_daily.team_id,
    usage_daily.email,
    usage_daily.model,
    coalesce(tiers.model_tier, 'unknown') as model_tier,
    usage_daily.category,
    {{ sum_count('usage_daily.small_requests') }} as small_requests,
    {{ sum_count('usage_daily.small_input_tokens') }} as input_tokens,
    {{ sum_count('usage_daily.small_output_tokens') }} as output_tokens,
    {{ sum_count('usage_daily.small_cache_write_tokens') }} as cache_write_tokens,
    {{ sum_count('usage_daily.small_cache_read_tokens') }} as cache_read_tokens,
    {{ sum_count(
        'usage_daily.small_input_tokens + usage_daily.small_output_tokens + usage_daily.small_cache_write_tokens '
        ~ '+ usage_daily.small_cache_read_tokens'
    ) }} as tokens,
    {{ sum_usd('usage_daily.small_usage_usd') }} as usage_usd
from {{ ref('int_usage_daily') }} as usage_daily
inner join {{ ref('int_teams') }} as teams
    on
        usage_daily.team_id = teams.team_id
        and usage_daily.usage_date between teams.window_start_date and teams.window_end_date
left join {{ ref('int_model_tiers') }} as tiers
    on
        usage_daily.model = tiers.model
        and teams.window_end_date >= tiers.valid_from_date
        and teams.window_end_date < tiers.valid_until_date
where usage_daily.category in ('on_demand', 'included') and usage_daily.small_requests > 0
group by
    usage_daily.team_id,
    usage_daily.email,
    usage_daily.model,
    coalesce(tiers.model_tier, 'unknown'),
    usage_daily.category
