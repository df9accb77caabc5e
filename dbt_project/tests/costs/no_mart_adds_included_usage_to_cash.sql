{#
    Cash is the seat fee and on-demand usage, and on-demand usage is what on-demand events cost, counted from the day grain.
    Here for usage_costs, which every other mart with cash sums: whichever has a test of its own that says so, as a failed
    test of one mart would keep this one from running if it read them all. A mart with cash and without does not compile.
    What could have been saved (cash_saved_…) was not paid: tests/models says where that comes from.
#}
{%- if execute -%}
    {%- set nodes = graph.nodes.values() -%}
    {%- set tests = nodes | selectattr('resource_type', 'equalto', 'test') | map(attribute='name') | list -%}
    {%- for node in nodes if node.resource_type == 'model' and node.schema == 'marts' -%}
        {%- set own_test = node.name ~ '_cash_is_seat_fees_plus_on_demand' -%}
        {%- for column in node.columns if 'cash' in column and 'cash_saved' not in column -%}
            {%- if node.name != 'usage_costs' and own_test not in tests -%}
                {%- do exceptions.raise_compiler_error(node.name ~ '.' ~ column ~ ' is cash: add the test ' ~ own_test) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endif -%}
with

on_demand_by_team as (

    select
        team_id,
        sum(on_demand_usd) as on_demand_usd
    from {{ ref('usage_costs') }}
    group by team_id

),

on_demand_usage as (

    select
        team_id,
        sum(amount_usd) as on_demand_usd
    from {{ ref('int_usage_daily') }}
    where category = 'on_demand'
    group by team_id

)

select
    team_id,
    cash_cost_usd as said_usd,
    seat_fee_usd + on_demand_usd as meant_usd
from {{ ref('usage_costs') }}
where cash_cost_usd is distinct from seat_fee_usd + on_demand_usd
union all
select
    on_demand_by_team.team_id,
    on_demand_by_team.on_demand_usd as said_usd,
    on_demand_usage.on_demand_usd as meant_usd
from on_demand_by_team
left join on_demand_usage on on_demand_by_team.team_id = on_demand_usage.team_id
where on_demand_by_team.on_demand_usd <> coalesce(on_demand_usage.on_demand_usd, 0)
