with

open_cycles as (

    select
        team_id,
        cycle_start_at,
        first_date
    from {{ ref('int_forecast_cycles') }}
    where is_open_cycle

),

team_limits as (

    select
        open_cycles.team_id,
        team_spend_limits.spend_limit_usd,
        row_number() over (
            partition by open_cycles.team_id
            order by coalesce(team_spend_limits.valid_from, date '0001-01-01') desc, team_spend_limits.spend_limit_usd
        ) as newest_first
    from open_cycles
    inner join {{ ref('team_spend_limits') }} as team_spend_limits
        on
            open_cycles.team_id = {{ trimmed('team_spend_limits.team_id') }}
            and open_cycles.first_date >= coalesce(team_spend_limits.valid_from, date '0001-01-01')

)

-- A limit of 0 is how the API writes that there is none. The limit of one account without an e-mail is not the limit of
-- all usage without one.
select
    spend.team_id,
    'developer' as scope,
    spend.email as person,
    max(spend.effective_per_user_limit_usd) as spend_limit_usd
from {{ ref('stg_cursor__spend') }} as spend
inner join {{ ref('int_closing_spend') }} as newest_snapshots
    on spend.team_id = newest_snapshots.team_id and spend.load_id = newest_snapshots.load_id
inner join open_cycles
    on
        newest_snapshots.team_id = open_cycles.team_id
        and newest_snapshots.cycle_start_at = open_cycles.cycle_start_at
where spend.effective_per_user_limit_usd > 0 and spend.email is not null
group by spend.team_id, spend.email
union all
select
    team_id,
    'team' as scope,
    '' as person,
    spend_limit_usd
from team_limits
where newest_first = 1
