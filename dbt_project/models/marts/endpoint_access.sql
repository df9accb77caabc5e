with

endpoints as (

    {%- for endpoint, empty_marts, consequence in endpoints() %}
        select
            '{{ endpoint }}' as endpoint,
            {{ loop.index }} as endpoint_order,
            '{{ empty_marts | join(", ") }}' as empty_marts,
            '{{ consequence }}' as consequence
        {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- What was not tried is no answer.
answers as (

    select
        team_id,
        endpoint,
        case when outcome = 'ok' then 'granted' else outcome end as access,
        status_code,
        message,
        checked_at,
        row_number() over (partition by team_id, endpoint order by checked_at desc, run_id desc) as newest_first
    from {{ ref('int_endpoint_answers') }}
    where outcome <> 'not_tried'

),

newest as (

    select * from answers
    where newest_first = 1

),

-- The newest answer that is another one than the newest of all: what came after it is the unbroken run of the same.
changes as (

    select
        answers.team_id,
        answers.endpoint,
        min(answers.newest_first) as newest_first
    from answers
    inner join newest on answers.team_id = newest.team_id and answers.endpoint = newest.endpoint
    where answers.access <> newest.access
    group by answers.team_id, answers.endpoint

),

spans as (

    select
        answers.team_id,
        answers.endpoint,
        min(case
            when changes.newest_first is null or answers.newest_first < changes.newest_first then answers.checked_at
        end) as access_since_at,
        max(case when answers.access = 'granted' then answers.checked_at end) as last_granted_at
    from answers
    left join changes on answers.team_id = changes.team_id and answers.endpoint = changes.endpoint
    group by answers.team_id, answers.endpoint

)

select
    teams.team_id,
    endpoints.endpoint,
    coalesce(newest.access, 'not_asked') as access,
    spans.access_since_at,
    newest.checked_at as last_checked_at,
    spans.last_granted_at,
    cast(newest.status_code as bigint) as status_code,
    newest.message,
    endpoints.empty_marts,
    endpoints.consequence,
    cast(endpoints.endpoint_order as bigint) as endpoint_order
from {{ ref('int_teams') }} as teams
cross join endpoints
left join newest on teams.team_id = newest.team_id and endpoints.endpoint = newest.endpoint
left join spans on teams.team_id = spans.team_id and endpoints.endpoint = spans.endpoint
