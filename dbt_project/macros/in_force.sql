{#
    Dated rows of a seed as periods by team: one row per team, key and period, from valid_from_date up to
    valid_until_date (exclusive). A team's own rows hold from their first date on; before it, and for a team without any,
    those of team '*' do. A row without a date holds from the beginning.

    seed: a relation with team_id, valid_from, the keys and the values. teams: a relation with team_id.
#}
{% macro in_force_by_team(seed, teams, keys, values) %}
    with
    rows_by_team as (
        select
            teams.team_id,
            {% for key in keys %}
                seed.{{ key }},
            {% endfor %}
            {% for value in values %}
                seed.{{ value }},
            {% endfor %}
            seed.team_id <> '*' as is_own,
            coalesce(seed.valid_from, date '0001-01-01') as valid_from_date
        from {{ seed }} as seed
        inner join {{ teams }} as teams on seed.team_id = teams.team_id or seed.team_id = '*'
    ),

    with_own_from as (
        select
            rows_by_team.*,
            min(case when is_own then valid_from_date end) over (
                partition by team_id, {{ keys | join(', ') }}
            ) as own_from_date
        from rows_by_team
    )

    select
        team_id,
        {% for name in keys + values %}
            {{ name }},
        {% endfor %}
        valid_from_date,
        coalesce(
            lead(valid_from_date) over (partition by team_id, {{ keys | join(', ') }} order by valid_from_date),
            date '9999-12-31'
        ) as valid_until_date
    from with_own_from
    where is_own or own_from_date is null or valid_from_date < own_from_date
{% endmacro %}
