with

points as (

    select * from {{ ref('int_forecast_points') }}

),

levels as (

    select
        points.team_id,
        points.cycle_start_at,
        points.as_of_date,
        levels.person,
        levels.level_usd,
        levels.level_usd * points.weight_left as usage_to_come_usd
    from points
    inner join {{ ref('int_forecast_levels') }} as levels
        on points.team_id = levels.team_id and points.as_of_date = levels.usage_date

),

first_overs as (

    select
        team_id,
        cycle_start_at,
        person,
        min(usage_date) as first_over_date
    from {{ ref('int_forecast_usage') }}
    where on_demand_usd > 0
    group by team_id, cycle_start_at, person

),

-- What was used when the allowance ran out: what comes after it tells how much of usage is on-demand from then on.
used_by_then as (

    select
        first_overs.team_id,
        first_overs.cycle_start_at,
        first_overs.person,
        first_overs.first_over_date,
        sum(usage_by_day.included_usage_usd) as included_usage_usd,
        sum(usage_by_day.on_demand_usd) as on_demand_usd
    from first_overs
    inner join {{ ref('int_forecast_usage') }} as usage_by_day
        on
            first_overs.team_id = usage_by_day.team_id
            and first_overs.cycle_start_at = usage_by_day.cycle_start_at
            and first_overs.person = usage_by_day.person
            and first_overs.first_over_date >= usage_by_day.usage_date
    group by first_overs.team_id, first_overs.cycle_start_at, first_overs.person, first_overs.first_over_date

),

usage_to_date as (

    select
        points.team_id,
        points.cycle_start_at,
        points.as_of_date,
        cycle_usage.person,
        cycle_usage.included_usage_usd,
        cycle_usage.on_demand_usd,
        cycle_usage.on_demand_usd > 0 as is_over,
        case when cycle_usage.on_demand_usd > 0 then used_by_then.first_over_date end as first_over_date,
        cycle_usage.on_demand_usd - used_by_then.on_demand_usd as on_demand_after_usd,
        cycle_usage.included_usage_usd - used_by_then.included_usage_usd as included_after_usd
    from points
    inner join {{ ref('int_forecast_cycle_usage') }} as cycle_usage
        on
            points.team_id = cycle_usage.team_id
            and points.cycle_start_at = cycle_usage.cycle_start_at
            and points.as_of_date = cycle_usage.usage_date
    left join used_by_then
        on
            cycle_usage.team_id = used_by_then.team_id
            and cycle_usage.cycle_start_at = used_by_then.cycle_start_at
            and cycle_usage.person = used_by_then.person

),

users as (

    select
        coalesce(usage_to_date.team_id, levels.team_id) as team_id,
        coalesce(usage_to_date.cycle_start_at, levels.cycle_start_at) as cycle_start_at,
        coalesce(usage_to_date.as_of_date, levels.as_of_date) as as_of_date,
        coalesce(usage_to_date.person, levels.person) as person,
        coalesce(usage_to_date.included_usage_usd, 0) as included_usage_usd,
        coalesce(usage_to_date.on_demand_usd, 0) as on_demand_usd,
        coalesce(usage_to_date.is_over, false) as is_over,
        usage_to_date.first_over_date,
        coalesce(usage_to_date.on_demand_after_usd, 0) as on_demand_after_usd,
        coalesce(usage_to_date.on_demand_after_usd + usage_to_date.included_after_usd, 0) as usage_value_after_usd,
        coalesce(levels.level_usd, 0) as level_usd,
        coalesce(levels.usage_to_come_usd, 0) as usage_to_come_usd
    from usage_to_date
    full outer join levels
        on
            usage_to_date.team_id = levels.team_id
            and usage_to_date.cycle_start_at = levels.cycle_start_at
            and usage_to_date.as_of_date = levels.as_of_date
            and usage_to_date.person = levels.person

),

-- A seat that nobody uses has a forecast, too: where its included usage would end.
paid_seats as (

    select distinct
        points.team_id,
        points.cycle_start_at,
        points.as_of_date,
        coalesce(seat_fees.email, '') as person
    from points
    inner join {{ ref('int_seat_fees') }} as seat_fees
        on points.team_id = seat_fees.team_id and points.cycle_start_at = seat_fees.cycle_start_at
    where points.is_open_cycle and seat_fees.is_paid

),

