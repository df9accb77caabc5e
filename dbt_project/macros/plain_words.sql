{# Figures and days as a reader of an explanation wants to see them. #}

{% macro as_text(value) -%}
    cast({{ value }} as {{ dbt.type_string() }})
{%- endmacro %}

{% macro count_as_text(value) -%}
    {{ as_text('cast(' ~ value ~ ' as ' ~ dbt.type_bigint() ~ ')') }}
{%- endmacro %}

{# 1234.5 is $1234.50, -0.005 is -$0.01: rounded half away from zero. What is not nothing is not written as nothing. #}
{% macro usd_as_text(value) -%}
    case
        when {{ value }} <> 0 and {{ to_the_cent(value) }} = 0 then 'less than $0.01'
        else
            case when {{ value }} < 0 then '-$' else '$' end
            || {{ as_text('cast(abs(' ~ to_the_cent(value) ~ ') as decimal(38, 2))') }}
    end
{%- endmacro %}

{# An amount with at most eight decimals, rounded half away from zero. #}
{% macro to_the_cent(value) -%}
    {{ adapter.dispatch('to_the_cent', 'cursor_usage')(value) }}
{%- endmacro %}

{% macro default__to_the_cent(value) -%}
    round({{ value }}, 2)
{%- endmacro %}

{# DuckDB rounds 38 digits bit by bit, and 18 in one step. #}
{% macro duckdb__to_the_cent(value) -%}
    coalesce(cast(try_cast({{ value }} as decimal(18, 8)) as decimal(18, 2)), round({{ value }}, 2))
{%- endmacro %}

{% macro figure_as_text(value, unit) -%}
    case when {{ unit }} = 'usd' then {{ usd_as_text(value) }} else {{ count_as_text(value) }} end
{%- endmacro %}

{# two_or_more is the plural; the count stands before the word #}
{% macro counted(value, one, two_or_more) -%}
    {{ count_as_text(value) }} || case when {{ value }} = 1 then ' {{ one }}' else ' {{ two_or_more }}' end
{%- endmacro %}

{# The parts that are not null, with the delimiter between them; null where all are null. #}
{% macro joined_text(parts, delimiter) -%}
    nullif(concat_ws('{{ delimiter }}', {{ parts | join(', ') }}), '')
{%- endmacro %}

{# An error's sentence inside one of ours: without its own full stop. #}
{% macro quoted_sentence(value) -%}
    rtrim(trim({{ value }}), '.')
{%- endmacro %}
