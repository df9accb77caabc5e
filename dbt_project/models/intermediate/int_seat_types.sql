{{ config(materialized='view') }}

{%- set seat_types -%}
(
    select
        {{ trimmed('team_id') }} as team_id,
        {{ normalised_email('email') }} as email,
        {{ trimmed('seat_type') }} as seat_type,
        valid_from
    from {{ ref('seat_types') }}
)
{%- endset -%}

{{ in_force_by_team(seat_types, ref('int_teams'), ['email'], ['seat_type']) }}
