with

ties as (

    select * from {{ ref('int_verification_ties') }}
    where cycle_start_at is not null

),

teams as (

    select * from {{ ref('int_teams') }}
    where window_end_date is not null

),

cycle_emails as (

    select * from {{ ref('int_verification_cycle_emails') }}

),

-- Usage of any category: who used something is not absent, whatever a measure says of it.
usage_by_address as (

    select
        team_id,
        tied_cycle,
        coalesce(email, '') as address,
        count(*) as usage_rows,
        sum(case when category = 'credit' then amount_usd else 0 end) as credit_usd,
        sum(case when category = 'own_key' then amount_usd else 0 end) as own_key_usd
    from {{ ref('int_verification_cycle_usage') }}
    where is_in_range
    group by team_id, tied_cycle, coalesce(email, '')

),

edges as (

    {%- for measure, (tied_cycle, column) in verification_tied_measures().items() %}
        select
            team_id,
            '{{ measure }}' as measure,
            address,
            sum(amount_usd) as amount_usd
        from {{ ref('int_verification_cycle_edges') }}
        where
            tied_cycle = '{{ tied_cycle }}'
            and category in {{ listed(verification_usage_categories()[measure]) }}
        group by team_id, address
        {{ 'union all' if not loop.last }}
    {%- endfor %}

),

against_spend as (

    select
        ties.team_id,
        cycle_emails.measure,
        'cursor_spend_api' as reference_source,
        {{ utc_date('ties.cycle_start_at') }} as window_start_date,
        {{ utc_date('ties.snapshot_at') }} as window_end_date,
        'usd' as unit,
        cycle_emails.address,
        cycle_emails.warehouse_value,
        case
            when cycle_emails.reference_rows > cycle_emails.reference_rows_without_value
                then cycle_emails.reference_value
        end as reference_value,
        coalesce(usage_by_address.usage_rows, 0) as usage_rows,
        cycle_emails.reference_rows,
        coalesce(edges.amount_usd, 0) as before_start_usd,
        coalesce(usage_by_address.credit_usd, 0) as credit_usd,
        coalesce(usage_by_address.own_key_usd, 0) as own_key_usd
    from ties
    inner join cycle_emails
        on
            ties.team_id = cycle_emails.team_id
            and ties.tied_cycle
            = case when cycle_emails.measure = 'previous_cycle_on_demand_usd' then 'previous' else 'open' end
    left join usage_by_address
        on
            ties.team_id = usage_by_address.team_id
            and ties.tied_cycle = usage_by_address.tied_cycle
            and cycle_emails.address = usage_by_address.address
    left join edges
        on
            cycle_emails.team_id = edges.team_id
            and cycle_emails.measure = edges.measure
            and cycle_emails.address = edges.address
    -- whoever used nothing of the measure until the snapshot, and is not in it, is on neither side
    where cycle_emails.reference_rows > 0 or cycle_emails.usage_rows_in_range > 0

),

-- A row that says that somebody was not active is a row.
developer_days as (

    select
        team_id,
        email,
        usage_date,
        has_request,
        has_active_daily_row,
        false as is_daily_row
    from {{ ref('int_developer_activity_days') }}
    union all
    select
        team_id,
        email,
        usage_date,
        false as has_request,
        false as has_active_daily_row,
        true as is_daily_row
    from {{ ref('stg_cursor__daily_usage') }}
    where email is not null

),

against_daily_usage as (

    select
        teams.team_id,
        'active_developer_days' as measure,
        'cursor_daily_usage_api' as reference_source,
        teams.window_start_date,
        teams.window_end_date,
        'developer_days' as unit,
        developer_days.email as address,
        sum(case when developer_days.has_request then 1 else 0 end) as warehouse_value,
        case
            when max(case when developer_days.is_daily_row then 1 else 0 end) = 1
                then sum(case when developer_days.has_active_daily_row then 1 else 0 end)
        end as reference_value,
        sum(case when developer_days.has_request then 1 else 0 end) as usage_rows,
        sum(case when developer_days.is_daily_row then 1 else 0 end) as reference_rows,
        0 as before_start_usd,
        0 as credit_usd,
        0 as own_key_usd
    from teams
    inner join developer_days
        on
            teams.team_id = developer_days.team_id
            and teams.window_start_date <= developer_days.usage_date
            and teams.window_end_date >= developer_days.usage_date
    group by teams.team_id, teams.window_start_date, teams.window_end_date, developer_days.email

),

addresses as (

    select * from against_spend
    union all
    select * from against_daily_usage

)

select
    team_id,
    measure,
    reference_source,
    window_start_date,
    window_end_date,
    unit,
    address,
    cast(warehouse_value as decimal(38, 8)) as warehouse_value,
    cast(reference_value as decimal(38, 8)) as reference_value,
    cast(warehouse_value - coalesce(reference_value, 0) as decimal(38, 8)) as difference,
    cast(usage_rows as bigint) as usage_rows,
    cast(reference_rows as bigint) as reference_rows,
    cast(before_start_usd as decimal(38, 8)) as before_start_usd,
    cast(credit_usd as decimal(38, 8)) as credit_usd,
    cast(own_key_usd as decimal(38, 8)) as own_key_usd
from addresses
