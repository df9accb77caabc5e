{%- set limits = 'simple with a price: ' ~ var('simple_max_output_tokens') ~ ', ' ~ var('simple_max_input_tokens') -%}
{{ config(materialized='view') }}

with

loaded_days as (

    select
        team_id,
        usage_date,
        changed_by_load_number
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'

),

-- Only parts that begin within the day: a cycle that is moved a month away leaves a day's sums as they are.
borders as (

    select
        team_id,
        usage_date,
        {{ dbt.listagg(as_text('part_start_at'), "', '", 'order by part_start_at') }} as borders
    from {{ ref('int_day_parts') }}
    where part_start_at > {{ start_of_day('usage_date') }}
    group by team_id, usage_date

),

newest_loads as (

    select max(load_number) as load_number
    from {{ ref('stg_cursor__loads') }}

)

select
    loaded_days.team_id,
    loaded_days.usage_date,
    loaded_days.changed_by_load_number,
    newest_loads.load_number as newest_load_number,
    '{{ limits }}' || coalesce('; borders: ' || borders.borders, '') as day_rules
from loaded_days
cross join newest_loads
left join borders on loaded_days.team_id = borders.team_id and loaded_days.usage_date = borders.usage_date
