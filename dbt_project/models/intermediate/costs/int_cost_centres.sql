{{ config(materialized='view') }}

{%- set cost_centres -%}
(
    select
        {{ trimmed('team_id') }} as team_id,
        {{ normalised_email('email') }} as email,
        {{ trimmed('cost_centre') }} as cost_centre,
        valid_from
    from {{ ref('cost_centres') }}
)
{%- endset -%}

{{ in_force_by_team(cost_centres, ref('int_teams'), ['email'], ['cost_centre']) }}
