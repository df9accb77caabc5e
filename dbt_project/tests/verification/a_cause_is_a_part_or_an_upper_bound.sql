select
    team_id,
    measure,
    reference_source,
    cause,
    difference,
    upper_bound
from {{ ref('verification_causes') }}
where
    (cause in ('not_settled', 'after_snapshot') and (difference is not null or coalesce(upper_bound, 0) <= 0))
    or (
        cause not in ('not_settled', 'after_snapshot')
        and (difference is null or upper_bound is not null or (difference = 0 and cause <> 'unexplained'))
    )
