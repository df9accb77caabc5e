select
    team_id,
    measure,
    reference_source,
    window_start_date,
    window_end_date,
    unit,
    nullif(address, '') as email,
    warehouse_value,
    reference_value,
    difference,
    case
        when reference_rows = 0 then 'warehouse_only'
        when usage_rows = 0 then 'reference_only'
        else 'both'
    end as presence,
    case
        when unit = 'usd' then round(warehouse_value, 2) = round(coalesce(reference_value, 0), 2)
        else difference = 0
    end as is_equal
from {{ ref('int_verification_addresses') }}
