select
    team_id,
    sum(case when is_open_cycle then 1 else 0 end) as open_cycles
from {{ ref('int_billing_cycles') }}
group by team_id
having sum(case when is_open_cycle then 1 else 0 end) <> 1
