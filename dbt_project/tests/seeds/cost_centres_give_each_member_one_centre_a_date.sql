select
    {{ trimmed('team_id') }} as team_id,
    {{ normalised_email('email') }} as email,
    valid_from,
    count(*) as row_count
from {{ ref('cost_centres') }}
group by {{ trimmed('team_id') }}, {{ normalised_email('email') }}, valid_from
having count(*) > 1
