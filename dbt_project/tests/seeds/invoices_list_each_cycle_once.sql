select
    {{ trimmed('team_id') }} as team_id,
    cycle_start_date,
    count(*) as row_count
from {{ ref('invoices') }}
group by {{ trimmed('team_id') }}, cycle_start_date
having count(*) > 1
