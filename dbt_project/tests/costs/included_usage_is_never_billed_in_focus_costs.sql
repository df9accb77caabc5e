-- noqa: disable=RF06
-- Names are quoted as the mart has them, so that no engine folds their case.
-- Only a seat's purchase and on-demand usage are billed, and only a seat's days and on-demand usage are effective
-- costs. List and contracted cost are what is billed: none of the four has a dollar of what the seat covers, of credit
-- or of own keys.
select
    team_id,
    "BillingPeriodStart",
    "ChargePeriodStart",
    "SkuPriceId",
    "BilledCost",
    "EffectiveCost"
from {{ ref('focus_costs') }}
where
    (
        ("ChargeCategory" = 'Usage' and "x_UsageCategory" <> 'on_demand')
        and ("BilledCost" <> 0 or "ListCost" <> 0 or "ContractedCost" <> 0)
    )
    or ("EffectiveCost" <> 0 and coalesce("x_UsageCategory", 'purchase') not in ('on_demand', 'seat'))
    or ("x_UsageCategory" = 'on_demand' and "EffectiveCost" <> "BilledCost")
    or ("x_IncludedUsageValue" <> 0 and "x_UsageCategory" <> 'included')
    or ("x_OtherUsageValue" <> 0 and "x_UsageCategory" in ('included', 'on_demand', 'seat'))
    or "ListCost" <> "BilledCost"
    or "ContractedCost" <> "BilledCost"
