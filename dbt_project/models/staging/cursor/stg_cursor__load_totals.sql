with

totals as (

    {{ unnested_load_totals(source('cursor', 'loads')) }}

)

select
    totals.load_id,
    loads.load_number,
    loads.team_id,
    {{ trimmed('totals.kind') }} as kind,

    -- counts
    totals.events,
    totals.events_without_charge,

    -- money
    {{ cents_to_usd('totals.charged_cents') }} as charged_usd,

    -- flags
    loads.is_open_day,

    -- times
    totals.usage_date,
    loads.fetch_started_at
from totals
inner join {{ source('cursor', 'loads') }} as loads on totals.load_id = loads.load_id
