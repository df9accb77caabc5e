{#
    Cash is the seat fee and on-demand usage, in every mart that has a column of cash; and on-demand usage is what
    on-demand events cost, counted from staging. A mart with cash that is not in the list below does not compile here.
#}
{%- set marts_with_cash = {'usage_costs': ref('usage_costs')} -%}
{%- if execute -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.schema == 'marts' -%}
        {%- for column in node.columns if 'cash' in column and node.name not in marts_with_cash -%}
            {%- do exceptions.raise_compiler_error(node.name ~ '.' ~ column ~ ' is cash: add the mart to this test') -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endif -%}
with

cash as (

    {% for mart, relation in marts_with_cash.items() %}
        select
            '{{ mart }}' as mart,
            team_id,
            cash_cost_usd,
            seat_fee_usd,
            on_demand_usd
        from {{ relation }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

on_demand_by_team as (

    select
        mart,
        team_id,
        sum(on_demand_usd) as on_demand_usd
    from cash
    group by mart, team_id

),

on_demand_events as (

    select
        events.team_id,
        sum(events.amount_usd) as on_demand_usd
    from {{ ref('stg_cursor__usage_events') }} as events
    inner join {{ ref('int_event_kinds') }} as kinds on {{ kind_key('events.kind') }} = kinds.kind_key
    where kinds.category = 'on_demand'
    group by events.team_id

)

select
    mart,
    team_id,
    cash_cost_usd as said_usd,
    seat_fee_usd + on_demand_usd as meant_usd
from cash
where cash_cost_usd is distinct from seat_fee_usd + on_demand_usd
union all
select
    on_demand_by_team.mart,
    on_demand_by_team.team_id,
    on_demand_by_team.on_demand_usd as said_usd,
    on_demand_events.on_demand_usd as meant_usd
from on_demand_by_team
left join on_demand_events on on_demand_by_team.team_id = on_demand_events.team_id
where on_demand_by_team.on_demand_usd <> coalesce(on_demand_events.on_demand_usd, 0)
