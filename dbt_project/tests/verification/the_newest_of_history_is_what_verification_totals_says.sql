{%- set said = [
    'team_id', 'measure', 'reference_source', 'window_start_date', 'window_end_date', 'warehouse_value',
    'reference_value', 'verdict',
] -%}
-- In both directions: a verdict that history does not have, and a current one that is not there.
with

sides as (

    select
        {{ said | join(',\n        ') }},
        1 as in_totals,
        0 as in_history
    from {{ ref('verification_totals') }}
    union all
    select
        {{ said | join(',\n        ') }},
        0 as in_totals,
        1 as in_history
    from {{ ref('verification_history') }}
    where is_current

)

select {{ said | join(', ') }}
from sides
group by {{ said | join(', ') }}
having sum(in_totals) <> 1 or sum(in_history) <> 1
