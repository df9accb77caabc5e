{# Rows that share a combination of columns with another row; nulls are equal to each other here. #}
{% test has_unique_combination(model, columns) %}

select
    {{ columns | join(',\n    ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
