{%- set measures = {
    'cycle_included_usage_usd': ("'included'", 'included_usage_usd'),
    'cycle_on_demand_usd': ("'on_demand'", 'on_demand_usd'),
    'cycle_usage_value_usd': ("'included', 'on_demand'", 'usage_value_usd'),
} -%}
with

ties as (

    select * from {{ ref('int_verification_ties') }}

),

usage_rows as (

    select * from {{ ref('int_verification_cycle_usage') }}

),

-- What a member's row does not say is null, not 0: then the reference is partial.
spend as (

    select
        stg.team_id,
        stg.email,
        stg.spend_usd as on_demand_usd,
        coalesce(stg.overall_spend_usd - stg.spend_usd, stg.included_spend_usd) as included_usage_usd,
        coalesce(stg.overall_spend_usd, stg.spend_usd + stg.included_spend_usd) as usage_value_usd
    from {{ ref('stg_cursor__spend') }} as stg
    inner join ties on stg.team_id = ties.team_id and stg.load_id = ties.spend_load_id

),

developers as (

    select distinct
        team_id,
        email
    from {{ ref('int_usage_daily') }}
    where email is not null

),

-- Cursor may list a service account as a member, under the pseudo address that its events carry: that is
-- unattributed on both sides.
service_addresses as (

    select distinct
        usage_rows.team_id,
        usage_rows.service_address as email
    from usage_rows
    left join developers
        on
            usage_rows.team_id = developers.team_id
            and usage_rows.service_address = developers.email
    where usage_rows.service_address is not null and developers.email is null

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

    {%- for measure, (categories, column) in measures.items() %}
        select
            team_id,
            '{{ measure }}' as measure,
            coalesce(email, '') as address,
            sum(case when is_in_range then coalesce(amount_usd, 0) else 0 end) as warehouse_value,
            sum(case when is_late then coalesce(amount_usd, 0) else 0 end) as late_value,
            cast(0 as decimal(38, 8)) as reference_value,
            0 as reference_rows,
            0 as reference_rows_without_value
        from usage_rows
        where category in ({{ categories }})
        group by team_id, coalesce(email, '')
        union all
        select
            team_id,
            '{{ measure }}' as measure,
            address,
            cast(0 as decimal(38, 8)) as warehouse_value,
            cast(0 as decimal(38, 8)) as late_value,
            sum(coalesce({{ column }}, 0)) as reference_value,
            count(*) as reference_rows,
            sum(case when {{ column }} is null then 1 else 0 end) as reference_rows_without_value
        from spend_by_address
        group by team_id, address
        {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    team_id,
    measure,
    address,
    sum(warehouse_value) as warehouse_value,
    sum(late_value) as late_value,
    sum(reference_value) as reference_value,
    sum(reference_rows) as reference_rows,
    sum(reference_rows_without_value) as reference_rows_without_value
from sides
group by team_id, measure, address
