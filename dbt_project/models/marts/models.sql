{%- set prices = [
    'input_usd_per_million', 'cache_write_usd_per_million', 'cache_read_usd_per_million', 'output_usd_per_million',
] -%}
with

-- An event that was not charged names a model and is no use of it.
usage_by_model as (

    select
        team_id,
        model,
        min(case when requests > 0 then usage_date end) as first_used_date,
        max(case when requests > 0 then usage_date end) as last_used_date,
        {{ sum_count('requests') }} as requests,
        {{ usage_value_amounts() }}
    from {{ ref('int_usage_daily') }}
    where model is not null
    group by team_id, model

),

-- One tier and price a model: those of the window's last day.
tiered as (

    select
        usage_by_model.*,
        tiers.listed_model,
        tiers.matched_by,
        tiers.model_tier,
        tiers.usage_pool,
        {% for price in prices %}
            tiers.{{ price }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from usage_by_model
    inner join {{ ref('int_teams') }} as teams on usage_by_model.team_id = teams.team_id
    inner join {{ ref('int_model_tiers') }} as tiers
        on
            usage_by_model.model = tiers.model
            and teams.window_end_date >= tiers.valid_from_date
            and teams.window_end_date < tiers.valid_until_date

)

select
    team_id,
    model,
    listed_model,
    matched_by,
    model_tier,
    usage_pool,
    {% for price in prices %}
        {{ price }},
    {% endfor %}
    first_used_date,
    last_used_date,
    requests,
    usage_value_usd,
    other_usage_usd
from tiered
