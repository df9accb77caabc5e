{{ config(materialized='view') }}

with

newest_observed as (

    select
        team_id,
        max(usage_date) as newest_observed_date
    from {{ ref('int_adoption_observed_days') }}
    group by team_id

)

-- Where no events were ever loaded (the endpoint is refused), daily usage alone says how far anybody looked.
select
    teams.team_id,
    coalesce(teams.newest_loaded_date, newest_observed.newest_observed_date) as as_of_date
from {{ ref('int_teams') }} as teams
left join newest_observed on teams.team_id = newest_observed.team_id
