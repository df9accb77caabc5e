{%- set token_kinds = ['input', 'output', 'cache_write', 'cache_read'] -%}
with

simple_requests as (

    select
        team_id,
        email,
        category,
        sum(tokens) as tokens,
        {% for kind in token_kinds %}
            sum({{ kind }}_tokens) as {{ kind }}_tokens{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('int_small_requests') }}
    where model_tier = 'premium'
    group by team_id, email, category

),

-- In units of the eighth decimal of a dollar: tokens by the dollars that the team paid per token of the model, or each
-- kind of tokens by its price per million.
dividends as (

    select
        simple_requests.team_id,
        simple_requests.email,
        simple_requests.category,
        rates.target_model_tier,
        rates.rate_source,
        rates.model,
        case
            when rates.rate_source = 'observed'
                then {{ whole_number('simple_requests.tokens') }} * {{ units_of_usd('rates.usage_usd') }}
            else
                {%- for kind in token_kinds %}
                    {{ '+ ' if not loop.first -}}
                    {{ whole_number('simple_requests.' ~ kind ~ '_tokens') }}
                    * {{ units_of_usd('rates.' ~ kind ~ '_usd_per_million') }}
                {%- endfor %}
        end as dividend,
        case
            when rates.rate_source = 'observed' then {{ whole_number('rates.tokens') }}
            else {{ whole_number('1000000') }}
        end as divisor
    from simple_requests
    inner join {{ ref('int_savings_rates') }} as rates on simple_requests.team_id = rates.team_id

),

costs as (

    select
        dividends.*,
        cast({{ rounded_quotient('dividend', '(divisor * 1000000)') }} * 0.01 as decimal(38, 8)) as cost_usd
    from dividends

)

select
    team_id,
    email,
    target_model_tier,
    rate_source,
    model,
    {{ sum_usd("case when category = 'on_demand' then cost_usd end") }} as on_demand_cost_usd,
    {{ sum_usd("case when category = 'included' then cost_usd end") }} as included_cost_usd
from costs
group by team_id, email, target_model_tier, rate_source, model
