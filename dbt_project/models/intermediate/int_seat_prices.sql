{{ config(materialized='view') }}

{%- set prices -%}
(
    select
        {{ trimmed('team_id') }} as team_id,
        {{ trimmed('seat_type') }} as seat_type,
        valid_from,
        monthly_price_usd,
        coalesce({{ trimmed('price_source') }}, 'configured') as price_source
    from {{ ref('seat_prices') }}
)
{%- endset -%}

{{ in_force_by_team(prices, ref('int_teams'), ['seat_type'], ['monthly_price_usd', 'price_source']) }}
