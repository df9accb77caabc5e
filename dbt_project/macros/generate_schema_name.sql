{# Schemas are named as the project says, without the target's name before them: marts.* is a public contract. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
