with

-- What a failed run could not read is not what the published figures miss.
answers as (

    select
        team_id,
        endpoint,
        outcome,
        message,
        row_number() over (partition by team_id, endpoint order by checked_at desc, run_id desc) as newest_first
    from {{ ref('int_endpoint_answers') }}

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