people as (

    select * from users
    union all
    select
        paid_seats.team_id,
        paid_seats.cycle_start_at,
        paid_seats.as_of_date,
        paid_seats.person,
        0 as included_usage_usd,
        0 as on_demand_usd,
        false as is_over,
        null as first_over_date,
        0 as on_demand_after_usd,
        0 as usage_value_after_usd,
        0 as level_usd,
        0 as usage_to_come_usd
    from paid_seats
    left join users
        on
            paid_seats.team_id = users.team_id
            and paid_seats.cycle_start_at = users.cycle_start_at
            and paid_seats.as_of_date = users.as_of_date
            and paid_seats.person = users.person
    where users.person is null

),

-- What the team says of people of whom nothing is known.
teams_over as (

    select
        team_id,
        cycle_start_at,
        as_of_date,
        case
            when sum(usage_value_after_usd) > 0
                then {{ clamped_share('sum(on_demand_after_usd)', 'sum(usage_value_after_usd)') }}
            else 1
        end as on_demand_share,
        percentile_cont(0.5) within group (order by {{ as_double('included_usage_usd') }}) as included_usage_usd
    from people
    where is_over
    group by team_id, cycle_start_at, as_of_date

),

team_allowances as (

    select
        team_id,
        cycle_start_at,
        percentile_cont(0.5) within group (order by {{ as_double('own_allowance_usd') }}) as allowance_usd
    from {{ ref('int_forecast_allowances') }}
    where own_allowance_usd is not null
    group by team_id, cycle_start_at

),

-- What somebody wrote down of the seat that a person holds in the cycle. Usage without an e-mail is no seat's, and of a
-- pool nobody has a part of their own.
configured_allowances as (

    select
        seat_fees.team_id,
        seat_fees.cycle_start_at,
        seat_fees.email as person,
        max(seat_allowances.monthly_allowance_usd) as allowance_usd
    from {{ ref('int_seat_fees') }} as seat_fees
    inner join {{ ref('int_seat_allowances') }} as seat_allowances
        on
            seat_fees.team_id = seat_allowances.team_id
            and seat_fees.seat_type = seat_allowances.seat_type
            and {{ utc_date('seat_fees.cycle_start_at') }} >= seat_allowances.valid_from_date
            and {{ utc_date('seat_fees.cycle_start_at') }} < seat_allowances.valid_until_date
    where seat_fees.is_paid and seat_fees.email is not null and not seat_allowances.is_pooled
    group by seat_fees.team_id, seat_fees.cycle_start_at, seat_fees.email

),

with_allowances as (

    select
        people.*,
        case
            when not people.is_over then 0
            when people.usage_value_after_usd > 0
                then {{ clamped_share('people.on_demand_after_usd', 'people.usage_value_after_usd') }}
            else teams_over.on_demand_share
        end as on_demand_share,
        case
            when people.is_over then 'this_cycle'
            when allowances.own_allowance_usd is not null then 'earlier_cycle'
            when configured_allowances.allowance_usd is not null then 'configured'
            when coalesce(team_allowances.allowance_usd, teams_over.included_usage_usd) is not null then 'team'
        end as allowance_source,
        greatest(
            {{ as_double('people.included_usage_usd') }},
            case
                when people.is_over then {{ as_double('people.included_usage_usd') }}
                when allowances.own_allowance_usd is not null then {{ as_double('allowances.own_allowance_usd') }}
                when configured_allowances.allowance_usd is not null
                    then {{ as_double('configured_allowances.allowance_usd') }}
                else greatest(
                    coalesce(team_allowances.allowance_usd, teams_over.included_usage_usd),
                    {{ as_double('coalesce(allowances.most_included_usd, 0)') }}
                )
            end
        ) as allowance_usd
    from people
    left join {{ ref('int_forecast_allowances') }} as allowances
        on
            people.team_id = allowances.team_id
            and people.cycle_start_at = allowances.cycle_start_at
            and people.person = allowances.person
    left join configured_allowances
        on
            people.team_id = configured_allowances.team_id
            and people.cycle_start_at = configured_allowances.cycle_start_at
            and people.person = configured_allowances.person
    left join team_allowances
        on people.team_id = team_allowances.team_id and people.cycle_start_at = team_allowances.cycle_start_at
    left join teams_over
        on
            people.team_id = teams_over.team_id
            and people.cycle_start_at = teams_over.cycle_start_at
            and people.as_of_date = teams_over.as_of_date

)

select
    team_id,
    cycle_start_at,
    as_of_date,
    person,
    is_over,
    first_over_date,
    included_usage_usd,
    on_demand_usd,
    level_usd,
    usage_to_come_usd,
    on_demand_share,
    allowance_source,
    case when allowance_source is not null then allowance_usd end as allowance_usd
from with_allowances
