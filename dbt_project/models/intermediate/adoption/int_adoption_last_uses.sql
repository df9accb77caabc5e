{%- set features = {
    'agent': 'agent_requests',
    'composer': 'composer_requests',
    'chat': 'chat_requests',
    'cmdk': 'cmdk_usages',
    'tab': 'total_tabs_accepted',
    'bugbot': 'bugbot_usages',
} -%}
with

activity as (

    select
        team_id,
        email,
        max(usage_date) as last_active_date,
        max(case when has_request then usage_date end) as last_request_date,
        max(case when has_active_daily_row then usage_date end) as last_daily_active_date
    from {{ ref('int_developer_activity_days') }}
    where has_request or has_active_daily_row
    group by team_id, email

),

-- A feature may have been used on a day that daily usage does not call active.
features as (

    select
        {% for feature, count in features.items() %}
            max(case when {{ count }} > 0 then usage_date end) as last_{{ feature }}_date,
        {% endfor %}
        team_id,
        email
    from {{ ref('stg_cursor__daily_usage') }}
    where email is not null
    group by team_id, email

)

select
    coalesce(activity.team_id, features.team_id) as team_id,
    coalesce(activity.email, features.email) as email,
    {% for feature in features %}
        features.last_{{ feature }}_date,
    {% endfor %}
    activity.last_active_date,
    activity.last_request_date,
    activity.last_daily_active_date
from activity
full outer join features on activity.team_id = features.team_id and activity.email = features.email
