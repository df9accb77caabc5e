{# Values below a bound; null is allowed. #}
{% test is_at_least(model, column_name, low) %}

select {{ column_name }}
from {{ model }}
where {{ column_name }} < {{ low }}

{% endtest %}
