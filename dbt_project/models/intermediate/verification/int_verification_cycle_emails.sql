with

ties as (

    select * from {{ ref('int_verification_ties') }}

),

usage_rows as (

    select * from {{ ref('int_verification_cycle_usage') }}

),

spend as (

    select
        ties.team_id,
        ties.tied_cycle,
        stg.email,
        stg.on_demand_usd,
        stg.included_usage_usd,
        stg.usage_value_usd
    from {{ ref('stg_cursor__spend') }} as stg
    inner join ties on stg.team_id = ties.team_id and stg.load_id = ties.spend_load_id

),

-- Whom events or an active row of daily usage call a person.
developers as (

    select
        team_id,
        email
    from {{ ref('int_usage_daily') }}
    where email is not null
    union
    select
        team_id,
        email
    from {{ ref('int_developer_activity_days') }}

),

-- Cursor may list a service account as a member, under the pseudo address that its events carry, be they of another
-- cycle: that is unattributed on both sides.
service_events as (

    select
        team_id,
        service_address
    from {{ ref('int_usage_daily') }}
    where service_address is not null
    union
    select
        team_id,
        service_address
    from usage_rows
    where service_address is not null

),

service_addresses as (

    select
        service_events.team_id,
        service_events.service_address as email
    from service_events
    left join developers
        on
            service_events.team_id = developers.team_id
            and service_events.service_address = developers.email
    where developers.email is null

),

spend_by_address as (

    select
        spend.*,
        case when service_addresses.email is null then coalesce(spend.email, '') else '' end as address
    from spend
    left join service_addresses
        on
            spend.team_id = service_addresses.team_id
            and spend.email = service_addresses.email

),

-- One row per team, measure and address ('' without one) on either side.
sides as (

    {%- for measure, (tied_cycle, column) in verification_tied_measures().items() %}
        select
            team_id,
            '{{ measure }}' as measure,
            coalesce(email, '') as address,
            sum(case when is_in_range then coalesce(amount_usd, 0) else 0 end) as warehouse_value,
            sum(case when is_in_range and not is_settled then coalesce(amount_usd, 0) else 0 end) as unsettled_value,
            sum(case when not is_in_range then coalesce(amount_usd, 0) else 0 end) as after_value,
            sum(case when is_in_range then 1 else 0 end) as usage_rows_in_range,
            cast(0 as decimal(38, 8)) as reference_value,
            0 as reference_rows,
            0 as reference_rows_without_value
        from usage_rows
        where tied_cycle = '{{ tied_cycle }}' and category in {{ listed(verification_usage_categories()[measure]) }}
        group by team_id, coalesce(email, '')
        union all
        select
            team_id,
            '{{ measure }}' as measure,
            address,
            cast(0 as decimal(38, 8)) as warehouse_value,
            cast(0 as decimal(38, 8)) as unsettled_value,
            cast(0 as decimal(38, 8)) as after_value,
            0 as usage_rows_in_range,
            sum(coalesce({{ column }}, 0)) as reference_value,
            count(*) as reference_rows,
            sum(case when {{ column }} is null then 1 else 0 end) as reference_rows_without_value
        from spend_by_address
        where tied_cycle = '{{ tied_cycle }}'
        group by team_id, address
        {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    team_id,
    measure,
    address,
    sum(warehouse_value) as warehouse_value,
    sum(unsettled_value) as unsettled_value,
    sum(after_value) as after_value,
    sum(usage_rows_in_range) as usage_rows_in_range,
    sum(reference_value) as reference_value,
    sum(reference_rows) as reference_rows,
    sum(reference_rows_without_value) as reference_rows_without_value
from sides
group by team_id, measure, address
