with

first_snapshots as (

    select
        team_id,
        min(fetch_started_at) as first_snapshot_at
    from {{ ref('stg_cursor__loads') }}
    where endpoint = 'members'
    group by team_id

),

seen as (

    select
        team_id,
        seat_key,
        {{ utc_date('snapshot_at') }} as seen_date,
        snapshot_at
    from {{ ref('int_members') }}
    union all
    select
        team_id,
        email as seat_key,
        usage_date as seen_date,
        null as snapshot_at
    from {{ ref('int_developer_activity_days') }}

),

developers as (

    select
        team_id,
        seat_key,
        min(seen_date) as seen_date,
        min(snapshot_at) as first_listed_at
    from seen
    group by team_id, seat_key

),

join_dates as (

    select
        {{ trimmed('team_id') }} as team_id,
        {{ normalised_email('email') }} as seat_key,
        min(join_date) as join_date
    from {{ ref('join_dates') }}
    group by {{ trimmed('team_id') }}, {{ normalised_email('email') }}

),

-- Whoever is in the first list may have been there for years: the API has no join date.
joined as (

    select
        developers.team_id,
        developers.seat_key,
        developers.seen_date,
        join_dates.join_date,
        coalesce(
            join_dates.join_date,
            case
                when developers.first_listed_at > first_snapshots.first_snapshot_at
                    then {{ utc_date('developers.first_listed_at') }}
            end
        ) as joined_date
    from developers
    left join first_snapshots on developers.team_id = first_snapshots.team_id
    left join join_dates on developers.team_id = join_dates.team_id and developers.seat_key = join_dates.seat_key

)

select
    team_id,
    seat_key,
    seen_date as first_seen_date,
    joined_date is not null as is_tenure_known,
    joined_date,
    case when joined_date is not null then coalesce(join_date, seen_date) end as tenure_start_date
from joined
