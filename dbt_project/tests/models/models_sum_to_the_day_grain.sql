-- A model that no list and no pattern knows has its row all the same; a name that matches twice would count twice.
with

sides as (

    select
        team_id,
        sum(requests) as requests,
        sum(usage_value_usd) as usage_value_usd
    from {{ ref('models') }}
    group by team_id
    union all
    select
        team_id,
        -sum(requests) as requests,
        -{{ sum_usd("case when category in ('included', 'on_demand') then amount_usd end") }} as usage_value_usd
    from {{ ref('int_usage_daily') }}
    where model is not null
    group by team_id

)

select
    team_id,
    sum(requests) as requests,
    sum(usage_value_usd) as usage_value_usd
from sides
group by team_id
having sum(requests) <> 0 or sum(usage_value_usd) <> 0 or count(*) <> 2
