{#
    What the day grain says against what each mart sums to: by day where the mart has days, by team and window or history
    where it has none. A lost or doubled row, a fanned-out join or a forgotten kind shows here. That the day grain says
    what the events say is tests/costs/the_day_grain_conserves_the_events.sql.
#}
{%- set measures = [
    'requests', 'input_tokens', 'output_tokens', 'cache_write_tokens', 'cache_read_tokens',
    'usage_value_usd', 'other_usage_usd',
] -%}
{%- set taken_away, sums, differences = [], [], [] -%}
{%- for measure in measures -%}
    {%- do taken_away.append('-coalesce(' ~ measure ~ ', 0) as ' ~ measure) -%}
    {%- do sums.append('sum(' ~ measure ~ ') as ' ~ measure) -%}
    {%- do differences.append('sum(' ~ measure ~ ') <> 0') -%}
{%- endfor -%}
with

said as (

    select
        team_id,
        usage_date,
        sum(requests) as requests,
        sum(input_tokens) as input_tokens,
        sum(output_tokens) as output_tokens,
        sum(cache_write_tokens) as cache_write_tokens,
        sum(cache_read_tokens) as cache_read_tokens,
        {{ sum_usd("case when category in ('included', 'on_demand') then amount_usd end") }} as usage_value_usd,
        {{ sum_usd("case when category not in ('included', 'on_demand') then amount_usd end") }} as other_usage_usd
    from {{ ref('int_usage_daily') }}
    where category <> 'not_charged'
    group by team_id, usage_date

),

said_in_window as (

    select said.*
    from said
    inner join {{ ref('int_teams') }} as teams
        on
            said.team_id = teams.team_id
            and said.usage_date between teams.window_start_date and teams.window_end_date

),

sides as (

    {% for mart, relation, said, day in [
        ('usage_costs_daily', ref('usage_costs_daily'), 'said', 'usage_date'),
        ('model_mix_daily', ref('model_mix_daily'), 'said', 'usage_date'),
        ('usage_costs', ref('usage_costs'), 'said', 'cast(null as date)'),
        ('model_mix', ref('model_mix'), 'said_in_window', 'cast(null as date)'),
    ] %}
        select
            '{{ mart }}' as mart,
            team_id,
            {{ day }} as usage_date,
            {{ measures | join(', ') }}
        from {{ said }}
        union all
        select
            '{{ mart }}' as mart,
            team_id,
            {{ day }} as usage_date,
            {{ taken_away | join(', ') }}
        from {{ relation }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    mart,
    team_id,
    usage_date,
    {{ sums | join(', ') }}
from sides
group by mart, team_id, usage_date
having {{ differences | join(' or ') }}
