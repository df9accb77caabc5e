select
    lower({{ trimmed('pattern') }}) as pattern,
    count(*) as row_count
from {{ ref('model_patterns') }}
group by lower({{ trimmed('pattern') }})
having count(*) > 1
