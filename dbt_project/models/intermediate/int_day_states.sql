with

totals as (

    select
        totals.load_id,
        totals.usage_date,
        coalesce(kinds.category, 'unknown') as category,
        totals.events,
        totals.events_without_charge,
        totals.charged_usd
    from {{ ref('stg_cursor__load_totals') }} as totals
    left join {{ ref('int_event_kinds') }} as kinds on {{ kind_key('totals.kind') }} = kinds.kind_key

)

-- A day that came back empty has no totals, and is a state of the day all the same.
select
    loads.team_id,
    loads.usage_date,
    loads.load_number,
    loads.fetch_started_at,
    {{ sum_count("case when totals.category <> 'not_charged' then totals.events end") }} as requests,
    {{ sum_count("case when totals.category <> 'not_charged' then totals.events_without_charge end") }}
        as requests_without_charge,
    {{ sum_usd("case when totals.category in ('included', 'on_demand') then totals.charged_usd end") }}
        as usage_value_usd,
    {{ sum_usd("case when totals.category = 'on_demand' then totals.charged_usd end") }} as on_demand_usd
from {{ ref('int_loads_by_day') }} as loads
left join totals on loads.load_id = totals.load_id and loads.usage_date = totals.usage_date
where loads.endpoint = 'usage_events'
group by loads.team_id, loads.usage_date, loads.load_number, loads.fetch_started_at
