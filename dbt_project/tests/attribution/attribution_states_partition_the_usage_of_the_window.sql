{#
    Every request and every dollar of the window is in exactly one state: what the day grain says, less what both marts say.
#}
{%- set measures = ['requests', 'usage_value_usd', 'other_usage_usd'] -%}
with

said as (

    select
        usage_daily.team_id,
        sum(usage_daily.requests) as requests,
        {{ sum_usd("case when category in ('included', 'on_demand') then amount_usd end") }} as usage_value_usd,
        {{ sum_usd("case when category in ('credit', 'own_key', 'unknown') then amount_usd end") }} as other_usage_usd
    from {{ ref('int_usage_daily') }} as usage_daily
    inner join {{ ref('int_teams') }} as teams
        on
            usage_daily.team_id = teams.team_id
            and usage_daily.usage_date between teams.window_start_date and teams.window_end_date
    group by usage_daily.team_id

),

sides as (

    {% for mart in ['usage_attribution', 'usage_attribution_by_developer'] %}
        select
            '{{ mart }}' as mart,
            team_id,
            {{ measures | join(', ') }}
        from said
        union all
        select
            '{{ mart }}' as mart,
            team_id,
            {% for measure in measures %}
                -{{ measure }} as {{ measure }}{% if not loop.last %},{% endif %}
            {% endfor %}
        from {{ ref(mart) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    mart,
    team_id,
    {% for measure in measures %}
        sum({{ measure }}) as {{ measure }}{% if not loop.last %},{% endif %}
    {% endfor %}
from sides
group by mart, team_id
having sum(requests) <> 0 or sum(usage_value_usd) <> 0 or sum(other_usage_usd) <> 0
