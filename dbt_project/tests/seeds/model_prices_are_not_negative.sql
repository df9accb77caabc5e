select model
from {{ ref('model_tiers') }}
where
    least(
        coalesce(input_usd_per_million, 0),
        coalesce(cache_write_usd_per_million, 0),
        coalesce(cache_read_usd_per_million, 0),
        coalesce(output_usd_per_million, 0)
    ) < 0
