with

measures as (

    select * from {{ ref('int_verification_measures') }}

),

invoices as (

    select * from {{ ref('int_verification_invoices') }}

),

ranges as (

    select * from {{ ref('int_verification_range_problems') }}

),

range_values as (

    select * from {{ ref('int_verification_range_values') }}

),

closed_cycles as (

    select
        invoices.*,
        measures.measure,
        case measures.measure
            when 'closed_cycle_seat_fee_usd' then invoices.warehouse_seat_fees_usd
            else range_values.warehouse_value
        end as warehouse_value,
        case measures.measure
            when 'closed_cycle_seat_fee_usd' then invoices.seat_fees_usd
            else invoices.on_demand_usd
        end as reference_value,
        case measures.measure
            when 'closed_cycle_seat_fee_usd' then 0
            else coalesce(range_values.late_value, 0)
        end as late_value,
        case when measures.measure <> 'closed_cycle_seat_fee_usd' then range_values.unsettled_value end
            as unsettled_value,
        range_values.credit_usd,
        range_values.own_key_usd,
        -- who left after use is known from usage, so that a fee needs all days too
        case measures.measure
            when 'closed_cycle_seat_fee_usd'
                then {{ joined_text(['invoices.fees_problem', 'ranges.missing_days'], '; ') }}
            else ranges.problem
        end as usage_problem
    from invoices
    cross join measures
    left join ranges
        on
            invoices.team_id = ranges.team_id
            and invoices.cycle_start_at = ranges.cycle_start_at
            and invoices.start_date = ranges.start_date
            and invoices.end_date = ranges.end_date
            and ranges.read_at is null
    left join range_values
        on
            ranges.range_id = range_values.range_id
            and measures.measure = range_values.measure
    where measures.scope = 'closed_cycle'

),

with_problems as (

    select
        team_id,
        has_invoice,
        start_date as window_start_date,
        end_date as window_end_date,
        measure,
        warehouse_value,
        reference_value,
        late_value,
        unsettled_value,
        credit_usd,
        own_key_usd,
        {{ joined_text([
            'cycle_problem',
            'usage_problem',
        ], '; ') }} as problem,
        case
            when not has_invoice and cycle_start_at is null then 'No closed cycle is known.'
            when not has_invoice then 'No invoice is listed.'
            when credits_usd is not null or tax_usd is not null
                then
                    'Beside it, the invoice has ' || {{ usd_as_text('coalesce(credits_usd, 0)') }}
                    || ' of credits and ' || {{ usd_as_text('coalesce(tax_usd, 0)') }} || ' of tax.'
        end as note
    from closed_cycles

)

select * from with_problems
