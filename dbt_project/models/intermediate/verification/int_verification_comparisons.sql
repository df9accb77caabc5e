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
{#- What a comparison may say; what one does not say is null or as here. -#}
{%- set nothing_said = {
    'window_start_date': 'cast(null as date)',
    'window_end_date': 'cast(null as date)',
    'warehouse_value': 'cast(null as decimal(38, 8))',
    'reference_value': 'cast(null as decimal(38, 8))',
    'emails_compared': 'cast(null as bigint)',
    'emails_differing': 'cast(null as bigint)',
    'email_difference': 'cast(null as decimal(38, 8))',
    'widest_email': 'cast(null as ' ~ dbt.type_string() ~ ')',
    'widest_email_difference': 'cast(null as decimal(38, 8))',
    'late_value': 'cast(0 as decimal(38, 8))',
    'unsettled_value': 'cast(null as decimal(38, 8))',
    'after_value': 'cast(null as decimal(38, 8))',
    'credit_usd': 'cast(null as decimal(38, 8))',
    'own_key_usd': 'cast(null as decimal(38, 8))',
    'problem': 'cast(null as ' ~ dbt.type_string() ~ ')',
    'note': 'cast(null as ' ~ dbt.type_string() ~ ')',
} -%}
{%- set figure = ['window_start_date', 'window_end_date', 'warehouse_value', 'note'] -%}
{%- set amounts = ['late_value', 'unsettled_value', 'credit_usd', 'own_key_usd', 'problem'] -%}
{%- set emails = [
    'emails_compared', 'emails_differing', 'email_difference', 'widest_email', 'widest_email_difference',
] -%}
{#- Where comparisons come from: their reference, whether it decides, and what they say. -#}
{%- set sources = [
    ('without_reference', 'null', 'false', figure),
    ('without_closing_record', 'null', 'false', ['note']),
    ('without_invoice', 'null', 'false', figure),
    ('against_daily_usage', "'cursor_daily_usage_api'", 'false', figure + ['reference_value']),
    ('against_spend', "'cursor_spend_api'", 'true', figure + ['reference_value', 'after_value'] + emails + amounts),
    (
        'against_dashboard', "'dashboard'", 'true',
        ['window_start_date', 'window_end_date', 'warehouse_value', 'reference_value', 'after_value'] + amounts,
    ),
    ('against_invoices', "'invoice'", 'reference_value is not null', figure + ['reference_value'] + amounts),
] -%}
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

    select * from {{ ref('int_verification_range_problems') }}

),

range_values as (

    select * from {{ ref('int_verification_range_values') }}

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

against_spend as (

    select * from {{ ref('int_verification_against_spend') }}

),

closed_cycles as (

    select * from {{ ref('int_verification_closed_cycles') }}

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
    where measures.scope in ('window', 'as_of')

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

-- Nothing of an earlier cycle was ever seen closing.
without_closing_record as (

    select
        teams.team_id,
        measures.measure,
        'No spend snapshot of a cycle before the open one is loaded.' as note
    from teams
    cross join measures
    left join ties on teams.team_id = ties.team_id and ties.tied_cycle = 'previous'
    left join dashboard_totals
        on
            teams.team_id = dashboard_totals.team_id
            and measures.measure = dashboard_totals.measure
    where measures.scope = 'previous_cycle' and ties.team_id is null and dashboard_totals.measure is null

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

against_invoices as (

    select * from closed_cycles
    where has_invoice

),

without_invoice as (

    select closed_cycles.*
    from closed_cycles
    left join dashboard_totals
        on
            closed_cycles.team_id = dashboard_totals.team_id
            and closed_cycles.measure = dashboard_totals.measure
    where not closed_cycles.has_invoice and dashboard_totals.measure is null

),

-- A figure of the open cycle that was read on the day which is still open is of that instant: what it can be compared
-- with is what was used up to the spend snapshot, the open day included.
of_dashboard as (

    select
        dashboard_totals.*,
        coalesce(against_spend.has_open_day, false) as is_of_open_day,
        against_spend.warehouse_value as open_day_value,
        case when against_spend.has_open_day then against_spend.late_value end as late_value,
        case when against_spend.has_open_day then against_spend.unsettled_value end as unsettled_value,
        case when against_spend.has_open_day then against_spend.after_value end as after_value,
        case when against_spend.has_open_day then against_spend.credit_usd end as credit_usd,
        case when against_spend.has_open_day then against_spend.own_key_usd end as own_key_usd,
        {{ joined_text([
            'against_spend.usage_problem',
            "case
                when
                    dashboard_totals.read_at > " ~ dbt.dateadd('hour', var('reading_hours'), 'against_spend.snapshot_at') ~ "
                    and round(against_spend.warehouse_value, 2) <> round(dashboard_totals.reference_value, 2)
                    then
                        'it was read at ' || " ~ as_text('dashboard_totals.read_at')
                        ~ " || ', and usage is loaded up to ' || " ~ as_text('against_spend.snapshot_at') ~ " || ' only'
            end",
        ], '; ') }} as open_day_problem
    from dashboard_totals
    left join against_spend
        on
            dashboard_totals.scope = 'cycle'
            and dashboard_totals.team_id = against_spend.team_id
            and dashboard_totals.measure = against_spend.measure
            and dashboard_totals.start_date = against_spend.window_start_date
            and dashboard_totals.end_date = against_spend.window_end_date

),

against_dashboard as (

    select
        dashboard_totals.team_id,
        dashboard_totals.start_date as window_start_date,
        dashboard_totals.end_date as window_end_date,
        dashboard_totals.measure,
        case
            when dashboard_totals.is_of_open_day then dashboard_totals.open_day_value
            else coalesce(range_values.warehouse_value, seat_values.warehouse_value)
        end as warehouse_value,
        dashboard_totals.reference_value,
        coalesce(dashboard_totals.late_value, range_values.late_value, 0) as late_value,
        coalesce(dashboard_totals.unsettled_value, range_values.unsettled_value) as unsettled_value,
        coalesce(dashboard_totals.after_value, range_values.after_value) as after_value,
        coalesce(dashboard_totals.credit_usd, range_values.credit_usd) as credit_usd,
        coalesce(dashboard_totals.own_key_usd, range_values.own_key_usd) as own_key_usd,
        {{ joined_text([
            "case when dashboard_totals.scope is null then 'there is no measure of this name' end",
            "case when dashboard_totals.scope in ('previous_cycle', 'closed_cycle')
                then 'this figure has a reference of its own: off the dashboard, cycle_on_demand_usd is read' end",
            "case when dashboard_totals.reference_value is null then 'no value was read off the dashboard' end",
            "case when not coalesce(dashboard_totals.start_date <= dashboard_totals.end_date, false)
                then 'its dates are not a range' end",
            'case when dashboard_totals.is_of_open_day then dashboard_totals.open_day_problem else ranges.problem end',
            "case when dashboard_totals.scope = 'as_of' then " ~ seat_problem ~ ' end',
            "case
                when ranges.missing_days is not null and not dashboard_totals.is_of_open_day
                    then event_refusals.refusal
            end",
            "case when dashboard_totals.scope = 'as_of' then member_refusals.refusal end",
        ], '; ') }} as problem
    from of_dashboard as dashboard_totals
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

    {%- for relation, reference_source, is_compared, said in sources %}
        select
            team_id,
            measure,
            cast({{ reference_source }} as {{ dbt.type_string() }}) as reference_source,
            {%- for column, nothing in nothing_said.items() %}
                {{ column if column in said else nothing ~ ' as ' ~ column }},
            {%- endfor %}
            {{ is_compared }} as is_compared
        from {{ relation }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}

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
    cast(comparisons.unsettled_value as decimal(38, 8)) as unsettled_value,
    cast(comparisons.after_value as decimal(38, 8)) as after_value,
    cast(comparisons.credit_usd as decimal(38, 8)) as credit_usd,
    cast(comparisons.own_key_usd as decimal(38, 8)) as own_key_usd,
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
