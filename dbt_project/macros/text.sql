{# Text without blanks at its ends (spaces, tabs, line ends, no-break spaces); null where nothing is left. #}
{% macro trimmed(text) -%}
    nullif({{ adapter.dispatch('without_outer_blanks', 'cursor_usage')(text) }}, '')
{%- endmacro %}

{% macro default__without_outer_blanks(text) -%}
    trim({{ text }})
{%- endmacro %}

{# DuckDB's trim() takes off spaces only. #}
{% macro duckdb__without_outer_blanks(text) -%}
    regexp_replace({{ text }}, '^[\s\pZ]+|[\s\pZ]+$', '', 'g')
{%- endmacro %}

{# " Alice@Example.com" is alice@example.com. #}
{% macro normalised_email(text) -%}
    lower({{ trimmed(text) }})
{%- endmacro %}

{# The API writes the text "null" where there is no service account. #}
{% macro service_account_id(text) -%}
    case when lower({{ trimmed(text) }}) <> 'null' then {{ trimmed(text) }} end
{%- endmacro %}

{# The text behind a top-level key of a JSON object. #}
{% macro json_text(json, key) -%}
    {{ adapter.dispatch('json_text', 'cursor_usage')(json, key) }}
{%- endmacro %}

{% macro default__json_text(json, key) -%}
    ({{ json }} ->> '{{ key }}')
{%- endmacro %}

{% macro spark__json_text(json, key) -%}
    get_json_object({{ json }}, '$.{{ key }}')
{%- endmacro %}

{#
    What the names of one kind have in common, whatever their form: "Errored, Not Charged" and
    USAGE_EVENT_KIND_ERRORED_NOT_CHARGED are both ERROREDNOTCHARGED. Null where nothing is left.
#}
{% macro kind_key(kind) -%}
    nullif({{ adapter.dispatch('only_letters_and_digits', 'cursor_usage')(
        "replace(upper(" ~ kind ~ "), 'USAGE_EVENT_KIND_', '')"
    ) }}, '')
{%- endmacro %}

{% macro default__only_letters_and_digits(text) -%}
    regexp_replace({{ text }}, '[^A-Z0-9]', '', 'g')
{%- endmacro %}

{% macro spark__only_letters_and_digits(text) -%}
    regexp_replace({{ text }}, '[^A-Z0-9]', '')
{%- endmacro %}

{# Whether the whole text matches; null text gives null. #}
{% macro matches(text, pattern) -%}
    {{ adapter.dispatch('matches', 'cursor_usage')(text, pattern) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    ({{ text }} ~ '^({{ pattern }})$')
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_full_match({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro spark__matches(text, pattern) -%}
    ({{ text }} rlike '^({{ pattern }})$')
{%- endmacro %}
