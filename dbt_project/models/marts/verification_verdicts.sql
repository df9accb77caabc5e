with

teams as (

    select * from {{ ref('int_teams') }}

),

totals as (

    select
        *,
        case verdict
            when 'drift' then 1
            when 'inconclusive' then 2
            when 'matched_within_tolerance' then 3
            when 'matched' then 4
        end as severity
    from {{ ref('verification_totals') }}

),

counts as (

    select
        team_id,
        sum(case when verdict = 'matched' then 1 else 0 end) as matched_count,
        sum(case when verdict = 'matched_within_tolerance' then 1 else 0 end) as matched_within_tolerance_count,
        sum(case when verdict = 'drift' then 1 else 0 end) as drift_count,
        sum(case when verdict = 'inconclusive' then 1 else 0 end) as inconclusive_count,
        sum(case when verdict = 'not_compared' then 1 else 0 end) as not_compared_count,
        min(severity) as severity,
        max(case when measure = 'cycle_on_demand_usd' and severity is not null then 1 else 0 end) = 1
            as is_on_demand_compared
    from totals
    group by team_id

),

-- The row that the sentence is about: of the worst, on-demand of the cycle first, because that is what is paid.
ranked as (

    select
        *,
        row_number() over (
            partition by team_id
            order by
                severity,
                case when measure = 'cycle_on_demand_usd' then 0 else measure_order end,
                reference_source,
                window_start_date,
                window_end_date
        ) as worst_first
    from totals
    where severity is not null

),

prices as (

    select
        team_id,
        sum(case when seat_price_source = 'configured' then 1 else 0 end) as configured_seats,
        sum(case when seat_price_source = 'assumed_list' then 1 else 0 end) as assumed_seats,
        sum(case when seat_price_source is null then 1 else 0 end) as unpriced_seats
    from {{ ref('int_seats') }}
    where is_paid
    group by team_id

),

-- A refusal that is the reason of the verdict is told there.
refusals as (

    select
        refusals.team_id,
        {{ dbt.listagg('refusals.refusal', "'; '", 'order by refusals.endpoint') }} as refusals
    from {{ ref('int_verification_refusals') }} as refusals
    left join ranked on refusals.team_id = ranked.team_id and ranked.worst_first = 1
    where coalesce({{ dbt.position('refusals.refusal', 'ranked.problem') }}, 0) = 0
    group by refusals.team_id

),

verdicts as (

    select
        teams.team_id,
        teams.newest_loaded_date,
        teams.spend_snapshot_at,
        teams.last_run_status,
        teams.last_run_error,
        case
            when teams.last_run_status = 'failed' then 'inconclusive'
            when counts.severity = 1 then 'drift'
            when counts.severity = 2 or not counts.is_on_demand_compared then 'inconclusive'
            when counts.severity = 3 then 'matched_within_tolerance'
            when counts.severity = 4 then 'matched'
            else 'inconclusive'
        end as verdict,
        counts.matched_count,
        counts.matched_within_tolerance_count,
        counts.drift_count,
        counts.inconclusive_count,
        counts.not_compared_count,
        ranked.unit,
        ranked.label,
        ranked.warehouse_value,
        ranked.reference_value,
        ranked.difference,
        ranked.verdict as row_verdict,
        ranked.problem,
        case ranked.reference_source
            when 'cursor_spend_api' then 'Cursor''s spend figures'
            when 'invoice' then 'the invoice'
            else 'the dashboard'
        end as reference_in_words,
        {{ figure_as_text('ranked.warehouse_value', 'ranked.unit') }} || ' here and '
        || {{ figure_as_text('ranked.reference_value', 'ranked.unit') }}
        || case ranked.reference_source
            when 'cursor_spend_api' then ' in Cursor''s spend figures'
            when 'invoice' then ' on the invoice'
            else ' on the dashboard'
        end as both_in_words,
        coalesce(case
            when ranked.reference_source = 'cursor_spend_api' and ranked.measure <> 'previous_cycle_on_demand_usd'
                then ' since ' || {{ as_text('ranked.window_start_date') }}
            when ranked.window_start_date < ranked.window_end_date
                then
                    ' from ' || {{ as_text('ranked.window_start_date') }}
                    || ' to ' || {{ as_text('ranked.window_end_date') }}
            else ' of ' || {{ as_text('ranked.window_end_date') }}
        end, '') as range_in_words,
        refusals.refusals,
        prices.configured_seats,
        prices.assumed_seats,
        prices.unpriced_seats
    from teams
    left join counts on teams.team_id = counts.team_id
    left join ranked on teams.team_id = ranked.team_id and ranked.worst_first = 1
    left join refusals on teams.team_id = refusals.team_id
    left join prices on teams.team_id = prices.team_id

)

select
    team_id,
    verdict,
    cast(coalesce(matched_count, 0) as bigint) as matched_count,
    cast(coalesce(matched_within_tolerance_count, 0) as bigint) as matched_within_tolerance_count,
    cast(coalesce(drift_count, 0) as bigint) as drift_count,
    cast(coalesce(inconclusive_count, 0) as bigint) as inconclusive_count,
    cast(coalesce(not_compared_count, 0) as bigint) as not_compared_count,
    case
        when last_run_status = 'failed' and newest_loaded_date is null
            then
                'Nothing is loaded yet, because the run failed: '
                || coalesce({{ quoted_sentence('last_run_error') }}, 'no reason is known') || '.'
        when last_run_status = 'failed'
            then
                'The last run failed, so these are the figures of the run before: '
                || coalesce({{ quoted_sentence('last_run_error') }}, 'no reason is known') || '.'
        when row_verdict = 'matched' and unit = 'usd'
            then 'Matched to the cent: ' || label || range_in_words || ', ' || both_in_words || '.'
        when row_verdict = 'matched'
            then 'Matched: ' || label || range_in_words || ', ' || both_in_words || '.'
        when row_verdict = 'matched_within_tolerance'
            then 'Matched within tolerance: ' || label || range_in_words || ', ' || both_in_words || '.'
        when row_verdict = 'drift'
            then
                'Not matched: ' || label || range_in_words || ', ' || both_in_words || ', '
                || {{ figure_as_text('abs(difference)', 'unit') }} || ' apart.'
        when both_in_words is null
            then
                'Undecided: ' || coalesce(label, 'on-demand usage in the open cycle') || range_in_words
                || ' cannot be compared with ' || reference_in_words || coalesce(' because ' || problem, '') || '.'
        else
            'Undecided: ' || label || range_in_words || ', ' || both_in_words || ', because '
            || coalesce(problem, 'the difference may come from usage that is not settled yet') || '.'
    end
    || case when coalesce(last_run_status, '') <> 'failed' then coalesce(' Also, ' || refusals || '.', '') else '' end
    || case
        when unpriced_seats > 0 then ' Some seats have no price.'
        when assumed_seats > 0 and configured_seats > 0
            then ' Some seat fees use assumed list prices, not configured ones.'
        when assumed_seats > 0 then ' Seat fees use assumed list prices.'
        when configured_seats > 0 then ' Seat fees use configured prices.'
        else ''
    end as sentence,
    newest_loaded_date,
    spend_snapshot_at as snapshot_at
from verdicts
