with

-- A month and, where a start was seen off its day, a week; more than enough.
numbers as (

    select cast(generated_number as integer) - 1 as days
    from ({{ dbt.generate_series(64) }}) as series

),

days as (

    select
        cycles.team_id,
        cycles.cycle_start_at,
        cycles.cycle_end_at,
        {{ days_after('cycles.first_date', 'numbers.days') }} as usage_date
    from {{ ref('int_forecast_cycles') }} as cycles
    inner join numbers on numbers.days <= {{ days_between('cycles.first_date', 'cycles.last_date') }}

)

select
    team_id,
    cycle_start_at,
    usage_date,
    {{ iso_weekday('usage_date') }} as weekday,
    {{ seconds_between(
        'greatest(' ~ start_of_day('usage_date') ~ ', cycle_start_at)',
        'least(' ~ start_of_day(days_after('usage_date', 1)) ~ ', cycle_end_at)'
    ) }} / {{ as_double('86400') }} as share_of_day
from days
