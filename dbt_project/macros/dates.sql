{# The day of a UTC timestamp. #}
{% macro utc_date(at) -%}
    cast({{ at }} as date)
{%- endmacro %}

{% macro days_after(day, days) -%}
    cast({{ dbt.dateadd('day', days, day) }} as date)
{%- endmacro %}

{# How many days the second date is after the first. #}
{% macro days_between(first_date, last_date) -%}
    {{ adapter.dispatch('days_between', 'cursor_usage')(first_date, last_date) }}
{%- endmacro %}

{% macro default__days_between(first_date, last_date) -%}
    {{ dbt.datediff(first_date, last_date, 'day') }}
{%- endmacro %}

{# The same as dbt's own, in one line. #}
{% macro duckdb__days_between(first_date, last_date) -%}
    date_diff('day', {{ first_date }}, {{ last_date }})
{%- endmacro %}

{# The first instant of a UTC day. #}
{% macro start_of_day(day) -%}
    cast({{ day }} as timestamp)
{%- endmacro %}

{# The last instant of a UTC day, to the microsecond. #}
{% macro end_of_day(day) -%}
    {{ dbt.dateadd('microsecond', -1, dbt.dateadd('day', 1, start_of_day(day))) }}
{%- endmacro %}

{# From when on a day's figures are final: a fetch that began then or later holds them. #}
{% macro settled_at(day) -%}
    {{ dbt.dateadd('hour', 24 + var('settle_hours'), start_of_day(day)) }}
{%- endmacro %}

{#
    The instant so many months after a start, at its time of day, on the given day of the month, clamped to short
    months: 31 January, 28 February, 31 March. Months may be negative.
#}
{% macro month_anniversary(start_at, months, day_of_month) -%}
    {%- set first_of_month = dbt.dateadd('day', '1 - extract(day from ' ~ start_at ~ ')', start_at) -%}
    {%- set month = dbt.dateadd('month', months, first_of_month) -%}
    {%- set last_day = dbt.dateadd('day', -1, dbt.dateadd('month', 1, month)) -%}
    {{ dbt.dateadd(
        'day', 'least(' ~ day_of_month ~ ', extract(day from ' ~ last_day ~ ')) - 1', month
    ) }}
{%- endmacro %}
