with

teams as (

    select * from {{ ref('int_teams') }}

),

dashboard_totals as (

    select * from {{ ref('int_verification_dashboard_totals') }}

),

invoices as (

    select * from {{ ref('int_verification_invoices') }}

),

loaded_days as (

    select
        team_id,
        usage_date
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'

),

ranges as (

    select
        team_id,
        window_start_date as start_date,
        window_end_date as end_date,
        cast(null as {{ dbt.type_timestamp() }}) as cycle_start_at,
        cast(null as {{ dbt.type_timestamp() }}) as read_at
    from teams
    where window_end_date is not null
    union
    select
        team_id,
        start_date,
        end_date,
        cycle_start_at,
        read_at
    from dashboard_totals
    where scope in ('window', 'cycle', 'as_of') and start_date <= end_date
    union
    select
        team_id,
        start_date,
        end_date,
        cycle_start_at,
        cast(null as {{ dbt.type_timestamp() }}) as read_at
    from invoices
    where cycle_start_at is not null

),

numbered as (

    select
        row_number() over (
            order by team_id, start_date, end_date, cycle_start_at, read_at
        ) as range_id,
        *
    from ranges

),

offsets as (

    select cast(generated_number - 1 as {{ dbt.type_int() }}) as day_offset
    from ({{ dbt.generate_series(4096) }}) as numbers

),

days as (

    select
        numbered.range_id,
        numbered.team_id,
        cast({{ dbt.dateadd('day', 'offsets.day_offset', 'numbered.start_date') }} as date) as usage_date
    from numbered
    inner join offsets
        on offsets.day_offset <= {{ dbt.datediff('numbered.start_date', 'numbered.end_date', 'day') }}

),

coverage as (

    select
        days.range_id,
        count(*) as days_in_range,
        count(loaded_days.usage_date) as loaded_days,
        min(case when loaded_days.usage_date is null then days.usage_date end) as first_missing_date,
        max(case when loaded_days.usage_date is null then days.usage_date end) as last_missing_date
    from days
    left join loaded_days
        on days.team_id = loaded_days.team_id and days.usage_date = loaded_days.usage_date
    group by days.range_id

)

select
    numbered.range_id,
    numbered.team_id,
    numbered.start_date,
    numbered.end_date,
    numbered.cycle_start_at,
    numbered.read_at,
    coverage.loaded_days,
    case
        when coverage.loaded_days = coverage.days_in_range then null
        when coverage.days_in_range - coverage.loaded_days = 1
            then {{ as_text('coverage.first_missing_date') }} || ' is not loaded'
        else
            {{ count_as_text('coverage.days_in_range - coverage.loaded_days') }}
            || ' days from ' || {{ as_text('coverage.first_missing_date') }}
            || ' to ' || {{ as_text('coverage.last_missing_date') }} || ' are not loaded'
    end as missing_days
from numbered
inner join coverage on numbered.range_id = coverage.range_id
