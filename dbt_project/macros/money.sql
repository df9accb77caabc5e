{#
    A JSON number's text with its digits written out: 7.1e-3 is 0.0071. Other text stays as it is.
    DuckDB 1.5 rounds a text with an exponent wrongly when it casts it: 7.1e-15 becomes 0.000001 as decimal(38,6).
    May go when test_charged_cents_are_the_decimal_of_their_text (tests/dbt_project/test_cost_marts.py) holds without it.
#}
{% macro digits_written_out(text) -%}
    case when {{ matches(text, '[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)[eE][-+]?[0-9]{1,9}') }}
        then {{ without_exponent(text) }} else {{ text }} end
{%- endmacro %}

{% macro without_exponent(text) -%}
    {%- set lowered = "replace(lower(" ~ text ~ "), '+', '')" -%}
    {%- set mantissa = dbt.split_part("ltrim(" ~ lowered ~ ", '-')", "'e'", 1) | trim -%}
    {%- set exponent = "cast(" ~ dbt.split_part(lowered, "'e'", 2) | trim ~ " as bigint)" -%}
    {#- The point moves over the digits, and over no more zeros than a decimal has digits. -#}
    {%- set zeros = "'" ~ '0' * 60 ~ "'" -%}
    {%- set digits = zeros ~ " || replace(" ~ mantissa ~ ", '.', '') || " ~ zeros -%}
    {%- set point = "cast(60 + length(" ~ dbt.split_part(mantissa, "'.'", 1) | trim
        ~ ") + least(greatest(" ~ exponent ~ ", -60), 60) as integer)" -%}
    case when {{ text }} like '-%' then '-' else '' end
    || substring({{ digits }}, 1, {{ point }})
    || '.'
    || substring({{ digits }}, {{ point }} + 1)
{%- endmacro %}

{#
    The decimal that a number's text (digits written out) shows, rounded half away from zero to so many decimals; null
    where it is no number, or one with more than 34 digits.
#}
{% macro decimal_of_text(text, scale) -%}
    {{ adapter.dispatch('decimal_of_text', 'cursor_usage')(text, scale) }}
{%- endmacro %}

{% macro default__decimal_of_text(text, scale) -%}
    cast({{ text }} as decimal(34, {{ scale }}))
{%- endmacro %}

{# DuckDB casts text to decimals of 18 digits 80 times faster than to longer ones: the others are for what is left. #}
{% macro duckdb__decimal_of_text(text, scale) -%}
    coalesce(
        cast(try_cast({{ text }} as decimal(18, {{ scale }})) as decimal(34, {{ scale }})),
        try_cast({{ text }} as decimal(34, {{ scale }}))
    )
{%- endmacro %}

{#
    Cents as the JSON text shows them -> dollars, decimal(38,8): six decimals of a cent are eight of a dollar, so the one
    rounding is that of the text. 34 digits leave an engine room for the exact product.
#}
{% macro cents_to_usd(cents_text) -%}
    cast({{ decimal_of_text(cents_text, 6) }} * 0.01 as decimal(38, 8))
{%- endmacro %}

{# Dollars as the JSON text shows them -> decimal(38,8). #}
{% macro dollars_to_usd(dollars_text) -%}
    cast({{ decimal_of_text(dollars_text, 8) }} as decimal(38, 8))
{%- endmacro %}

{#
    The dollars of an event without chargedCents: totalCents × (1 − discountPercentOff/100) + cursorTokenFee, rounded
    once. Null without totalCents, which is to say without tokens: a token fee alone is not a price.
#}
{% macro token_priced_usd(total_cents, discount_percent_off, cursor_token_fee) -%}
    cast(
        cast({{ adapter.dispatch('token_priced_cents', 'cursor_usage')(
            total_cents, discount_percent_off, cursor_token_fee
        ) }} as decimal(34, 6)) * 0.01
        as decimal(38, 8)
    )
{%- endmacro %}

{% macro default__token_priced_cents(total_cents, discount_percent_off, cursor_token_fee) -%}
    cast({{ total_cents }} as numeric) * (100 - cast(coalesce({{ discount_percent_off }}, '0') as numeric)) * 0.01
    + cast(coalesce({{ cursor_token_fee }}, '0') as numeric)
{%- endmacro %}

{#
    A product's scale is the sum of both scales and may not pass 38. Eight decimals of the discount leave twenty of the
    cents; what a longer discount has beyond eight decimals is multiplied apart and added. Twenty decimals leave room for
    a million dollars; an amount beyond keeps twelve, which is more digits than a double has.
#}
{% macro duckdb__token_priced_cents(total_cents, discount_percent_off, cursor_token_fee) -%}
    {%- set discount = "try_cast(coalesce(" ~ discount_percent_off ~ ", '0') as decimal(38, 18))" -%}
    coalesce(
        {%- for scale in (20, 12) %}
            {%- set total = "try_cast(" ~ total_cents ~ " as decimal(38, " ~ scale ~ "))" -%}
            {%- set fee = "try_cast(coalesce(" ~ cursor_token_fee ~ ", '0') as decimal(38, " ~ scale ~ "))" %}
            try(
                {{ total }} * cast(100 - cast({{ discount }} as decimal(18, 8)) as decimal(18, 8)) * 0.01
                - cast(
                    {{ total }} * cast({{ discount }} - cast({{ discount }} as decimal(18, 8)) as decimal(18, 18))
                    as decimal(38, {{ scale + 8 }})
                ) * 0.01
                + {{ fee }}
            ){{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{# Σ of an amount, exact; 0 where there is none. Some engines widen a decimal's sum: cast back. #}
{% macro sum_usd(amount) -%}
    cast(coalesce(sum({{ amount }}), 0) as decimal(38, 8))
{%- endmacro %}

{# Σ of a count, as the marts promise it; 0 where there is none. DuckDB's sum of bigint is hugeint. #}
{% macro sum_count(count) -%}
    cast(coalesce(sum({{ count }}), 0) as bigint)
{%- endmacro %}

{# A part of a whole as a double; null where the whole is not positive. #}
{% macro share(part, whole) -%}
    {%- set double = adapter.dispatch('double_type', 'cursor_usage')() -%}
    case when {{ whole }} > 0 then cast({{ part }} as {{ double }}) / cast({{ whole }} as {{ double }}) end
{%- endmacro %}

{% macro default__double_type() -%} double {%- endmacro %}
{% macro postgres__double_type() -%} double precision {%- endmacro %}

{#
    A price for some of a period's days, to the cent, half up, in integers: $40.00 for 10 of 31 days is $12.90.
    Price: dollars with at most eight decimals, not negative.
#}
{% macro prorated_usd(price_usd, days, days_of_period) -%}
    {%- set part -%} cast({{ price_usd }} * 100000000 as bigint) * cast({{ days }} as bigint) {%- endset -%}
    {%- set period -%} (cast({{ days_of_period }} as bigint) * 1000000) {%- endset -%}
    cast(
        {{ integer_quotient('(2 * ' ~ part ~ ' + ' ~ period ~ ')', '(2 * ' ~ period ~ ')') }} * 0.01 as decimal(38, 8)
    )
{%- endmacro %}

{# The quotient of two integers that are not negative, without its remainder. #}
{% macro integer_quotient(dividend, divisor) -%}
    {{ adapter.dispatch('integer_quotient', 'cursor_usage')(dividend, divisor) }}
{%- endmacro %}

{% macro default__integer_quotient(dividend, divisor) -%}
    (({{ dividend }} - mod({{ dividend }}, {{ divisor }})) / {{ divisor }})
{%- endmacro %}

{% macro duckdb__integer_quotient(dividend, divisor) -%}
    ({{ dividend }} // {{ divisor }})
{%- endmacro %}

{#
    An amount (× another count) ÷ a count, to the cent, half away from zero, in integers: $10.00 for 3 is $3.33. Null where
    the count is 0. The amount has at most eight decimals and may be negative; the counts are not.
#}
{% macro divided_usd(amount_usd, count, times='1') -%}
    {%- set part = units_of_usd(amount_usd) ~ ' * ' ~ whole_number(times) -%}
    {%- set whole = whole_number('nullif(' ~ count ~ ', 0)') ~ ' * 1000000' -%}
    cast({{ rounded_quotient(part, whole) }} * 0.01 as decimal(38, 8))
{%- endmacro %}

{#
    An amount × a count ÷ another, to eight decimals, half away from zero, in integers: what ten requests of $1 would have
    cost had they been three. Null where the divisor is 0. The amount may be negative, the counts are not.
#}
{% macro scaled_usd(amount_usd, times, by) -%}
    {%- set part = units_of_usd(amount_usd) ~ ' * ' ~ whole_number(times) -%}
    cast({{ rounded_quotient(part, whole_number('nullif(' ~ by ~ ', 0)')) }} * 0.00000001 as decimal(38, 8))
{%- endmacro %}

{# An amount in units of its eighth decimal. #}
{% macro units_of_usd(amount_usd) -%}
    {{ whole_number(amount_usd ~ ' * 100000000') }}
{%- endmacro %}

{# The quotient of an integer and a positive one, rounded half away from zero, as a decimal without decimals. #}
{% macro rounded_quotient(dividend, divisor) -%}
    {%- set magnitude = adapter.dispatch('whole_quotient', 'cursor_usage')(
        '(2 * abs(' ~ dividend ~ ') + ' ~ divisor ~ ')', '(2 * ' ~ divisor ~ ')'
    ) -%}
    cast(case when {{ dividend }} < 0 then -1 else 1 end * {{ magnitude }} as decimal(38, 0))
{%- endmacro %}

{# integer_quotient of two whole_numbers. #}
{% macro default__whole_quotient(dividend, divisor) -%}
    {{ integer_quotient(dividend, divisor) }}
{%- endmacro %}

{# DuckDB divides hugeints bit by bit: fifty times as slowly as bigints, and nearly all of them fit into those. #}
{% macro duckdb__whole_quotient(dividend, divisor) -%}
    coalesce(
        try_cast({{ dividend }} as bigint) // try_cast({{ divisor }} as bigint),
        {{ integer_quotient(dividend, divisor) }}
    )
{%- endmacro %}

{# An integer of as many digits as the engine has: the product of an amount and a count is beyond bigint. #}
{% macro whole_number(value) -%}
    cast({{ value }} as {{ adapter.dispatch('whole_number_type', 'cursor_usage')() }})
{%- endmacro %}

{% macro default__whole_number_type() -%} decimal(38, 0) {%- endmacro %}
{# DuckDB divides decimals as doubles. #}
{% macro duckdb__whole_number_type() -%} hugeint {%- endmacro %}
