{# The staging columns of usage events; closed days and the open day are shaped alike. #}
{% macro staged_usage_events(source_relation) %}
    with

    source as (

        select * from {{ source_relation }}

    ),

    named as (

        select
            source.*,
            {{ normalised_email('user_email') }} as source_email,
            {{ service_account_id('service_account_id') }} as service_account,
            nullif(charged_cents, '') as charged,
            charged_cents is null or charged_cents = '' as is_priced_by_tokens
        from source

    ),

    with_prices as (

        select
            named.*,
            {{ digits_written_out('charged') }} as charged_text,
            case when is_priced_by_tokens then {{ digits_written_out("nullif(total_cents, '')") }} end as total_text,
            case when is_priced_by_tokens then {{ digits_written_out("nullif(discount_percent_off, '')") }} end
                as discount_text,
            case when is_priced_by_tokens then {{ digits_written_out("nullif(cursor_token_fee, '')") }} end as fee_text
        from named

    )

    select
        team_id,
        load_id,

        -- who and with what: a service account's address is not a person's
        source_email,
        service_account as service_account_id,
        user_id,
        conversation_id,
        {{ trimmed('model') }} as model,
        {{ trimmed('kind') }} as kind,
        case when service_account is null then source_email end as email,

        -- counts
        input_tokens,
        output_tokens,
        cache_write_tokens,
        cache_read_tokens,

        -- money: chargedCents contains the token fee already
        case
            when is_priced_by_tokens then {{ token_priced_usd('total_text', 'discount_text', 'fee_text') }}
            else {{ cents_to_usd('charged_text') }}
        end as amount_usd,

        -- flags
        service_account is not null as is_service_account,
        coalesce(is_max_mode, false) as is_max_mode,
        is_headless,

        -- times
        usage_date,
        event_at
    from with_prices
{% endmacro %}
