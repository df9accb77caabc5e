{%- set tolerance_share -%} cast('{{ var("tolerance_share") }}' as decimal(18, 8)) {%- endset -%}
{%- set tolerance_floor -%} cast('{{ var("tolerance_floor_usd") }}' as decimal(18, 8)) {%- endset -%}
with

comparisons as (

    select
        *,
        warehouse_value - reference_value as difference
    from {{ ref('int_verification_comparisons') }}

),

measured as (

    select
        *,
        case
            when unit = 'usd' then round(warehouse_value, 2) = round(reference_value, 2)
            else warehouse_value = reference_value
        end
        and coalesce(emails_differing, 0) = 0 as is_equal,
        -- The differences by e-mail are at least the difference of their sums.
        greatest(abs(difference), coalesce(email_difference, 0)) as absolute_difference,
        case
            when unit = 'usd' then greatest({{ tolerance_share }} * abs(reference_value), {{ tolerance_floor }})
            -- nothing is counted in parts, and an explanation does not say them
            else cast(floor({{ tolerance_share }} * abs(reference_value)) as decimal(38, 16))
        end as tolerance
    from comparisons

),

-- The first rule that holds decides.
judged as (

    select
        *,
        absolute_difference - tolerance as excess,
        case
            when not is_compared then 'not_compared'
            when problem is not null or warehouse_value is null or reference_value is null then 'inconclusive'
            when is_equal then 'matched'
            when absolute_difference <= tolerance then 'matched_within_tolerance'
            when absolute_difference - tolerance <= late_value then 'inconclusive'
            else 'drift'
        end as verdict
    from measured

),

in_words as (

    select
        *,
        'Differs by ' || {{ figure_as_text('abs(difference)', 'unit') }} as difference_in_words,
        {{ figure_as_text('excess', 'unit') }} || ' beyond the tolerance of '
        || {{ figure_as_text('tolerance', 'unit') }} as excess_in_words,
        case
            when email_difference is not null and (email_difference > abs(difference) or widest_email_difference > 0)
                then
                    '; by e-mail the differences add up to ' || {{ usd_as_text('email_difference') }}
                    || ', the widest is ' || {{ usd_as_text('widest_email_difference') }}
                    || ' (' || widest_email || ')'
            else ''
        end as emails_in_words
    from judged

)

select
    team_id,
    window_start_date,
    window_end_date,
    measure,
    unit,
    warehouse_value,
    reference_source,
    reference_value,
    cast(difference as decimal(38, 8)) as difference,
    cast({{ var('tolerance_share') }} as double precision) as tolerance_share,
    verdict,
    case
        when verdict = 'not_compared' and reference_source is null then 'No reference for this figure.'
        when verdict = 'not_compared' and reference_source = 'invoice' then 'The invoice does not say it.'
        when verdict = 'not_compared' then 'For information, it decides nothing.'
        when verdict = 'matched'
            then
                'Equal' || case when unit = 'usd' then ' to the cent' else '' end
                || coalesce(', in total and for each of ' || {{ counted('emails_compared', 'e-mail', 'e-mails') }}, '')
                || '.'
        when verdict = 'matched_within_tolerance'
            then
                difference_in_words || ', within the tolerance of ' || {{ figure_as_text('tolerance', 'unit') }}
                || emails_in_words || '.'
        when verdict = 'drift' then difference_in_words || ', ' || excess_in_words || emails_in_words || '.'
        when problem is not null then 'Cannot be compared: ' || problem || '.'
        when warehouse_value is null then 'Cannot be compared: nothing is loaded.'
        when reference_value is null then 'Cannot be compared: the reference has no value.'
        else
            difference_in_words || ', ' || excess_in_words || emails_in_words || '; '
            || {{ figure_as_text('late_value', 'unit') }}
            || ' may still change: they are of days that are not settled or came after the reference was read.'
    end
    || coalesce(' ' || note, '') as explanation,
    problem,
    measure_order,
    label
from in_words
