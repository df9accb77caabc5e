with

usage_by_day as (

    select
        team_id,
        person,
        usage_date,
        sum(included_usage_usd + on_demand_usd) as usage_value_usd
    from {{ ref('int_forecast_usage') }}
    group by team_id, person, usage_date
    having sum(included_usage_usd + on_demand_usd) <> 0

),

people as (

    select
        team_id,
        person,
        min(usage_date) as first_used_date,
        {{ days_after('max(usage_date)', var('forecast_recent_days') - 1) }} as last_recent_date
    from usage_by_day
    group by team_id, person

),

people_on_days as (

    select
        people.team_id,
        people.person,
        days.usage_date,
        days.growth,
        days.weight_to_date,
        -- somebody new counts from the first day with usage, but for some days at least: one day is no level
        least(first_days.weight_before, days.weight_before_first_days) as weight_before,
        usage_by_day.usage_date as used_date,
        {{ as_double('coalesce(usage_by_day.usage_value_usd, 0)') }} * days.growth as grown_value
    from people
    inner join {{ ref('int_forecast_days') }} as first_days
        on people.team_id = first_days.team_id and people.first_used_date = first_days.usage_date
    inner join {{ ref('int_forecast_days') }} as days
        on
            people.team_id = days.team_id
            and days.usage_date between people.first_used_date and people.last_recent_date
    left join usage_by_day
        on
            people.team_id = usage_by_day.team_id
            and people.person = usage_by_day.person
            and days.usage_date = usage_by_day.usage_date

),

carried_on as (

    select
        people_on_days.*,
        sum(grown_value) over to_date as grown_value_to_date,
        max(used_date) over to_date as last_used_date
    from people_on_days
    window to_date as (
        partition by team_id, person order by usage_date rows between unbounded preceding and current row
    )

)

select
    team_id,
    person,
    usage_date,
    grown_value_to_date / (weight_to_date - weight_before) as level_usd
from carried_on
where
    last_used_date > {{ days_after('usage_date', -var('forecast_recent_days')) }}
    and grown_value_to_date > 0
    and weight_to_date > weight_before
