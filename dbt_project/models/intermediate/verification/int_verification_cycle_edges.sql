-- Usage of a cycle's first day before the cycle starts: a reference that counts by whole days has it too.
with

ties as (

    select * from {{ ref('int_verification_ties') }}

),

edges as (

    select
        ties.team_id,
        ties.tied_cycle,
        usage_daily.email,
        usage_daily.category,
        usage_daily.amount_usd
    from ties
    inner join {{ ref('int_usage_daily') }} as usage_daily
        on
            ties.team_id = usage_daily.team_id
            and {{ utc_date('ties.cycle_start_at') }} = usage_daily.usage_date
            and ties.cycle_start_at > usage_daily.part_start_at
    union all
    -- a cycle that started today
    select
        ties.team_id,
        ties.tied_cycle,
        events.email,
        coalesce(kinds.category, 'unknown') as category,
        coalesce(events.amount_usd, 0) as amount_usd
    from ties
    inner join {{ ref('stg_cursor__open_day_events') }} as events
        on
            ties.team_id = events.team_id
            and ties.open_day_load_id = events.load_id
            and ties.cycle_start_at > events.event_at
    left join {{ ref('int_event_kinds') }} as kinds on {{ kind_key('events.kind') }} = kinds.kind_key
    where {{ utc_date('ties.cycle_start_at') }} = events.usage_date

)

select
    team_id,
    tied_cycle,
    coalesce(email, '') as address,
    category,
    {{ sum_usd('amount_usd') }} as amount_usd
from edges
group by team_id, tied_cycle, coalesce(email, ''), category
