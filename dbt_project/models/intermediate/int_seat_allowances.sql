{{ config(materialized='view') }}

{%- set allowances -%}
(
    select
        {{ trimmed('team_id') }} as team_id,
        {{ trimmed('seat_type') }} as seat_type,
        valid_from,
        monthly_allowance_usd,
        coalesce(is_pooled, false) as is_pooled
    from {{ ref('seat_allowances') }}
)
{%- endset -%}

{{ in_force_by_team(allowances, ref('int_teams'), ['seat_type'], ['monthly_allowance_usd', 'is_pooled']) }}
