{%- set prices = [
    'input_usd_per_million', 'cache_write_usd_per_million', 'cache_read_usd_per_million', 'output_usd_per_million',
] -%}
with

listed as (

    select
        lower({{ trimmed('model') }}) as listed_model,
        coalesce(valid_from, date '0001-01-01') as valid_from,
        min(model_tier) as model_tier,
        {% for price in prices %}
            min({{ price }}) as {{ price }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('model_tiers') }}
    where {{ trimmed('model') }} is not null
    group by lower({{ trimmed('model') }}), coalesce(valid_from, date '0001-01-01')

)

-- The first row of a name holds for the time before it too: no event is older than its model's price.
select
    listed_model,
    model_tier,
    {% for price in prices %}
        {{ price }},
    {% endfor %}
    case
        when lag(valid_from) over (partition by listed_model order by valid_from) is null then date '0001-01-01'
        else valid_from
    end as valid_from_date,
    coalesce(
        lead(valid_from) over (partition by listed_model order by valid_from), date '9999-12-31'
    ) as valid_until_date
from listed
