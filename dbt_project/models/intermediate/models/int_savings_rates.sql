with

target_tiers as (

    select 'standard' as target_model_tier
    union all
    select 'entry' as target_model_tier

),

-- What the team's own simple requests cost on a model: with few of them it says little, without dollars nothing.
observed as (

    select
        team_id,
        model_tier as target_model_tier,
        model,
        sum(usage_usd) as usage_usd,
        sum(tokens) as tokens
    from {{ ref('int_small_requests') }}
    where model_tier in ('standard', 'entry')
    group by team_id, model_tier, model
    having
        sum(small_requests) >= {{ var('savings_min_observed_requests') }}
        and sum(tokens) > 0
        and sum(usage_usd) > 0

),

observed_tiers as (

    select distinct
        team_id,
        target_model_tier
    from observed

),

-- List prices only where the team has no rate of its own in the tier. Some makers have no price of their own for the
-- cache: what goes through it is input.
listed as (

    select
        teams.team_id,
        target_tiers.target_model_tier,
        listed_models.listed_model as model,
        listed_models.input_usd_per_million,
        listed_models.output_usd_per_million,
        coalesce(listed_models.cache_write_usd_per_million, listed_models.input_usd_per_million)
            as cache_write_usd_per_million,
        coalesce(listed_models.cache_read_usd_per_million, listed_models.input_usd_per_million)
            as cache_read_usd_per_million
    from {{ ref('int_teams') }} as teams
    cross join target_tiers
    inner join {{ ref('int_listed_models') }} as listed_models
        on
            target_tiers.target_model_tier = listed_models.model_tier
            and teams.window_end_date >= listed_models.valid_from_date
            and teams.window_end_date < listed_models.valid_until_date
    left join observed_tiers
        on
            teams.team_id = observed_tiers.team_id
            and target_tiers.target_model_tier = observed_tiers.target_model_tier
    where
        observed_tiers.team_id is null
        and listed_models.input_usd_per_million is not null
        and listed_models.output_usd_per_million is not null

)

select
    team_id,
    target_model_tier,
    'observed' as rate_source,
    model,
    cast(usage_usd as decimal(38, 8)) as usage_usd,
    cast(tokens as bigint) as tokens,
    cast(null as decimal(38, 8)) as input_usd_per_million,
    cast(null as decimal(38, 8)) as output_usd_per_million,
    cast(null as decimal(38, 8)) as cache_write_usd_per_million,
    cast(null as decimal(38, 8)) as cache_read_usd_per_million
from observed
union all
select
    team_id,
    target_model_tier,
    'list' as rate_source,
    model,
    cast(null as decimal(38, 8)) as usage_usd,
    cast(null as bigint) as tokens,
    input_usd_per_million,
    output_usd_per_million,
    cache_write_usd_per_million,
    cache_read_usd_per_million
from listed
