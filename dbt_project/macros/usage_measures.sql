{# Sums over int_usage_daily as the marts name them. Usage value is included and on-demand; the rest does not vanish. #}
{% macro usage_value_amounts() %}
    {{- sum_usd("case when category in ('included', 'on_demand') then amount_usd end") }} as usage_value_usd,
    {{ other_usage_amount() }} as other_usage_usd
{%- endmacro %}

{% macro other_usage_amount() -%}
    {{ sum_usd("case when category in ('credit', 'own_key', 'unknown') then amount_usd end") }}
{%- endmacro %}

{% macro cost_amounts() %}
    {{- sum_usd("case when category = 'included' then amount_usd end") }} as included_usage_usd,
    {{ sum_usd("case when category = 'on_demand' then amount_usd end") }} as on_demand_usd,
    {{ usage_value_amounts() }}
{%- endmacro %}

{% macro request_counts() %}
    {{- sum_count('requests') }} as requests,
    {{ sum_count('input_tokens') }} as input_tokens,
    {{ sum_count('output_tokens') }} as output_tokens,
    {{ sum_count('cache_write_tokens') }} as cache_write_tokens,
    {{ sum_count('cache_read_tokens') }} as cache_read_tokens
{%- endmacro %}
