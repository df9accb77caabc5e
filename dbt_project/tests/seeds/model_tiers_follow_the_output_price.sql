-- Warns only: the tiers are a convention, and somebody may mean another one.
{{ config(severity='warn') }}

select
    model,
    model_tier,
    output_usd_per_million
from {{ ref('model_tiers') }}
where
    model_tier <> case
        when output_usd_per_million < 5 then 'entry'
        when output_usd_per_million < 20 then 'standard'
        else 'premium'
    end
    and output_usd_per_million is not null
