{%- set figures = {'requests': sum_count, 'usage_value_usd': sum_usd, 'on_demand_usd': sum_usd} -%}
with

states as (

    select * from {{ ref('int_day_states') }}

),

-- In the order of loading: that is how the warehouse's figures moved.
steps as (

    select
        states.*,
        row_number() over (partition by team_id, usage_date order by load_number) as first_first,
        row_number() over (partition by team_id, usage_date order by load_number desc) as newest_first,
        lag(fetch_started_at) over (partition by team_id, usage_date order by load_number) as previous_fetch_at,
        {% for figure in figures %}
            {{ figure }} - lag({{ figure }}) over (partition by team_id, usage_date order by load_number)
                as {{ figure }}_step{% if not loop.last %},{% endif %}
        {% endfor %}
    from states

),

moves as (

    select
        steps.*,
        coalesce(
            {% for figure in figures %}
                {{ figure }}_step <> 0{{ ' or' if not loop.last }}
            {% endfor %},
            false
        ) as is_restatement
    from steps

),

days as (

    select
        team_id,
        usage_date,
        min(fetch_started_at) as first_complete_at,
        max(fetch_started_at) as last_fetched_at,
        max(case when is_restatement then fetch_started_at end) as last_restated_at,
        {{ sum_count('case when is_restatement then 1 end') }} as restatements,
        {{ sum_count(
            'case when is_restatement and previous_fetch_at >= ' ~ settled_at('usage_date') ~ ' then 1 end'
        ) }} as restatements_after_settled,
        {% for figure, total in figures.items() %}
            {{ total('case when first_first = 1 then ' ~ figure ~ ' end') }} as first_{{ figure }},
            {{ total('case when newest_first = 1 then ' ~ figure ~ ' end') }} as {{ figure }},
            {{ total('abs(' ~ figure ~ '_step)') }} as moved_{{ figure }},
        {% endfor %}
        {{ sum_count('case when newest_first = 1 then requests_without_charge end') }} as requests_without_charge
    from moves
    group by team_id, usage_date

)

select
    team_id,
    usage_date,
    first_complete_at,
    last_restated_at,
    last_fetched_at >= {{ settled_at('usage_date') }} as is_settled,
    restatements,
    restatements_after_settled,
    {% for figure in figures %}
        first_{{ figure }},
        {{ figure }},
        {% if figure == 'requests' -%}
            {{ figure }} - first_{{ figure }} as change_in_{{ figure }},
        {%- else -%}
            cast({{ figure }} - first_{{ figure }} as decimal(38, 8)) as change_in_{{ figure }},
        {%- endif %}
        moved_{{ figure }},
    {% endfor %}
    requests_without_charge
from days
