{#- a cause's amount as a sentence says it; where the reference has more, the other way round -#}
{%- set amount = figure_as_text('difference', 'unit') -%}
{%- set opposite = figure_as_text('-difference', 'unit') -%}
{%- set of_addresses = counted('addresses', 'address', 'addresses') -%}
with

comparisons as (

    select
        *,
        warehouse_value - reference_value as difference,
        emails_compared is not null or reference_source = 'cursor_daily_usage_api' as has_addresses,
        case reference_source
            when 'cursor_spend_api' then 'Cursor''s spend figures'
            when 'cursor_daily_usage_api' then 'Cursor''s daily usage'
            when 'invoice' then 'the invoice'
            else 'the dashboard'
        end as reference,
        case reference_source
            when 'cursor_spend_api' then 'Cursor''s spend figures have'
            else 'Cursor''s daily usage has'
        end as reference_has
    from {{ ref('int_verification_comparisons') }}
    where
        warehouse_value is not null
        and reference_value is not null
        and (is_compared or measure = 'active_developer_days')

),

of_addresses as (

    select
        team_id,
        measure,
        reference_source,
        window_start_date,
        window_end_date,
        cause,
        sum(difference) as difference,
        sum(addresses) as addresses
    from {{ ref('int_verification_address_causes') }}
    group by team_id, measure, reference_source, window_start_date, window_end_date, cause

),

parts as (

    select
        comparisons.*,
        of_addresses.cause,
        of_addresses.difference as part,
        of_addresses.addresses
    from comparisons
    inner join of_addresses
        on
            comparisons.team_id = of_addresses.team_id
            and comparisons.measure = of_addresses.measure
            and comparisons.reference_source = of_addresses.reference_source
            and comparisons.window_start_date = of_addresses.window_start_date
            and comparisons.window_end_date = of_addresses.window_end_date
    where comparisons.has_addresses
    union all
    -- where a reference has no addresses, only the whole can be looked at
    select
        *,
        case
            when unit <> 'usd' then 'unexplained'
            when abs(difference) <= {{ var('rounding_usd_per_row') }} then 'rounding'
            when
                measure in {{ listed(verification_usage_categories() | list) }}
                and {{ is_credit_or_own_key('difference', 'credit_usd', 'own_key_usd', var('rounding_usd_per_row')) }}
                then 'credit_or_own_key'
            else 'unexplained'
        end as cause,
        difference as part,
        null as addresses
    from comparisons
    where not has_addresses and difference <> 0

),

causes as (

    select
        *,
        cast(null as decimal(38, 8)) as upper_bound
    from parts
    where part <> 0 and cause <> 'unexplained'
    union all
    -- what is left is said also where nothing is
    select
        comparisons.*,
        'unexplained' as cause,
        coalesce(parts.part, 0) as part,
        case when comparisons.has_addresses then coalesce(parts.addresses, 0) end as addresses,
        null as upper_bound
    from comparisons
    left join parts
        on
            comparisons.team_id = parts.team_id
            and comparisons.measure = parts.measure
            and comparisons.reference_source = parts.reference_source
            and comparisons.window_start_date is not distinct from parts.window_start_date
            and comparisons.window_end_date is not distinct from parts.window_end_date
            and parts.cause = 'unexplained'
    union all
    select
        *,
        'not_settled' as cause,
        null as part,
        null as addresses,
        unsettled_value as upper_bound
    from comparisons
    where unsettled_value > 0
    union all
    select
        *,
        'after_snapshot' as cause,
        null as part,
        null as addresses,
        after_value as upper_bound
    from comparisons
    where after_value > 0

),

shaped as (

    select
        team_id,
        measure,
        reference_source,
        window_start_date,
        window_end_date,
        unit,
        reference,
        reference_has,
        cause,
        case cause
            when 'no_email' then 1
            when 'service_account' then 2
            when 'absent_from_reference' then 3
            when 'absent_from_warehouse' then 4
            when 'rounding' then 5
            when 'cycle_edge' then 6
            when 'credit_or_own_key' then 7
            when 'unexplained' then 8
            when 'not_settled' then 9
            else 10
        end as cause_order,
        cast(part as decimal(38, 8)) as difference,
        upper_bound,
        cast(addresses as bigint) as addresses,
        coalesce(' of ' || {{ of_addresses }}, '') as of_addresses
    from causes

)

select
    team_id,
    measure,
    reference_source,
    window_start_date,
    window_end_date,
    unit,
    cause,
    cause_order,
    difference,
    upper_bound,
    addresses,
    case cause
        when 'no_email' then {{ amount }} || ' is usage without an e-mail, and ' || reference_has || ' no such row.'
        when 'service_account'
            then
                {{ amount }} || ' is usage of service accounts' || of_addresses || ', and ' || reference_has
                || ' no row of them.'
        when 'absent_from_reference' then {{ amount }} || of_addresses || ' that ' || reference_has || ' no row of.'
        when 'absent_from_warehouse'
            then {{ opposite }} || of_addresses || ' in ' || reference || ', and no usage of theirs is here.'
        when 'rounding'
            then {{ amount }} || of_addresses || ' is no more than half a cent for each row of ' || reference || '.'
        when 'cycle_edge'
            then
                {{ opposite }} || of_addresses || ' was used on the cycle''s first day before it started, and '
                || reference || ' count it.'
        when 'credit_or_own_key'
            then
                {{ opposite }} || of_addresses || ' was paid by credit or with own keys, and ' || reference
                || ' ' || case when reference_source = 'cursor_spend_api' then 'count it.' else 'counts it.' end
        when 'not_settled'
            then
                'Up to ' || {{ figure_as_text('upper_bound', 'unit') }}
                || ' is of days that are not settled and may change.'
        when 'after_snapshot'
            then
                'Up to ' || {{ figure_as_text('upper_bound', 'unit') }}
                || ' may have come after the reference was read.'
        else
            case
                when difference = 0 and coalesce(addresses, 0) = 0 then 'Nothing is left unexplained.'
                when difference = 0
                    then
                        'Differences' || of_addresses || ' cancel each other out and are not explained: no rows'
                        || ' prove a cause.'
                else {{ amount }} || of_addresses || ' is not explained: no rows prove a cause.'
            end
    end as explanation
from shaped
