{# Columns of which a row leaves one empty: one row of the answer per column and empty cell. #}
{% test has_no_empty_cell(model, columns) %}

{% for column in columns %}
select '{{ column }}' as empty_column
from {{ model }}
where {{ column }} is null
{{ 'union all' if not loop.last }}
{% endfor %}

{% endtest %}
