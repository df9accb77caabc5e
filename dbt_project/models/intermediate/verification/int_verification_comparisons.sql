{#- what stands against comparing a figure of seats, which are known from snapshots and not from days -#}
{%- set seat_problem -%}
    case
        when seat_values.team_id is null then 'no members list of that time is loaded'
        when dashboard_totals.end_date > {{ utc_date('teams.members_snapshot_at') }}
            then 'the newest members list is of ' || {{ as_text(utc_date('teams.members_snapshot_at')) }}
        when
            dashboard_totals.measure in ('paid_seats_without_activity', 'developers_without_seat')
            and dashboard_totals.end_date < teams.window_end_date
            then
                'this figure is known as of ' || {{ as_text('teams.window_end_date') }} || ' only'
        when seat_values.warehouse_value is null
            then coalesce({{ quoted_sentence('seat_values.note') }}, 'nobody holds a seat')
    end
{%- endset %}
with

teams as (

    select * from {{ ref('int_teams') }}

),

measures as (

    select * from {{ ref('int_verification_measures') }}

),

refusals as (

    select * from {{ ref('int_verification_refusals') }}

),

ties as (

    select * from {{ ref('int_verification_ties') }}

),

ranges as (

    select
        ranges.*,
        problems.unknown_kinds,
        {{ joined_text(['ranges.missing_days', 'problems.unknown_kinds', 'problems.unpriced_requests'], '; ') }}
            as problem
    from {{ ref('int_verification_ranges') }} as ranges
    inner join {{ ref('int_verification_range_problems') }} as problems
        on ranges.range_id = problems.range_id

),

range_values as (

    select * from {{ ref('int_verification_range_values') }}

),

cycle_totals as (

    select * from {{ ref('int_verification_cycle_totals') }}

),

cycle_problems as (

    select * from {{ ref('int_verification_cycle_problems') }}

),

seat_values as (

    select * from {{ ref('int_verification_seat_values') }}

),

daily_usage as (

    select * from {{ ref('int_verification_developers') }}

),

dashboard_totals as (

    select * from {{ ref('int_verification_dashboard_totals') }}

),

-- What a team's figures over the window and as of its last day are, whether they have a reference or not.
own_values as (

    select
        teams.team_id,
        teams.window_start_date,
        teams.window_end_date,
        measures.measure,
        coalesce(range_values.warehouse_value, seat_values.warehouse_value) as warehouse_value,
        {{ joined_text([
            'seat_values.note',
            "case when measures.measure = 'unknown_kind_usd' then 'Found: ' || ranges.unknown_kinds || '.' end",
            "case when measures.scope = 'window' then 'Loaded days only: ' || ranges.missing_days || '.' end",
            "case when teams.window_end_date is null and measures.scope = 'window' then 'No day is loaded.' end",
            "'Also, ' || refusals.refusal || '.'",
            "case
                when teams.members_snapshot_at is null and measures.scope = 'as_of' then 'No members are loaded.'
            end",
        ], ' ') }} as note
    from teams
    cross join measures
    left join refusals
        on
            teams.team_id = refusals.team_id
            and refusals.endpoint = case measures.scope when 'window' then 'usage_events' else 'members' end
    left join ranges
        on
            teams.team_id = ranges.team_id
            and teams.window_start_date = ranges.start_date
            and teams.window_end_date = ranges.end_date
            and ranges.cycle_start_at is null
            and ranges.read_at is null
    left join range_values
        on
            ranges.range_id = range_values.range_id
            and measures.measure = range_values.measure
    left join seat_values
        on
            teams.team_id = seat_values.team_id
            and measures.measure = seat_values.measure
            and seat_values.as_of_date is null
    where measures.scope <> 'cycle'

),

without_reference as (

    select
        own_values.team_id,
        own_values.window_start_date,
        own_values.window_end_date,
        own_values.measure,
        own_values.warehouse_value,
        own_values.note
    from own_values
    left join dashboard_totals
        on
            own_values.team_id = dashboard_totals.team_id
            and own_values.measure = dashboard_totals.measure
    where
        dashboard_totals.measure is null
        and own_values.measure not in ('active_developers', 'active_developer_days')

),

against_daily_usage as (

    select
        own_values.team_id,
        own_values.window_start_date,
        own_values.window_end_date,
        own_values.measure,
        own_values.warehouse_value,
        daily_usage.reference_value,
        {{ joined_text([
            joined_text(['daily_usage.explanation', 'daily_usage.missing_days', 'refusals.refusal'], '; ') ~ " || '.'",
            'own_values.note',
        ], ' ') }} as note
    from own_values
    left join daily_usage
        on
            own_values.team_id = daily_usage.team_id
            and own_values.measure = daily_usage.measure
    left join refusals
        on
            own_values.team_id = refusals.team_id
            and refusals.endpoint = 'daily_usage'
    where own_values.measure in ('active_developers', 'active_developer_days')

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
        {{ joined_text([
            'refusals.refusal',
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
            'cycle_problems.uncovered_start',
            'cycle_problems.missing_days',
            'cycle_problems.unreached_snapshot',
            'cycle_problems.unknown_kinds',
            'cycle_problems.unpriced_requests',
            'cycle_problems.late_snapshot',
        ], '; ') }} as problem,
        case when measures.measure = 'cycle_usage_value_usd' then cycle_problems.other_usage end as note
    from ties
    cross join measures
    left join cycle_totals
        on
            ties.team_id = cycle_totals.team_id
            and measures.measure = cycle_totals.measure
    left join cycle_problems on ties.team_id = cycle_problems.team_id
    left join refusals
        on
            ties.team_id = refusals.team_id
            and refusals.endpoint = 'spend'
    where measures.scope = 'cycle'

),

against_dashboard as (

    select
        dashboard_totals.team_id,
        dashboard_totals.start_date as window_start_date,
        dashboard_totals.end_date as window_end_date,
        dashboard_totals.measure,
        coalesce(range_values.warehouse_value, seat_values.warehouse_value) as warehouse_value,
        dashboard_totals.reference_value,
        coalesce(range_values.late_value, 0) as late_value,
        {{ joined_text([
            "case when dashboard_totals.scope is null then 'there is no measure of this name' end",
            "case when dashboard_totals.reference_value is null then 'no value was read off the dashboard' end",
            "case when not coalesce(dashboard_totals.start_date <= dashboard_totals.end_date, false)
                then 'its dates are not a range' end",
            'ranges.problem',
            "case when dashboard_totals.scope = 'as_of' then " ~ seat_problem ~ ' end',
            "case when ranges.missing_days is not null then event_refusals.refusal end",
            "case when dashboard_totals.scope = 'as_of' then member_refusals.refusal end",
        ], '; ') }} as problem
    from dashboard_totals
    inner join teams on dashboard_totals.team_id = teams.team_id
    left join ranges
        on
            dashboard_totals.team_id = ranges.team_id
            and dashboard_totals.start_date = ranges.start_date
            and dashboard_totals.end_date = ranges.end_date
            and dashboard_totals.cycle_start_at is not distinct from ranges.cycle_start_at
            and dashboard_totals.read_at is not distinct from ranges.read_at
    left join range_values
        on
            ranges.range_id = range_values.range_id
            and dashboard_totals.measure = range_values.measure
    left join seat_values
        on
            dashboard_totals.team_id = seat_values.team_id
            and dashboard_totals.measure = seat_values.measure
            and seat_values.as_of_date
            is not distinct from
            case when dashboard_totals.end_date < teams.window_end_date then dashboard_totals.end_date end
    left join refusals as event_refusals
        on
            dashboard_totals.team_id = event_refusals.team_id
            and event_refusals.endpoint = 'usage_events'
    left join refusals as member_refusals
        on
            dashboard_totals.team_id = member_refusals.team_id
            and member_refusals.endpoint = 'members'

),

comparisons as (

    select
        team_id,
        window_start_date,
        window_end_date,
        measure,
        warehouse_value,
        cast(null as {{ dbt.type_string() }}) as reference_source,
        cast(null as decimal(38, 8)) as reference_value,
        false as is_compared,
        cast(null as bigint) as emails_compared,
        cast(null as bigint) as emails_differing,
        cast(null as decimal(38, 8)) as email_difference,
        cast(null as {{ dbt.type_string() }}) as widest_email,
        cast(null as decimal(38, 8)) as widest_email_difference,
        cast(0 as decimal(38, 8)) as late_value,
        cast(null as {{ dbt.type_string() }}) as problem,
        note
    from without_reference
    union all
    select
        team_id,
        window_start_date,
        window_end_date,
        measure,
        warehouse_value,
        'cursor_daily_usage_api' as reference_source,
        reference_value,
        false as is_compared,
        null as emails_compared,
        null as emails_differing,
        null as email_difference,
        null as widest_email,
        null as widest_email_difference,
        0 as late_value,
        null as problem,
        note
    from against_daily_usage
    union all
    select
        team_id,
        window_start_date,
        window_end_date,
        measure,
        warehouse_value,
        'cursor_spend_api' as reference_source,
        reference_value,
        true as is_compared,
        emails_compared,
        emails_differing,
        email_difference,
        widest_email,
        widest_email_difference,
        late_value,
        problem,
        note
    from against_spend
    union all
    select
        team_id,
        window_start_date,
        window_end_date,
        measure,
        warehouse_value,
        'dashboard' as reference_source,
        reference_value,
        true as is_compared,
        null as emails_compared,
        null as emails_differing,
        null as email_difference,
        null as widest_email,
        null as widest_email_difference,
        late_value,
        problem,
        null as note
    from against_dashboard

)

select
    comparisons.team_id,
    comparisons.window_start_date,
    comparisons.window_end_date,
    comparisons.measure,
    coalesce(measures.measure_order, 99) as measure_order,
    coalesce(measures.unit, 'unknown') as unit,
    coalesce(measures.label, comparisons.measure) as label,
    cast(comparisons.warehouse_value as decimal(38, 8)) as warehouse_value,
    comparisons.reference_source,
    cast(comparisons.reference_value as decimal(38, 8)) as reference_value,
    comparisons.is_compared,
    cast(comparisons.emails_compared as bigint) as emails_compared,
    cast(comparisons.emails_differing as bigint) as emails_differing,
    cast(comparisons.email_difference as decimal(38, 8)) as email_difference,
    comparisons.widest_email,
    cast(comparisons.widest_email_difference as decimal(38, 8)) as widest_email_difference,
    cast(comparisons.late_value as decimal(38, 8)) as late_value,
    comparisons.problem,
    {{ joined_text([
        'comparisons.note',
        "case
            when teams.last_run_status = 'failed'
                then 'The last run failed: '
                || coalesce(" ~ quoted_sentence('teams.last_run_error') ~ ", 'no reason is known') || '.'
        end",
    ], ' ') }} as note
from comparisons
inner join teams on comparisons.team_id = teams.team_id
left join measures on comparisons.measure = measures.measure
