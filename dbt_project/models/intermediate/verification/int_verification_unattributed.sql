with

usage_rows as (

    select * from {{ ref('int_verification_cycle_usage') }}
    where is_in_range and email is null

),

spend as (

    select
        ties.team_id,
        ties.tied_cycle,
        stg.email,
        count(*) as reference_rows
    from {{ ref('stg_cursor__spend') }} as stg
    inner join {{ ref('int_verification_ties') }} as ties
        on stg.team_id = ties.team_id and stg.load_id = ties.spend_load_id
    group by ties.team_id, ties.tied_cycle, stg.email

),

-- What the reference may say in a row without an e-mail is not known to be missing from it.
unlisted_usage as (

    select usage_rows.*
    from usage_rows
    left join spend as without_email
        on
            usage_rows.team_id = without_email.team_id
            and usage_rows.tied_cycle = without_email.tied_cycle
            and without_email.email is null
    left join spend as of_service_account
        on
            usage_rows.team_id = of_service_account.team_id
            and usage_rows.tied_cycle = of_service_account.tied_cycle
            and usage_rows.service_address = of_service_account.email
    where without_email.reference_rows is null and of_service_account.reference_rows is null

),

by_measure as (

    {%- for measure, (tied_cycle, column) in verification_tied_measures().items() %}
        select
            team_id,
            '{{ measure }}' as measure,
            service_address,
            sum(amount_usd) as amount_usd
        from unlisted_usage
        where
            tied_cycle = '{{ tied_cycle }}'
            and category in {{ listed(verification_usage_categories()[measure]) }}
        group by team_id, service_address
        {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    team_id,
    measure,
    {{ sum_usd('case when service_address is null then amount_usd end') }} as no_email_usd,
    {{ sum_usd('case when service_address is not null then amount_usd end') }} as service_account_usd,
    {{ sum_count('case when service_address is not null and amount_usd <> 0 then 1 end') }} as service_accounts
from by_measure
group by team_id, measure
