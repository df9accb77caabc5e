with

ties as (

    select * from {{ ref('int_verification_ties') }}

),

measures as (

    select * from {{ ref('int_verification_measures') }}

),

cycle_totals as (

    select * from {{ ref('int_verification_cycle_totals') }}

),

cycle_problems as (

    select * from {{ ref('int_verification_cycle_problems') }}

),

refusals as (

    select * from {{ ref('int_verification_refusals') }}

),

against_spend as (

    select
        ties.team_id,
        {{ utc_date('ties.cycle_start_at') }} as window_start_date,
        {{ utc_date('ties.snapshot_at') }} as window_end_date,
        measures.measure,
        case when ties.cycle_start_at is not null then coalesce(cycle_totals.warehouse_value, 0) end as warehouse_value,
        case
            when cycle_totals.reference_rows > cycle_totals.reference_rows_without_value
                then cycle_totals.reference_value
        end as reference_value,
        case when cycle_totals.has_emails then cycle_totals.addresses end as emails_compared,
        case when cycle_totals.has_emails then cycle_totals.addresses_differing end as emails_differing,
        case when cycle_totals.has_emails then cycle_totals.address_difference end as email_difference,
        cycle_totals.widest_address as widest_email,
        cycle_totals.widest_difference as widest_email_difference,
        coalesce(cycle_totals.late_value, 0) as late_value,
        cycle_totals.unsettled_value,
        cycle_totals.after_value,
        cycle_problems.credit_usd,
        cycle_problems.own_key_usd,
        {{ joined_text([
            'refusals.refusal',
            'event_refusals.refusal',
            "case when ties.snapshot_at is null then 'no spend snapshot is loaded' end",
            "case when ties.snapshot_at is not null and ties.cycle_start_at is null
                then 'the spend snapshot does not say when its cycle started' end",
            "case when ties.snapshot_at is not null and coalesce(cycle_totals.reference_rows, 0) = 0
                then 'the spend snapshot lists nobody' end",
            "case when coalesce(cycle_totals.reference_rows, 0) <> ties.spend_records
                then 'the spend snapshot is not whole: '
                || " ~ count_as_text('coalesce(cycle_totals.reference_rows, 0)') ~ " || ' of '
                || " ~ count_as_text('ties.spend_records') ~ " || ' rows' end",
            "case when cycle_totals.reference_rows_without_value > 0
                then 'the spend snapshot does not say ' || measures.label || ' of '
                || " ~ count_as_text('cycle_totals.reference_rows_without_value') ~ " || ' of '
                || " ~ counted('cycle_totals.reference_rows', 'member', 'members') ~ ' end',
            'cycle_problems.problem',
        ], '; ') }} as problem,
        cycle_problems.problem as usage_problem,
        ties.snapshot_at,
        coalesce(
            ties.open_day_load_id is not null and ties.open_day_date = {{ utc_date('ties.snapshot_at') }}, false
        ) as has_open_day,
        case when measures.measure = 'cycle_usage_value_usd' then cycle_problems.other_usage end as note
    from ties
    inner join measures
        on measures.scope = case ties.tied_cycle when 'open' then 'cycle' else 'previous_cycle' end
    left join cycle_totals
        on
            ties.team_id = cycle_totals.team_id
            and measures.measure = cycle_totals.measure
    left join cycle_problems
        on
            ties.team_id = cycle_problems.team_id
            and ties.tied_cycle = cycle_problems.tied_cycle
    -- what is refused now was answered while an earlier cycle was open
    left join refusals
        on
            ties.team_id = refusals.team_id
            and ties.tied_cycle = 'open'
            and refusals.endpoint = 'spend'
    -- without events no open day is read any more: what is tied is a snapshot of before, not what Cursor says now
    left join refusals as event_refusals
        on
            ties.team_id = event_refusals.team_id
            and ties.tied_cycle = 'open'
            and event_refusals.endpoint = 'usage_events'

)

select * from against_spend
