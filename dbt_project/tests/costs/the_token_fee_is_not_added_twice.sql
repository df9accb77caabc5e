{#
    chargedCents contains the token fee: an event that has it costs exactly that. Straight from raw, so that a mistake in
    staging shows; of days that were loaded or built since the last build that passed.
#}
with

raw_events as (

    select
        events.team_id,
        events.usage_date,
        nullif(events.charged_cents, '') as charged,
        nullif(events.total_cents, '') as total,
        nullif(events.discount_percent_off, '') as discount,
        nullif(events.cursor_token_fee, '') as fee
    from {{ source('cursor', 'cursor_usage_events') }} as events
    inner join {{ ref('int_days_since_last_passed_build') }} as days
        on events.team_id = days.team_id and events.usage_date = days.usage_date

),

written_out as (

    select
        team_id,
        usage_date,
        charged is null as is_priced_by_tokens,
        {{ digits_written_out('charged') }} as charged_text,
        {{ digits_written_out('total') }} as total_text,
        {{ digits_written_out('discount') }} as discount_text,
        {{ digits_written_out('fee') }} as fee_text
    from raw_events

),

priced as (

    select
        team_id,
        usage_date,
        case
            when is_priced_by_tokens then {{ token_priced_usd('total_text', 'discount_text', 'fee_text') }}
            else {{ cents_to_usd('charged_text') }}
        end as amount_usd,
        case when not is_priced_by_tokens then {{ cents_to_usd('fee_text') }} end as token_fee_usd
    from written_out

),

charged as (

    select
        team_id,
        usage_date,
        {{ sum_usd('amount_usd') }} as amount_usd,
        {{ sum_usd('token_fee_usd') }} as token_fee_usd
    from priced
    group by team_id, usage_date

),

built as (

    select
        by_day.team_id,
        by_day.usage_date,
        sum(by_day.amount_usd) as amount_usd
    from {{ ref('int_usage_events_by_day') }} as by_day
    inner join {{ ref('int_days_since_last_passed_build') }} as days
        on by_day.team_id = days.team_id and by_day.usage_date = days.usage_date
    group by by_day.team_id, by_day.usage_date

)

select
    charged.team_id,
    charged.usage_date,
    charged.amount_usd as charged_usd,
    charged.token_fee_usd as token_fee_within_it_usd,
    built.amount_usd as built_usd
from charged
left join built on charged.team_id = built.team_id and charged.usage_date = built.usage_date
where charged.amount_usd <> coalesce(built.amount_usd, 0)
