select
    lower({{ trimmed('model') }}) as listed_model,
    valid_from,
    count(*) as row_count
from {{ ref('model_tiers') }}
group by lower({{ trimmed('model') }}), valid_from
having count(*) > 1
