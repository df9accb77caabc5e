with

counts as (

    select
        team_id,
        sum(case when verdict = 'matched' then 1 else 0 end) as matched_count,
        sum(case when verdict = 'matched_within_tolerance' then 1 else 0 end) as matched_within_tolerance_count,
        sum(case when verdict = 'drift' then 1 else 0 end) as drift_count,
        sum(case when verdict = 'inconclusive' then 1 else 0 end) as inconclusive_count,
        sum(case when verdict = 'not_compared' then 1 else 0 end) as not_compared_count
    from {{ ref('verification_totals') }}
    group by team_id

)

select verdicts.team_id
from {{ ref('verification_verdicts') }} as verdicts
left join counts on verdicts.team_id = counts.team_id
where
    verdicts.matched_count is distinct from counts.matched_count
    or verdicts.matched_within_tolerance_count is distinct from counts.matched_within_tolerance_count
    or verdicts.drift_count is distinct from counts.drift_count
    or verdicts.inconclusive_count is distinct from counts.inconclusive_count
    or verdicts.not_compared_count is distinct from counts.not_compared_count
