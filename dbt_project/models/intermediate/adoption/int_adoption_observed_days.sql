-- A day on which activity could have been seen: events or daily usage of it were loaded.
select distinct
    team_id,
    usage_date
from {{ ref('int_loaded_days') }}
where endpoint in ('usage_events', 'daily_usage')
