-- An event that was not charged is a row with nothing: its address is one that has to be somebody's all the same.
select
    usage_daily.team_id,
    usage_daily.email,
    usage_daily.email is null and usage_daily.is_service_account as is_service_account,
    {{ sum_count('usage_daily.requests') }} as requests,
    {{ usage_value_amounts() }}
from {{ ref('int_usage_daily') }} as usage_daily
inner join {{ ref('int_teams') }} as teams
    on
        usage_daily.team_id = teams.team_id
        and usage_daily.usage_date between teams.window_start_date and teams.window_end_date
group by
    usage_daily.team_id,
    usage_daily.email,
    usage_daily.email is null and usage_daily.is_service_account
