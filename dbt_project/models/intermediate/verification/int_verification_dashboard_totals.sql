with

readings as (

    select
        {{ trimmed('team_id') }} as team_id,
        {{ trimmed('measure') }} as measure,
        start_date,
        end_date,
        cast(value as decimal(38, 8)) as reference_value,
        cast(read_at as {{ dbt.type_timestamp() }}) as read_at,
        row_number() over (
            partition by {{ trimmed('team_id') }}, {{ trimmed('measure') }}, start_date, end_date
            order by read_at desc nulls last, value desc nulls last
        ) as newest_first
    from {{ ref('dashboard_totals') }}

),

teams as (

    select * from {{ ref('int_teams') }}

),

measures as (

    select * from {{ ref('int_verification_measures') }}

),

-- A cycle that started an hour off its day of the month is followed by one of the same day: that one is shown.
cycles as (

    select
        team_id,
        {{ utc_date('cycle_start_at') }} as start_date,
        max(cycle_start_at) as cycle_start_at
    from {{ ref('int_billing_cycles') }}
    group by team_id, {{ utc_date('cycle_start_at') }}

),

-- The dashboard shows a cycle from its start's instant, the seed names its day.
with_cycles as (

    select
        readings.team_id,
        readings.measure,
        measures.scope,
        readings.start_date,
        readings.end_date,
        readings.reference_value,
        readings.read_at,
        cycles.cycle_start_at
    from readings
    inner join teams on readings.team_id = teams.team_id
    left join measures on readings.measure = measures.measure
    left join cycles
        on
            readings.team_id = cycles.team_id
            and measures.scope = 'cycle'
            and readings.start_date = cycles.start_date
    where readings.newest_first = 1

)

select * from with_cycles
