{#
    What a premium model's simple requests cost in each category, counted from the day grain by the tier of the window's
    end, against what each target tier says it could save from.
#}
with

simple_usage as (

    select
        usage_daily.team_id,
        coalesce(usage_daily.email, '') as email,
        sum(usage_daily.small_requests) as requests,
        sum(case when usage_daily.category = 'on_demand' then usage_daily.small_usage_usd else 0 end) as on_demand_usd,
        sum(case when usage_daily.category = 'included' then usage_daily.small_usage_usd else 0 end) as included_usd
    from {{ ref('int_usage_daily') }} as usage_daily
    inner join {{ ref('int_teams') }} as teams
        on
            usage_daily.team_id = teams.team_id
            and usage_daily.usage_date between teams.window_start_date and teams.window_end_date
    inner join {{ ref('models') }} as models
        on usage_daily.team_id = models.team_id and usage_daily.model = models.model
    where
        models.model_tier = 'premium'
        and usage_daily.small_requests > 0
        and usage_daily.category in ('on_demand', 'included')
    group by usage_daily.team_id, coalesce(usage_daily.email, '')

),

savings as (

    select
        team_id,
        coalesce(email, '') as email,
        count(*) as target_tiers,
        sum(simple_premium_model_requests) as requests,
        sum(simple_on_demand_usd) as on_demand_usd,
        sum(simple_included_usage_usd) as included_usd
    from {{ ref('model_savings') }}
    group by team_id, coalesce(email, '')

)

select
    coalesce(simple_usage.team_id, savings.team_id) as team_id,
    coalesce(simple_usage.email, savings.email) as email,
    simple_usage.on_demand_usd,
    savings.on_demand_usd as on_demand_of_all_tiers_usd,
    simple_usage.included_usd,
    savings.included_usd as included_of_all_tiers_usd
from simple_usage
full outer join savings on simple_usage.team_id = savings.team_id and simple_usage.email = savings.email
where
    savings.target_tiers is distinct from 2
    or savings.requests is distinct from 2 * simple_usage.requests
    or savings.on_demand_usd is distinct from 2 * simple_usage.on_demand_usd
    or savings.included_usd is distinct from 2 * simple_usage.included_usd
