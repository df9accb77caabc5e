{# Columns of which a row leaves one empty, or blank: one row of the answer per column and empty cell. #}
{% test has_no_empty_cell(model, columns) %}

{% for column in columns %}
select '{{ column }}' as empty_column
from {{ model }}
where {{ trimmed('cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')') }} is null
{{ 'union all' if not loop.last }}
{% endfor %}

{% endtest %}
