{#
    In every column of money and in requests. Where the fee of one centre is not known the team's is not either, and the
    other way round.
#}
{%- set measures = [
    'included_usage_usd', 'on_demand_usd', 'usage_value_usd', 'other_usage_usd', 'requests',
] -%}
with

centres as (

    select
        team_id,
        cycle_start_at,
        {% for measure in measures %}
            sum({{ measure }}) as {{ measure }},
        {% endfor %}
        case when count(seat_fee_usd) = count(*) then sum(seat_fee_usd) end as seat_fee_usd,
        case when count(cash_cost_usd) = count(*) then sum(cash_cost_usd) end as cash_cost_usd,
        sum(case when cost_centre = 'unassigned' then 1 else 0 end) as unassigned_rows
    from {{ ref('cost_centre_costs') }}
    group by team_id, cycle_start_at

)

select
    coalesce(centres.team_id, team_costs.team_id) as team_id,
    coalesce(centres.cycle_start_at, team_costs.cycle_start_at) as cycle_start_at,
    centres.unassigned_rows,
    centres.cash_cost_usd as centres_cash_usd,
    team_costs.cash_cost_usd as team_cash_usd
from centres
full outer join {{ ref('team_costs') }} as team_costs
    on centres.team_id = team_costs.team_id and centres.cycle_start_at = team_costs.cycle_start_at
where
    centres.unassigned_rows is distinct from 1
    {% for measure in measures + ['seat_fee_usd', 'cash_cost_usd'] %}
        or centres.{{ measure }} is distinct from team_costs.{{ measure }}
    {% endfor %}
