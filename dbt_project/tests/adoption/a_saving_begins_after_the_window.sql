select
    team_id,
    email,
    as_of_date,
    earliest_saving_date
from {{ ref('adoption_gaps') }}
where earliest_saving_date <= as_of_date
