{# Rows in which an amount is not the sum of others; null where one of them is null. #}
{% test is_sum_of(model, column_name, parts) %}

select
    {{ column_name }},
    {{ parts | join(',\n    ') }}
from {{ model }}
where {{ column_name }} is distinct from ({{ parts | join(' + ') }})

{% endtest %}
