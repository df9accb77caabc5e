with

teams as (

    select
        totals.*,
        cycles.cycle_end_at
    from {{ ref('int_forecast_totals') }} as totals
    inner join {{ ref('int_forecast_cycles') }} as cycles
        on totals.team_id = cycles.team_id and totals.cycle_start_at = cycles.cycle_start_at
    where totals.is_open_cycle

),

in_words as (

    select
        developers.*,
        case
            when developers.is_over
                then
                    {{ count_as_text('round(100 * developers.on_demand_share)') }}
                    || ' % of it on-demand, as since included usage ended in this cycle.'
            when developers.allowance_source = 'earlier_cycle'
                then
                    'on-demand is what goes beyond ' || {{ usd_as_text('developers.allowance_usd') }}
                    || ' of included usage, where it ended in an earlier cycle.'
            when developers.allowance_source = 'configured'
                then
                    'on-demand is what goes beyond ' || {{ usd_as_text('developers.allowance_usd') }}
                    || ' of included usage, which the seat covers (seed seat_allowances).'
            when developers.allowance_source = 'team'
                then
                    'on-demand is what goes beyond ' || {{ usd_as_text('developers.allowance_usd') }}
                    || ' of included usage, where it typically ends in this team.'
            else 'nobody''s included usage has ended yet, so no on-demand usage is foreseen.'
        end as what_is_on_demand
    from {{ ref('int_forecast_people') }} as developers
    inner join teams
        on
            developers.team_id = teams.team_id
            and developers.cycle_start_at = teams.cycle_start_at
            and developers.as_of_date = teams.as_of_date

),

rows_of_both as (

    select
        teams.team_id,
        'team' as scope,
        '' as person,
        teams.on_demand_usd,
        teams.usage_to_come_usd,
        teams.forecast_low,
        teams.forecast_mid,
        teams.forecast_high,
        cast(null as date) as first_over_date,
        cast(null as varchar) as allowance_source,
        cast(null as {{ adapter.dispatch('double_type', 'cursor_usage')() }}) as allowance_usd,
        case
            when teams.usage_to_come_usd <= 0 then 'No usage is expected in the days left.'
            else
                {{ usd_as_text('teams.usage_to_come_usd') }}
                || ' of usage is expected in the days left; what of it is on-demand is added up from the developers.'
        end as expectation
    from teams
    union all
    select
        team_id,
        'developer' as scope,
        person,
        on_demand_usd,
        usage_to_come_usd,
        {{ as_double('on_demand_usd') }}
        + {{ on_demand_to_come('developers', 'usage_to_come_usd / (1 + ' ~ var('forecast_developer_spread') ~ ')') }}
            as forecast_low,
        {{ as_double('on_demand_usd') }}
        + {{ on_demand_to_come('developers', 'usage_to_come_usd') }} as forecast_mid,
        {{ as_double('on_demand_usd') }}
        + {{ on_demand_to_come('developers', 'usage_to_come_usd * (1 + ' ~ var('forecast_developer_spread') ~ ')') }}
            as forecast_high,
        first_over_date,
        allowance_source,
        allowance_usd,
        case
            when usage_to_come_usd <= 0 then 'No usage is expected in the days left.'
            else
                {{ usd_as_text('usage_to_come_usd') }} || ' of usage is expected in the days left; '
                || what_is_on_demand
        end as expectation
    from in_words as developers

)

select
    rows_of_both.team_id,
    cast(rows_of_both.scope as varchar) as scope,
    nullif(rows_of_both.person, '') as email,
    teams.cycle_start_at,
    teams.cycle_end_at,
    teams.as_of_date,
    cast(teams.cycle_day as bigint) as cycle_day,
    cast(teams.days_left as bigint) as days_left,
    cast(rows_of_both.on_demand_usd as decimal(38, 8)) as on_demand_to_date_usd,
    {{ divided_usd('rows_of_both.on_demand_usd', 'teams.cycle_day', times='teams.cycle_days') }} as run_rate_usd,
    {{ cents_of_double('rows_of_both.usage_to_come_usd') }} as usage_to_come_usd,
    {{ cents_of_double('rows_of_both.forecast_low') }} as forecast_low_usd,
    {{ cents_of_double('rows_of_both.forecast_mid') }} as forecast_mid_usd,
    {{ cents_of_double('rows_of_both.forecast_high') }} as forecast_high_usd,
    cast(limits.spend_limit_usd as decimal(38, 8)) as spend_limit_usd,
    paths.limit_hit_date,
    rows_of_both.allowance_source,
    {{ cents_of_double('rows_of_both.allowance_usd') }} as allowance_usd,
    coalesce(rows_of_both.first_over_date, paths.allowance_hit_date) as allowance_hit_date,
    teams.has_enough_days,
    rows_of_both.expectation
    || case
        when teams.has_enough_days then ''
        else ' Too little was seen yet to rely on it.'
    end as method
from rows_of_both
inner join teams on rows_of_both.team_id = teams.team_id
left join {{ ref('int_forecast_limits') }} as limits
    on
        rows_of_both.team_id = limits.team_id
        and rows_of_both.scope = limits.scope
        and rows_of_both.person = limits.person
left join {{ ref('int_forecast_paths') }} as paths
    on
        rows_of_both.team_id = paths.team_id
        and rows_of_both.scope = paths.scope
        and rows_of_both.person = paths.person
