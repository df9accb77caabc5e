{%- set key = ['team_id', 'measure', 'reference_source', 'window_start_date', 'window_end_date', 'address'] -%}
{#- from where, cause, its part of the difference, addresses, where -#}
{%- set sources = [
    ('attributed', 'cause', 'difference', '1', 'true'),
    ('without_address', "'no_email'", 'no_email_usd', '1', 'is_proven and no_email_usd <> 0'),
    (
        'without_address', "'service_account'", 'service_account_usd', 'service_accounts',
        'is_proven and service_account_usd <> 0',
    ),
    ('without_address', "'unexplained'", 'difference', '1', 'not is_proven'),
] -%}
with

addresses as (

    select * from {{ ref('int_verification_addresses') }}

),

unattributed as (

    select * from {{ ref('int_verification_unattributed') }}

),

-- A reference that counts in whole cents may be off by half a cent a row, and by no more.
bounded as (

    select
        *,
        reference_rows * {{ var('rounding_usd_per_row') }} as rounding_bound
    from addresses
    where difference <> 0

),

-- The first cause that its rows prove takes an address's whole difference.
attributed as (

    select
        *,
        case
            when reference_rows = 0 then 'absent_from_reference'
            when usage_rows = 0 and reference_value <> 0 then 'absent_from_warehouse'
            when unit <> 'usd' then 'unexplained'
            when abs(difference) <= rounding_bound then 'rounding'
            when before_start_usd <> 0 and abs(difference + before_start_usd) <= rounding_bound then 'cycle_edge'
            when {{ is_credit_or_own_key('difference', 'credit_usd', 'own_key_usd', 'rounding_bound') }}
                then 'credit_or_own_key'
            else 'unexplained'
        end as cause
    from bounded
    where address <> ''

),

-- Unattributed usage is taken apart by its rows only where they come to its difference exactly.
without_address as (

    select
        bounded.*,
        coalesce(unattributed.no_email_usd, 0) as no_email_usd,
        coalesce(unattributed.service_account_usd, 0) as service_account_usd,
        coalesce(unattributed.service_accounts, 0) as service_accounts,
        coalesce(unattributed.no_email_usd + unattributed.service_account_usd, 0) = bounded.difference as is_proven
    from bounded
    left join unattributed
        on
            bounded.team_id = unattributed.team_id
            and bounded.measure = unattributed.measure
    where bounded.address = ''

),

causes as (

    {%- for relation, cause, difference, addresses, condition in sources %}
        select
            {{ key | join(',\n            ') }},
            {{ cause }} as cause,
            {{ difference }} as difference,
            {{ addresses }} as addresses
        from {{ relation }}
        where {{ condition }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    {{ key | join(',\n    ') }},
    cause,
    cast(difference as decimal(38, 8)) as difference,
    cast(addresses as bigint) as addresses
from causes
