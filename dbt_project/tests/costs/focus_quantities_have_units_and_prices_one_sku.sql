-- noqa: disable=RF06
-- Names are quoted as the mart has them, so that no engine folds their case.
-- Rules of FOCUS 1.2 that its validator checks only for providers that say they publish prices by unit.
with

parents as (

    select
        "SkuPriceId" as sku_price_id,
        count(distinct "SkuId") as skus
    from {{ ref('focus_costs') }}
    group by "SkuPriceId"

)

select
    focus_costs.team_id,
    focus_costs."SkuPriceId",
    parents.skus,
    focus_costs."ConsumedQuantity",
    focus_costs."PricingQuantity"
from {{ ref('focus_costs') }} as focus_costs
left join parents on focus_costs."SkuPriceId" = parents.sku_price_id
where
    parents.skus is distinct from 1
    or focus_costs."PricingQuantity" is null
    or focus_costs."PricingUnit" is null
    or (focus_costs."ConsumedQuantity" is null) <> (focus_costs."ConsumedUnit" is null)
    or (focus_costs."ConsumedQuantity" is null) <> (focus_costs."ChargeCategory" = 'Purchase')
    or focus_costs."ChargePeriodEnd" <= focus_costs."ChargePeriodStart"
