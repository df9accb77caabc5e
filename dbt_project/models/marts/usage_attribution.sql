with

states as (

    {%- for state, what_to_do in attribution_states() %}
        select
            '{{ state }}' as state,
            '{{ what_to_do | replace("'", "''") }}' as what_to_do
        {{ 'union all' if not loop.last }}
    {%- endfor %}

),

sums as (

    select
        team_id,
        state,
        count(seat_key) as people,
        {{ sum_count('case when is_member then 1 end') }} as members,
        {{ sum_count('requests') }} as requests,
        {{ sum_usd('usage_value_usd') }} as usage_value_usd,
        {{ sum_usd('other_usage_usd') }} as other_usage_usd
    from {{ ref('usage_attribution_by_developer') }}
    group by team_id, state

),

-- Every state is told, also the one that nobody is in.
filled as (

    select
        teams.team_id,
        teams.window_start_date,
        teams.window_end_date,
        states.state,
        cast(coalesce(sums.people, 0) as bigint) as people,
        cast(coalesce(sums.members, 0) as bigint) as members,
        cast(coalesce(sums.requests, 0) as bigint) as requests,
        cast(coalesce(sums.usage_value_usd, 0) as decimal(38, 8)) as usage_value_usd,
        cast(coalesce(sums.other_usage_usd, 0) as decimal(38, 8)) as other_usage_usd,
        states.what_to_do
    from {{ ref('int_teams') }} as teams
    cross join states
    left join sums on teams.team_id = sums.team_id and states.state = sums.state

),

with_whole as (

    select
        filled.*,
        sum(usage_value_usd) over (partition by team_id) as usage_value_of_team_usd
    from filled

)

select
    team_id,
    window_start_date,
    window_end_date,
    state,
    people,
    members,
    requests,
    usage_value_usd,
    other_usage_usd,
    {{ share('usage_value_usd', 'usage_value_of_team_usd') }} as usage_value_share,
    what_to_do
from with_whole
