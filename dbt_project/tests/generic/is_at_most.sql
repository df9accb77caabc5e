{# Values above a bound; null is allowed. #}
{% test is_at_most(model, column_name, high) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} > {{ high }}

{% endtest %}
