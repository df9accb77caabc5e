{{ config(materialized='table_in_parts', parts='"BillingPeriodStart"') }}

{#
    FOCUS 1.2 (https://focus.finops.org/focus-specification/v1-2/). Two of its rules shape the rows:
    - A purchase that covers future charges has no effective cost; what it covers has (Effective Cost). So a seat is bought
      once a cycle, and each of its days has a charge that bills nothing and has the day's part of the fee as its effective
      cost. Summed over a cycle, either cost of the seats is the fee.
    - Where no unit price applies, list cost and contracted cost match the billed cost (List Cost, Contracted Cost). A
      charge here is a day of requests, each priced by four kinds of tokens: unit price columns are left out.
#}
with

cycles as (

    select
        team_id,
        cycle_start_at,
        cycle_end_at
    from {{ ref('int_billing_cycles') }}

),

purchases as (

    select
        'Purchase' as charge_category,
        'Recurring' as charge_frequency,
        fees.team_id,
        fees.cycle_start_at,
        cycles.cycle_start_at as charge_period_start_at,
        cycles.cycle_end_at as charge_period_end_at,
        fees.seat_key,
        fees.email,
        fees.seat_type,
        fees.seat_price_source,
        cast(null as {{ dbt.type_string() }}) as model,
        cast(null as {{ dbt.type_string() }}) as usage_category,
        true as is_accrued,
        fees.seat_fee_usd as billed_usd,
        cast(0 as decimal(38, 8)) as effective_usd,
        cast(null as decimal(38, 8)) as included_usage_usd,
        cast(null as decimal(38, 8)) as other_usage_usd,
        {{ scaled_usd('1', 'fees.paid_days', 'fees.cycle_days') }} as seat_months,
        cast(null as bigint) as requests,
        cast(null as bigint) as input_tokens,
        cast(null as bigint) as output_tokens,
        cast(null as bigint) as cache_write_tokens,
        cast(null as bigint) as cache_read_tokens
    from {{ ref('int_seat_fees') }} as fees
    inner join cycles on fees.team_id = cycles.team_id and fees.cycle_start_at = cycles.cycle_start_at
    where fees.is_paid and fees.seat_fee_usd is not null and fees.cycle_days > 0

),

-- Also days of the open cycle that are still to come: the seat is paid for, and the cycle's sum is known.
seat_days as (

    select
        'Usage' as charge_category,
        'Recurring' as charge_frequency,
        team_id,
        cycle_start_at,
        {{ start_of_day('fee_date') }} as charge_period_start_at,
        {{ start_of_day(days_after('fee_date', 1)) }} as charge_period_end_at,
        seat_key,
        email,
        seat_type,
        seat_price_source,
        cast(null as {{ dbt.type_string() }}) as model,
        'seat' as usage_category,
        is_accrued,
        cast(0 as decimal(38, 8)) as billed_usd,
        seat_fee_usd as effective_usd,
        cast(null as decimal(38, 8)) as included_usage_usd,
        cast(null as decimal(38, 8)) as other_usage_usd,
        cast(null as decimal(38, 8)) as seat_months,
        cast(null as bigint) as requests,
        cast(null as bigint) as input_tokens,
        cast(null as bigint) as output_tokens,
        cast(null as bigint) as cache_write_tokens,
        cast(null as bigint) as cache_read_tokens
    from {{ ref('seat_fees_daily') }}
    where seat_fee_usd is not null

),

-- Included usage is paid for with the seat: its value is beside the costs, not in them.
usage_days as (

    select
        'Usage' as charge_category,
        'Usage-Based' as charge_frequency,
        team_id,
        cycle_start_at,
        {{ start_of_day('usage_date') }} as charge_period_start_at,
        {{ start_of_day(days_after('usage_date', 1)) }} as charge_period_end_at,
        cast(null as {{ dbt.type_string() }}) as seat_key,
        email,
        cast(null as {{ dbt.type_string() }}) as seat_type,
        cast(null as {{ dbt.type_string() }}) as seat_price_source,
        model,
        category as usage_category,
        true as is_accrued,
        {{ sum_usd("case when category = 'on_demand' then amount_usd end") }} as billed_usd,
        {{ sum_usd("case when category = 'on_demand' then amount_usd end") }} as effective_usd,
        {{ sum_usd("case when category = 'included' then amount_usd end") }} as included_usage_usd,
        {{ other_usage_amount() }} as other_usage_usd,
        cast(null as decimal(38, 8)) as seat_months,
        {{ request_counts() }}
    from {{ ref('int_usage_daily') }}
    where requests > 0
    group by team_id, cycle_start_at, usage_date, email, model, category

),

charges as (

    select * from purchases
    union all
    select * from seat_days
    union all
    select * from usage_days

),

measured as (

    select
        charges.*,
        cycles.cycle_end_at,
        charges.input_tokens + charges.output_tokens + charges.cache_write_tokens + charges.cache_read_tokens
            as tokens,
        coalesce(charges.usage_category, 'seat') = 'seat' as is_seat,
        coalesce(charges.email, charges.seat_key) as person
    from charges
    inner join cycles on charges.team_id = cycles.team_id and charges.cycle_start_at = cycles.cycle_start_at

)

-- noqa: disable=RF06
-- Names are quoted, because an engine may fold the case of others and FOCUS's would be lost.
-- Requests that name no token count are priced by the request (Cursor's older plans), all others by tokens.
select
    billed_usd as "BilledCost",
    team_id as "BillingAccountId",
    cast(null as {{ dbt.type_string() }}) as "BillingAccountName",
    'USD' as "BillingCurrency",
    cycle_end_at as "BillingPeriodEnd",
    cycle_start_at as "BillingPeriodStart",
    charge_category as "ChargeCategory",
    cast(null as {{ dbt.type_string() }}) as "ChargeClass",
    case
        when charge_category = 'Purchase' then 'A ' || seat_type || ' seat for a billing cycle'
        when is_seat then 'A day of a ' || seat_type || ' seat, paid for with its purchase'
        else
            'A day of ' || coalesce(model, 'a model without a name') || ', '
            || case usage_category
                when 'on_demand' then 'on demand'
                when 'included' then 'covered by the seat'
                when 'credit' then 'paid by credit'
                when 'own_key' then 'on an own API key'
                else 'of an unknown kind'
            end
    end as "ChargeDescription",
    charge_frequency as "ChargeFrequency",
    charge_period_end_at as "ChargePeriodEnd",
    charge_period_start_at as "ChargePeriodStart",
    cast(
        case
            when charge_category = 'Purchase' then null
            when is_seat then 1
            when tokens > 0 then tokens
            else requests
        end as decimal(38, 8)
    ) as "ConsumedQuantity",
    case
        when charge_category = 'Purchase' then null
        when is_seat then 'Seat-Days'
        when tokens > 0 then 'Tokens'
        else 'Requests'
    end as "ConsumedUnit",
    billed_usd as "ContractedCost",
    effective_usd as "EffectiveCost",
    cast(null as {{ dbt.type_string() }}) as "InvoiceId",
    'Cursor' as "InvoiceIssuerName",
    billed_usd as "ListCost",
    case when is_seat or usage_category in ('on_demand', 'included') then 'Standard' else 'Other' end
        as "PricingCategory",
    -- each branch of its own: what an engine makes of decimals of different scales may have fewer decimals
    case
        when charge_category = 'Purchase' then seat_months
        when is_seat then cast(1 as decimal(38, 8))
        when tokens > 0 then cast(tokens * 0.000001 as decimal(38, 8))
        else cast(requests as decimal(38, 8))
    end as "PricingQuantity",
    case
        when charge_category = 'Purchase' then 'Seat-Months'
        when is_seat then 'Seat-Days'
        when tokens > 0 then '1000000 Tokens'
        else 'Requests'
    end as "PricingUnit",
    'Cursor' as "ProviderName",
    'Cursor' as "PublisherName",
    person as "ResourceId",
    cast(null as {{ dbt.type_string() }}) as "ResourceName",
    case when person is not null then 'Developer' end as "ResourceType",
    'Developer Tools' as "ServiceCategory",
    'Cursor' as "ServiceName",
    'Development Environments' as "ServiceSubcategory",
    case when is_seat then 'seat/' || seat_type else 'model/' || coalesce(model, 'unnamed') end as "SkuId",
    case when is_seat then 'Seats' else 'Model usage' end as "SkuMeter",
    cast(null as {{ dbt.type_string() }}) as "SkuPriceDetails",
    case
        when charge_category = 'Purchase' then 'seat/' || seat_type || '/month'
        when is_seat then 'seat/' || seat_type || '/day'
        else
            'model/' || coalesce(model, 'unnamed') || '/' || usage_category
            || case when tokens > 0 then '/tokens' else '/requests' end
    end as "SkuPriceId",
    email as "x_Email",
    seat_key as "x_SeatKey",
    seat_type as "x_SeatType",
    seat_price_source as "x_SeatPriceSource",
    model as "x_Model",
    usage_category as "x_UsageCategory",
    is_accrued as "x_IsAccrued",
    included_usage_usd as "x_IncludedUsageValue",
    other_usage_usd as "x_OtherUsageValue",
    requests as "x_Requests",
    input_tokens as "x_InputTokens",
    output_tokens as "x_OutputTokens",
    cache_write_tokens as "x_CacheWriteTokens",
    cache_read_tokens as "x_CacheReadTokens",
    team_id
from measured
