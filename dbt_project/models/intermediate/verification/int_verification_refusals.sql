with

-- A failed run changes nothing of what is published: its error is told with the verdict, and what it could not read is
-- not what the published figures miss.
answers as (

    select
        access.team_id,
        access.endpoint,
        access.outcome,
        access.message,
        row_number() over (
            partition by access.team_id, access.endpoint
            order by access.checked_at desc, access.run_id desc
        ) as newest_first
    from {{ ref('stg_cursor__endpoint_access') }} as access
    left join {{ ref('stg_cursor__team_runs') }} as runs
        on access.team_id = runs.team_id and access.run_id = runs.run_id
    where coalesce(runs.status, '') <> 'failed'

),

refusals as (

    select
        team_id,
        endpoint,
        case
            when outcome = 'refused' then 'the API refused the endpoint '
            else 'the API could not answer for the endpoint '
        end
        || endpoint
        || coalesce(' (' || {{ quoted_sentence('message') }} || ')', '') as refusal
    from answers
    where newest_first = 1 and outcome in ('refused', 'failed')

)

select * from refusals
