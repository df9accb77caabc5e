{#
    Each way round: a cycle that one of the two marts does not have is a difference too. A sum over developers skips those
    whose fee is not known; the team's then is null, and nothing else may be.
#}
{%- set measures = [
    'included_usage_usd', 'on_demand_usd', 'usage_value_usd', 'other_usage_usd', 'requests',
] -%}
with

developers as (

    select
        team_id,
        cycle_start_at,
        {% for measure in measures %}
            sum({{ measure }}) as {{ measure }},
        {% endfor %}
        case when count(seat_fee_usd) = count(*) then sum(seat_fee_usd) end as seat_fee_usd,
        case when count(cash_cost_usd) = count(*) then sum(cash_cost_usd) end as cash_cost_usd
    from {{ ref('usage_costs') }}
    group by team_id, cycle_start_at

)

select
    coalesce(developers.team_id, team_costs.team_id) as team_id,
    coalesce(developers.cycle_start_at, team_costs.cycle_start_at) as cycle_start_at,
    developers.cash_cost_usd as developers_cash_usd,
    team_costs.cash_cost_usd as team_cash_usd
from developers
full outer join {{ ref('team_costs') }} as team_costs
    on developers.team_id = team_costs.team_id and developers.cycle_start_at = team_costs.cycle_start_at
where
    {% for measure in measures + ['seat_fee_usd', 'cash_cost_usd'] %}
        {{ 'or ' if not loop.first }}developers.{{ measure }} is distinct from team_costs.{{ measure }}
    {% endfor %}
