with

teams as (

    select * from {{ ref('int_forecast_teams') }}

),

past_errors as (

    select
        teams.team_id,
        teams.cycle_start_at,
        teams.as_of_date,
        earlier.usage_error,
        row_number() over (
            partition by teams.team_id, teams.cycle_start_at, teams.as_of_date order by earlier.cycle_start_at desc
        ) as newest_first
    from teams
    inner join teams as earlier
        on
            teams.team_id = earlier.team_id
            and teams.cycle_day = earlier.cycle_day
            and teams.cycle_start_at > earlier.cycle_start_at
    where earlier.usage_error is not null

),

errors as (

    select
        team_id,
        cycle_start_at,
        as_of_date,
        count(*) as cycles,
        {{ sum_of_doubles('usage_error') }} as usage_errors
    from past_errors
    where newest_first <= {{ 2 * var('forecast_spread_cycles') }}
    group by team_id, cycle_start_at, as_of_date

),

-- The default counts as much as so many cycles of the team's own.
spreads as (

    select
        teams.*,
        (
            {{ var('forecast_spread_cycles') }} * {{ as_double(var('forecast_team_spread')) }}
            + {{ var('forecast_spread_factor') }} * coalesce(errors.usage_errors, 0)
        ) / ({{ var('forecast_spread_cycles') }} + coalesce(errors.cycles, 0)) as spread
    from teams
    left join errors
        on
            teams.team_id = errors.team_id
            and teams.cycle_start_at = errors.cycle_start_at
            and teams.as_of_date = errors.as_of_date

),

sums as (

    select
        spreads.team_id,
        spreads.cycle_start_at,
        spreads.as_of_date,
        {{ sum_of_doubles(on_demand_to_come('people', 'people.usage_to_come_usd / (1 + spreads.spread)')) }}
            as to_come_low,
        {{ sum_of_doubles(on_demand_to_come('people', 'people.usage_to_come_usd')) }} as to_come_mid,
        {{ sum_of_doubles(on_demand_to_come('people', 'people.usage_to_come_usd * (1 + spreads.spread)')) }}
            as to_come_high
    from spreads
    inner join {{ ref('int_forecast_people') }} as people
        on
            spreads.team_id = people.team_id
            and spreads.cycle_start_at = people.cycle_start_at
            and spreads.as_of_date = people.as_of_date
    group by spreads.team_id, spreads.cycle_start_at, spreads.as_of_date

)

select
    spreads.team_id,
    spreads.cycle_start_at,
    spreads.as_of_date,
    spreads.cycle_day,
    spreads.cycle_days,
    spreads.days_left,
    spreads.is_open_cycle,
    spreads.has_enough_days,
    spreads.on_demand_usd,
    spreads.actual_on_demand_usd,
    spreads.usage_to_come_usd,
    spreads.spread,
    {{ as_double('spreads.on_demand_usd') }} + coalesce(sums.to_come_low, 0) as forecast_low,
    {{ as_double('spreads.on_demand_usd') }} + coalesce(sums.to_come_mid, 0) as forecast_mid,
    {{ as_double('spreads.on_demand_usd') }} + coalesce(sums.to_come_high, 0) as forecast_high
from spreads
left join sums
    on
        spreads.team_id = sums.team_id
        and spreads.cycle_start_at = sums.cycle_start_at
        and spreads.as_of_date = sums.as_of_date
