{{ config(materialized='table_in_parts', parts="date_trunc('month', week_start_date)") }}

with

by_model as (

    select
        by_model.*,
        usage_value_usd - previous_usage_value_usd as change_usd,
        -- a model that is new or gone changed the mix, not a price
        case
            when previous_requests > 0 and requests > 0
                then
                    usage_value_usd
                    - {{ scaled_usd('previous_usage_value_usd', 'requests', 'previous_requests') }}
        end as price_effect_usd
    from {{ ref('int_cost_changes_by_model') }} as by_model

),

sums as (

    select
        team_id,
        week_start_date,
        scope,
        email,
        {{ sum_count('previous_requests') }} as previous_requests,
        {{ sum_count('requests') }} as requests,
        {{ sum_usd('previous_usage_value_usd') }} as previous_usage_value_usd,
        {{ sum_usd('usage_value_usd') }} as usage_value_usd,
        {{ sum_usd('change_usd') }} as change_usd,
        {{ sum_usd('price_effect_usd') }} as price_effect_usd,
        {{ sum_usd('previous_on_demand_usd') }} as previous_on_demand_usd,
        {{ sum_usd('on_demand_usd') }} as on_demand_usd
    from by_model
    group by team_id, week_start_date, scope, email

),

-- What the week would have cost had only the number of requests changed. Without a request before or after there is
-- nothing to compare a model or a price with: all of the change is volume.
with_volume as (

    select
        sums.*,
        case
            when previous_requests = 0 or requests = 0 then change_usd
            else
                {{ scaled_usd('previous_usage_value_usd', 'requests', 'previous_requests') }}
                - previous_usage_value_usd
        end as volume_effect_usd
    from sums

),

-- Who or what changed a row most: of the team its developers, of a developer the models.
contributions as (

    select
        team_id,
        week_start_date,
        'team' as scope,
        cast(null as {{ dbt.type_string() }}) as email,
        coalesce(email, 'Unattributed usage') as contributor,
        email is null as is_nameless,
        previous_usage_value_usd,
        usage_value_usd,
        change_usd
    from sums
    where scope = 'developer'
    union all
    select
        team_id,
        week_start_date,
        scope,
        email,
        coalesce(model, 'Requests that name no model') as contributor,
        model is null as is_nameless,
        previous_usage_value_usd,
        usage_value_usd,
        change_usd
    from by_model
    where scope = 'developer'

),

ranked as (

    select
        contributions.*,
        row_number() over (
            partition by team_id, week_start_date, scope, email
            order by abs(change_usd) desc, is_nameless asc, contributor asc
        ) as largest_first
    from contributions

)

select
    with_volume.team_id,
    with_volume.week_start_date,
    with_volume.scope,
    with_volume.email,
    with_volume.previous_usage_value_usd,
    with_volume.usage_value_usd,
    with_volume.change_usd,
    cast(with_volume.volume_effect_usd as decimal(38, 8)) as volume_effect_usd,
    cast(
        with_volume.change_usd - with_volume.volume_effect_usd - with_volume.price_effect_usd as decimal(38, 8)
    ) as mix_effect_usd,
    with_volume.price_effect_usd,
    with_volume.previous_requests,
    with_volume.requests,
    with_volume.previous_on_demand_usd,
    with_volume.on_demand_usd,
    cast(with_volume.on_demand_usd - with_volume.previous_on_demand_usd as decimal(38, 8)) as change_in_on_demand_usd,
    case
        when ranked.change_usd = 0 and with_volume.scope = 'team' then 'Nobody''s usage value changed.'
        when ranked.change_usd = 0 then 'No model''s usage value changed.'
        else
            ranked.contributor || case when ranked.change_usd > 0 then ': up ' else ': down ' end
            || {{ usd_as_text('abs(ranked.change_usd)') }}
            || ', from ' || {{ usd_as_text('ranked.previous_usage_value_usd') }}
            || ' to ' || {{ usd_as_text('ranked.usage_value_usd') }} || '.'
    end as biggest_contributor
from with_volume
inner join ranked
    on
        with_volume.team_id = ranked.team_id
        and with_volume.week_start_date = ranked.week_start_date
        and with_volume.scope = ranked.scope
        and coalesce(with_volume.email, '') = coalesce(ranked.email, '')
        and ranked.largest_first = 1
