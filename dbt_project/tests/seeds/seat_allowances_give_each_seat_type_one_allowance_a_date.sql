select
    {{ trimmed('team_id') }} as team_id,
    {{ trimmed('seat_type') }} as seat_type,
    valid_from,
    count(*) as row_count
from {{ ref('seat_allowances') }}
group by {{ trimmed('team_id') }}, {{ trimmed('seat_type') }}, valid_from
having count(*) > 1
