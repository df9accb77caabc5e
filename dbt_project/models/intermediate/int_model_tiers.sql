with

models as (

    select distinct model
    from {{ ref('stg_cursor__usage_events') }}
    where model is not null
    union
    select distinct model
    from {{ ref('stg_cursor__open_day_events') }}
    where model is not null

),

listed as (

    select
        lower({{ trimmed('model') }}) as listed_model,
        coalesce(valid_from, date '0001-01-01') as valid_from,
        min(model_tier) as model_tier
    from {{ ref('model_tiers') }}
    where {{ trimmed('model') }} is not null
    group by lower({{ trimmed('model') }}), coalesce(valid_from, date '0001-01-01')

),

-- The first row of a name holds for the time before it too: no event is older than its model's price.
periods as (

    select
        listed_model,
        model_tier,
        case
            when lag(valid_from) over (partition by listed_model order by valid_from) is null then date '0001-01-01'
            else valid_from
        end as valid_from_date,
        coalesce(
            lead(valid_from) over (partition by listed_model order by valid_from), date '9999-12-31'
        ) as valid_until_date
    from listed

),

names as (

    select distinct listed_model
    from listed

),

-- Cutting suffixes one by one until a name is listed finds the longest listed beginning that only suffixes follow.
matches as (

    select
        models.model,
        names.listed_model,
        row_number() over (partition by models.model order by length(names.listed_model) desc) as longest_first
    from models
    inner join names
        on
            substring(lower(models.model), 1, length(names.listed_model)) = names.listed_model
            and {{ matches(
                'substring(lower(models.model), length(names.listed_model) + 1)',
                '(-(' ~ var('model_name_suffixes') | join('|') ~ '))*'
            ) }}

)

select
    models.model,
    matches.listed_model,
    coalesce(periods.model_tier, 'unknown') as model_tier,
    coalesce(periods.valid_from_date, date '0001-01-01') as valid_from_date,
    coalesce(periods.valid_until_date, date '9999-12-31') as valid_until_date
from models
left join matches on models.model = matches.model and matches.longest_first = 1
left join periods on matches.listed_model = periods.listed_model
