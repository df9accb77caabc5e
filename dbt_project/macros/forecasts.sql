{% macro as_double(value) -%}
    cast({{ value }} as {{ adapter.dispatch('double_type', 'cursor_usage')() }})
{%- endmacro %}

{# A part of a positive whole as a double between 0 and 1. #}
{% macro clamped_share(part, whole) -%}
    greatest(least({{ as_double(part) }} / {{ as_double(whole) }}, 1), 0)
{%- endmacro %}

{#
    What of a person's usage to come is on-demand: the share that was, since the allowance was used up; before that, what
    does not fit into the allowance any more; nothing where nobody knows where the allowance ends.
    people: alias of a row of int_forecast_people.
#}
{% macro on_demand_to_come(people, usage_to_come) -%}
    case
        when {{ people }}.is_over then {{ people }}.on_demand_share * ({{ usage_to_come }})
        when {{ people }}.allowance_usd is not null then greatest(
            {{ as_double(people ~ '.included_usage_usd') }} + ({{ usage_to_come }}) - {{ people }}.allowance_usd, 0
        )
        else 0
    end
{%- endmacro %}

{#
    Σ of doubles, the same whatever the order: a sum of doubles depends on it in its last digits, and engines do not
    promise one. Each is taken to eight decimals.
#}
{% macro sum_of_doubles(value) -%}
    {{ as_double('sum(cast(' ~ value ~ ' as decimal(38, 8)))') }}
{%- endmacro %}

{# A double of dollars in whole cents, half away from zero. #}
{% macro cents_of_double(usd) -%}
    {{ adapter.dispatch('cents_of_double', 'cursor_usage')(usd) }}
{%- endmacro %}

{% macro default__cents_of_double(usd) -%}
    cast(round(cast({{ usd }} as decimal(38, 8)), 2) as decimal(38, 8))
{%- endmacro %}

{# DuckDB's decimal of a double has the double's error in its last digits; its round has not. #}
{% macro duckdb__cents_of_double(usd) -%}
    cast(round({{ usd }}, 2) as decimal(38, 8))
{%- endmacro %}

{# 1 is Monday, 7 is Sunday. #}
{% macro iso_weekday(day) -%}
    {{ adapter.dispatch('iso_weekday', 'cursor_usage')(day) }}
{%- endmacro %}

{% macro default__iso_weekday(day) -%}
    cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}

{% macro spark__iso_weekday(day) -%}
    cast(extract(dow_iso from {{ day }}) as integer)
{%- endmacro %}

{% macro seconds_between(first_at, last_at) -%}
    {{ adapter.dispatch('seconds_between', 'cursor_usage')(first_at, last_at) }}
{%- endmacro %}

{% macro default__seconds_between(first_at, last_at) -%}
    {{ dbt.datediff(first_at, last_at, 'second') }}
{%- endmacro %}

{# The same as dbt's own, in one line. #}
{% macro duckdb__seconds_between(first_at, last_at) -%}
    date_diff('second', {{ first_at }}, {{ last_at }})
{%- endmacro %}
