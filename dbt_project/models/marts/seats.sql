{#- What makes a state; a day on which one of these changes begins a new period. -#}
{%- set state = ['role', 'seat_type', 'is_paid', 'is_removed', 'monthly_price_usd', 'seat_price_source'] -%}
with

periods as (

    select
        *,
        {% for column in state %}
            lag({{ column }}) over (partition by team_id, seat_key order by valid_from_date) as {{ column }}_before,
        {% endfor %}
        lag(valid_from_date) over (partition by team_id, seat_key order by valid_from_date) as date_before
    from {{ ref('int_seat_periods') }}

),

numbered as (

    select
        *,
        sum(
            case
                when date_before is null then 1
                {% for column in state %}
                    when {{ column }} is distinct from {{ column }}_before then 1
                {% endfor %}
                else 0
            end
        ) over (
            partition by team_id, seat_key order by valid_from_date
            rows between unbounded preceding and current row
        ) as state_number
    from periods

),

-- Who a person is in a period is what the period's last day says.
with_bounds as (

    select
        *,
        min(valid_from_date) over (partition by team_id, seat_key, state_number) as first_date,
        max(valid_from_date) over (partition by team_id, seat_key, state_number) as last_change_date
    from numbered

),

states as (

    select
        with_bounds.*,
        with_bounds.valid_until_date > dates.as_of_date as is_current
    from with_bounds
    inner join {{ ref('int_adoption_dates') }} as dates on with_bounds.team_id = dates.team_id
    where with_bounds.valid_from_date = with_bounds.last_change_date

)

select
    team_id,
    seat_key,
    email,
    name,
    role,
    seat_type,
    is_paid,
    is_removed,
    cast(monthly_price_usd as decimal(38, 8)) as monthly_price_usd,
    seat_price_source,
    first_date as valid_from_date,
    case when not is_current then valid_until_date end as valid_until_date,
    is_current,
    cast({{ days_between('first_date', 'valid_until_date') }} as bigint) as days
from states
