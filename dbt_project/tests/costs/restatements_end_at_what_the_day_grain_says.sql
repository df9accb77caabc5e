-- Two ways to the same figures: what each load noted of its days, and the rows that are there. Money without
-- chargedCents is in the rows only, and amounts with an exponent are noted through a double.
with

day_grain as (

    select
        team_id,
        usage_date,
        sum(requests) as requests,
        {{ sum_usd("case when category in ('included', 'on_demand') then amount_usd end") }} as usage_value_usd
    from {{ ref('int_usage_daily') }}
    group by team_id, usage_date

)

select
    restatements.team_id,
    restatements.usage_date,
    restatements.requests,
    day_grain.requests as requests_in_day_grain,
    restatements.usage_value_usd,
    day_grain.usage_value_usd as usage_value_in_day_grain_usd
from {{ ref('restatements') }} as restatements
full outer join day_grain
    on restatements.team_id = day_grain.team_id and restatements.usage_date = day_grain.usage_date
where
    coalesce(restatements.requests, 0) <> coalesce(day_grain.requests, 0)
    or (
        coalesce(restatements.requests_without_charge, 0) = 0
        and abs(coalesce(restatements.usage_value_usd, 0) - coalesce(day_grain.usage_value_usd, 0)) > 0.00001
    )
