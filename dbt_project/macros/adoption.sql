{#
    What a paid seat is on a day, the first that holds. A new seat is not idle yet: it has its grace days to be used for
    the first time, or again. is_active: active fewer than idle_after_days before. tenure_days: null where unknown.
#}
{% macro activity_status(is_removed, is_active, tenure_days, was_ever_active) -%}
    case
        when {{ is_removed }} then 'removed'
        when {{ is_active }} then 'active'
        when {{ tenure_days }} < {{ var('grace_days') }} then 'new'
        when not ({{ was_ever_active }}) then 'never_active'
        else 'idle'
    end
{%- endmacro %}

{# Days from the first to the last one, less those of them that were observed; 0 where the first is later or unknown. #}
{% macro unobserved_days(first_date, last_date, observed) -%}
    greatest(coalesce({{ days_between(first_date, last_date) }} + 1 - ({{ observed }}), 0), 0)
{%- endmacro %}
