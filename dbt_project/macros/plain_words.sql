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
        when {{ value }} <> 0 and round({{ value }}, 2) = 0 then 'less than $0.01'
        else
            case when {{ value }} < 0 then '-$' else '$' end
            || {{ as_text('cast(abs(round(' ~ value ~ ', 2)) as decimal(38, 2))') }}
    end
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
