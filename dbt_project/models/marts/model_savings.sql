with

simple_requests as (

    select
        team_id,
        email,
        {{ sum_count('small_requests') }} as simple_premium_model_requests,
        {{ sum_count('tokens') }} as simple_tokens,
        {{ sum_usd("case when category = 'on_demand' then usage_usd end") }} as simple_on_demand_usd,
        {{ sum_usd("case when category = 'included' then usage_usd end") }} as simple_included_usage_usd
    from {{ ref('int_small_requests') }}
    where model_tier = 'premium'
    group by team_id, email

),

target_tiers as (

    select 'standard' as target_model_tier
    union all
    select 'entry' as target_model_tier

),

ranked as (

    select
        costs.*,
        row_number() over (
            partition by team_id, email, target_model_tier
            order by on_demand_cost_usd + included_cost_usd asc, model asc
        ) as cheapest_first,
        row_number() over (
            partition by team_id, email, target_model_tier
            order by on_demand_cost_usd + included_cost_usd desc, model asc
        ) as dearest_first
    from {{ ref('int_savings_costs') }} as costs

),

-- The model that is cheaper on the whole may be dearer in one category: each has its own bounds.
cheapest_and_dearest as (

    select
        team_id,
        email,
        target_model_tier,
        min(rate_source) as rate_source,
        max(case when cheapest_first = 1 then model end) as low_rate_model,
        max(case when dearest_first = 1 then model end) as high_rate_model,
        min(on_demand_cost_usd) as low_on_demand_cost_usd,
        max(on_demand_cost_usd) as high_on_demand_cost_usd,
        min(included_cost_usd) as low_included_cost_usd,
        max(included_cost_usd) as high_included_cost_usd
    from ranked
    group by team_id, email, target_model_tier

),

counterfactuals as (

    select
        simple_requests.*,
        teams.window_start_date,
        teams.window_end_date,
        target_tiers.target_model_tier,
        known.rate_source,
        known.low_rate_model,
        known.high_rate_model,
        known.low_on_demand_cost_usd,
        known.high_on_demand_cost_usd,
        known.low_included_cost_usd,
        known.high_included_cost_usd
    from simple_requests
    inner join {{ ref('int_teams') }} as teams on simple_requests.team_id = teams.team_id
    cross join target_tiers
    left join cheapest_and_dearest as known
        on
            simple_requests.team_id = known.team_id
            and coalesce(simple_requests.email, '') = coalesce(known.email, '')
            and target_tiers.target_model_tier = known.target_model_tier

),

in_words as (

    select
        counterfactuals.*,
        case
            when low_rate_model = high_rate_model then low_rate_model
            else low_rate_model || ' (cheapest) and ' || high_rate_model || ' (dearest)'
        end as models_in_words
    from counterfactuals

)

select
    team_id,
    window_start_date,
    window_end_date,
    email,
    target_model_tier,
    simple_premium_model_requests,
    simple_tokens,
    simple_on_demand_usd,
    simple_included_usage_usd,
    rate_source,
    low_rate_model,
    high_rate_model,
    {% for saved, actual, cost in [
        ('cash_saved_low_usd', 'simple_on_demand_usd', 'high_on_demand_cost_usd'),
        ('cash_saved_high_usd', 'simple_on_demand_usd', 'low_on_demand_cost_usd'),
        ('allowance_saved_low_usd', 'simple_included_usage_usd', 'high_included_cost_usd'),
        ('allowance_saved_high_usd', 'simple_included_usage_usd', 'low_included_cost_usd'),
    ] %}
        case
            when rate_source is not null then cast(greatest({{ actual }} - {{ cost }}, 0) as decimal(38, 8))
        end as {{ saved }},
    {% endfor %}
    case rate_source
        when 'observed'
            then
                'The same tokens at what the team''s own simple requests cost per token on ' || models_in_words
                || ' in the window; that the answers do as well is assumed.'
        when 'list'
            then
                'The same tokens at list prices of ' || models_in_words || ', without a token fee: no model of the tier'
                || ' had {{ var("savings_min_observed_requests") }} simple requests in the window; that the answers'
                || ' do as well is assumed.'
        else 'No model of the tier was used enough, and none has list prices: what it would cost is not known.'
    end as assumption
from in_words
