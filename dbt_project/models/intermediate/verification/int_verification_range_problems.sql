with

ranges as (

    select * from {{ ref('int_verification_ranges') }}

),

usage_daily as (

    select
        team_id,
        usage_date,
        cycle_start_at,
        kind,
        category,
        amount_usd,
        unpriced_requests
    from {{ ref('int_usage_daily') }}
    where unpriced_requests > 0 or (category = 'unknown' and amount_usd <> 0)

),

usage_in_ranges as (

    select
        ranges.range_id,
        usage_daily.*
    from ranges
    inner join usage_daily
        on
            ranges.team_id = usage_daily.team_id
            and ranges.start_date <= usage_daily.usage_date
            and ranges.end_date >= usage_daily.usage_date
    where ranges.cycle_start_at is null or ranges.cycle_start_at = usage_daily.cycle_start_at

),

unknown_kinds_listed as (

    {{ unknown_kinds_in_words('usage_in_ranges', ['range_id']) }}

),

unpriced as (

    select
        range_id,
        sum(unpriced_requests) as unpriced_requests
    from usage_in_ranges
    where unpriced_requests > 0
    group by range_id

)

select
    ranges.range_id,
    ranges.team_id,
    ranges.start_date,
    ranges.end_date,
    ranges.cycle_start_at,
    ranges.read_at,
    ranges.missing_days,
    unknown_kinds_listed.unknown_kinds,
    {{ joined_text([
        'ranges.missing_days',
        'unknown_kinds_listed.unknown_kinds',
        counted('unpriced.unpriced_requests', 'request has no price', 'requests have no price'),
    ], '; ') }} as problem
from ranges
left join unknown_kinds_listed on ranges.range_id = unknown_kinds_listed.range_id
left join unpriced on ranges.range_id = unpriced.range_id
