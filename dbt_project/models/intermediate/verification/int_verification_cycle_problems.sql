with

ties as (

    select * from {{ ref('int_verification_ties') }}
    where cycle_start_at is not null

),

usage_rows as (

    select * from {{ ref('int_verification_cycle_usage') }}
    where is_in_range

),

closed_days as (

    select
        team_id,
        usage_date
    from {{ ref('int_loaded_days') }}
    where endpoint = 'usage_events'

),

offsets as (

    select cast(generated_number - 1 as {{ dbt.type_int() }}) as day_offset
    from ({{ dbt.generate_series(512) }}) as numbers

),

days as (

    select
        ties.*,
        cast({{ dbt.dateadd('day', 'offsets.day_offset', 'cast(ties.cycle_start_at as date)') }} as date) as usage_date
    from ties
    inner join offsets
        on
            {{ dbt.datediff(utc_date('ties.cycle_start_at'), utc_date('ties.snapshot_at'), 'day') }}
            >= offsets.day_offset

),

missing_days as (

    select
        days.team_id,
        days.tied_cycle,
        days.usage_date,
        days.usage_date = cast(days.cycle_start_at as date) as is_cycle_start
    from days
    left join closed_days on days.team_id = closed_days.team_id and days.usage_date = closed_days.usage_date
    where
        closed_days.usage_date is null
        and not (days.is_snapshot_reached and days.usage_date = days.open_day_date)

),

coverage as (

    select
        team_id,
        tied_cycle,
        count(*) as missing_days,
        min(usage_date) as first_missing_date,
        max(usage_date) as last_missing_date,
        max(case when is_cycle_start then 1 else 0 end) = 1 as is_start_missing
    from missing_days
    group by team_id, tied_cycle

),

unknown_kinds_listed as (

    {{ unknown_kinds_in_words('usage_rows', ['team_id', 'tied_cycle']) }}

),

amounts as (

    select
        team_id,
        tied_cycle,
        sum(unpriced_requests) as unpriced_requests,
        sum(case when category = 'credit' then amount_usd end) as credit_usd,
        sum(case when category = 'own_key' then amount_usd end) as own_key_usd
    from usage_rows
    group by team_id, tied_cycle

),

problems as (

    select
        ties.team_id,
        ties.tied_cycle,
        case
            when coverage.is_start_missing
                then
                    'the cycle''s start is not covered: '
                    || {{ as_text('cast(ties.cycle_start_at as date)') }} || ' is not loaded'
        end as uncovered_start,
        case
            when coverage.missing_days = 1 and not coverage.is_start_missing
                then {{ as_text('coverage.first_missing_date') }} || ' is not loaded'
            when coverage.missing_days > 1
                then
                    {{ count_as_text('coverage.missing_days') }} || ' days of the cycle from '
                    || {{ as_text('coverage.first_missing_date') }} || ' to '
                    || {{ as_text('coverage.last_missing_date') }} || ' are not loaded'
        end as missing_days,
        case
            when not ties.is_snapshot_reached
                then 'no open day was read up to the spend snapshot at ' || {{ as_text('ties.snapshot_at') }}
        end as unreached_snapshot,
        unknown_kinds_listed.unknown_kinds,
        case
            when amounts.unpriced_requests > 0
                then {{ counted('amounts.unpriced_requests', 'request has no price', 'requests have no price') }}
        end as unpriced_requests,
        case
            when ties.snapshot_at >= ties.cycle_end_at
                then
                    'the spend snapshot at ' || {{ as_text('ties.snapshot_at') }}
                    || ' is later than its cycle''s end at ' || {{ as_text('ties.cycle_end_at') }}
        end as late_snapshot,
        case
            when coalesce(amounts.credit_usd, 0) <> 0 or coalesce(amounts.own_key_usd, 0) <> 0
                then
                    'Not part of usage value: ' || {{ usd_as_text('coalesce(amounts.credit_usd, 0)') }}
                    || ' of credit and ' || {{ usd_as_text('coalesce(amounts.own_key_usd, 0)') }} || ' on own keys.'
        end as other_usage,
        coalesce(amounts.credit_usd, 0) as credit_usd,
        coalesce(amounts.own_key_usd, 0) as own_key_usd
    from ties
    left join coverage on ties.team_id = coverage.team_id and ties.tied_cycle = coverage.tied_cycle
    left join unknown_kinds_listed
        on ties.team_id = unknown_kinds_listed.team_id and ties.tied_cycle = unknown_kinds_listed.tied_cycle
    left join amounts on ties.team_id = amounts.team_id and ties.tied_cycle = amounts.tied_cycle

)

select
    *,
    {{ joined_text([
        'uncovered_start',
        'missing_days',
        'unreached_snapshot',
        'unknown_kinds',
        'unpriced_requests',
        'late_snapshot',
    ], '; ') }} as problem
from problems
