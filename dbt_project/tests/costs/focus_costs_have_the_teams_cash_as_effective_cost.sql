-- noqa: disable=RF06
-- Names are quoted as the mart has them, so that no engine folds their case.
-- Exactly, per cycle; and what was billed is the same in sum: a seat is billed with its purchase and effective by day.
with

charges as (

    select
        team_id,
        "BillingPeriodStart" as cycle_start_at,
        sum("EffectiveCost") as effective_usd,
        sum("BilledCost") as billed_usd
    from {{ ref('focus_costs') }}
    group by team_id, "BillingPeriodStart"

)

select
    coalesce(charges.team_id, team_costs.team_id) as team_id,
    coalesce(charges.cycle_start_at, team_costs.cycle_start_at) as cycle_start_at,
    charges.effective_usd,
    charges.billed_usd,
    team_costs.cash_cost_usd
from charges
full outer join {{ ref('team_costs') }} as team_costs
    on charges.team_id = team_costs.team_id and charges.cycle_start_at = team_costs.cycle_start_at
where
    (team_costs.cash_cost_usd is not null and charges.effective_usd is distinct from team_costs.cash_cost_usd)
    or (team_costs.cash_cost_usd is not null and charges.billed_usd is distinct from team_costs.cash_cost_usd)
    or (team_costs.team_id is null and (charges.effective_usd <> 0 or charges.billed_usd <> 0))
