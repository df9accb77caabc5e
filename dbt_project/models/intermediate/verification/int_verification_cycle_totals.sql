with

addresses as (

    select
        *,
        abs(warehouse_value - reference_value) as difference,
        row_number() over (
            partition by team_id, measure
            order by abs(warehouse_value - reference_value) desc, address
        ) as widest_first
    from {{ ref('int_verification_cycle_emails') }}

),

totals as (

    select
        team_id,
        measure,
        sum(warehouse_value) as warehouse_value,
        sum(unsettled_value) as unsettled_value,
        sum(after_value) as after_value,
        -- what may still change or came after the snapshot
        abs(sum(unsettled_value) + sum(after_value)) as late_value,
        sum(reference_value) as reference_value,
        sum(reference_rows) as reference_rows,
        sum(reference_rows_without_value) as reference_rows_without_value,
        max(case when address <> '' and reference_rows > 0 then 1 else 0 end) = 1 as has_emails,
        count(*) as addresses,
        sum(case when round(warehouse_value, 2) <> round(reference_value, 2) then 1 else 0 end) as addresses_differing,
        sum(difference) as address_difference,
        max(case when widest_first = 1 then coalesce(nullif(address, ''), 'no e-mail') end) as widest_address,
        max(case when widest_first = 1 then difference end) as widest_difference
    from addresses
    group by team_id, measure

)

select * from totals
