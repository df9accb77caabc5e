{%- set suffixes = '(-(' ~ var('model_name_suffixes') | join('|') ~ '))*' -%}
with

models as (

    select distinct model
    from {{ ref('int_usage_events_by_day') }}
    where model is not null
    union
    select distinct model
    from {{ ref('stg_cursor__open_day_events') }}
    where model is not null

),

periods as (

    select * from {{ ref('int_listed_models') }}

),

names as (

    select distinct listed_model
    from periods

),

-- Cutting suffixes one by one until a name is listed finds the longest listed beginning that only suffixes follow. A
-- fast model has prices of its own, wherever its name says so: gpt-5-high-fast is gpt-5-fast.
matches as (

    select
        models.model,
        names.listed_model,
        row_number() over (
            partition by models.model order by length(names.listed_model) desc, names.listed_model
        ) as longest_first
    from models
    inner join names
        on
            (
                substring(lower(models.model), 1, length(names.listed_model)) = names.listed_model
                and {{ matches('substring(lower(models.model), length(names.listed_model) + 1)', suffixes) }}
            )
            or (
                names.listed_model like '%-fast'
                and substring(lower(models.model), 1, length(names.listed_model) - 5)
                = substring(names.listed_model, 1, length(names.listed_model) - 5)
                and {{ matches(
                    'substring(lower(models.model), length(names.listed_model) - 4)', suffixes ~ '-fast' ~ suffixes
                ) }}
            )

),

patterns as (

    select
        lower({{ trimmed('pattern') }}) as pattern,
        min(lower({{ trimmed('listed_model') }})) as listed_model,
        min({{ trimmed('usage_pool') }}) as usage_pool
    from {{ ref('model_patterns') }}
    where {{ trimmed('pattern') }} is not null
    group by lower({{ trimmed('pattern') }})

),

-- The longest pattern says most of a name.
pattern_matches as (

    select
        models.model,
        patterns.listed_model,
        patterns.usage_pool,
        row_number() over (
            partition by models.model order by length(patterns.pattern) desc, patterns.pattern
        ) as longest_first
    from models
    inner join patterns on lower(models.model) like patterns.pattern

),

-- A pattern may name a model that is not listed, and then says nothing but the pool.
matched as (

    select
        models.model,
        coalesce(matches.listed_model, names.listed_model) as listed_model,
        case
            when matches.listed_model = lower(models.model) then 'exact'
            when matches.listed_model is not null then 'suffix'
            when pattern_matches.model is not null then 'pattern'
            else 'unknown'
        end as matched_by,
        coalesce(pattern_matches.usage_pool, 'unknown') as usage_pool
    from models
    left join matches on models.model = matches.model and matches.longest_first = 1
    left join pattern_matches on models.model = pattern_matches.model and pattern_matches.longest_first = 1
    left join names on pattern_matches.listed_model = names.listed_model

)

select
    matched.model,
    matched.listed_model,
    matched.matched_by,
    coalesce(periods.model_tier, 'unknown') as model_tier,
    matched.usage_pool,
    periods.input_usd_per_million,
    periods.cache_write_usd_per_million,
    periods.cache_read_usd_per_million,
    periods.output_usd_per_million,
    coalesce(periods.valid_from_date, date '0001-01-01') as valid_from_date,
    coalesce(periods.valid_until_date, date '9999-12-31') as valid_until_date
from matched
left join periods on matched.listed_model = periods.listed_model
