-- What the API said, typed. One row is one record of an answer; replaced window by window.
-- Amounts are kept as the JSON text shows them (varchar): a double would lose digits; staging turns them into decimals once.
create schema if not exists raw;

-- One row per team and run: how the run ended for that team.
create table if not exists raw.team_runs (
    run_id varchar not null,
    team_id varchar not null,
    connection_id varchar not null,
    started_at timestamp not null,
    finished_at timestamp not null,
    status varchar not null,  -- succeeded | failed
    error varchar  -- one sentence, null where it succeeded
);

-- One row per run, team and endpoint: what the endpoint answered to this key.
create table if not exists raw.endpoint_access (
    run_id varchar not null,
    team_id varchar not null,
    endpoint varchar not null,  -- members | spend | daily_usage | usage_events
    checked_at timestamp not null,
    outcome varchar not null,  -- ok | refused | failed | not_tried
    status_code integer,
    message varchar
);

-- One row per load: a landed answer (a window or a snapshot) that was put into raw, or found there unchanged.
create table if not exists raw.loads (
    load_number bigint not null,  -- 1, 2, 3 … in the order of loading: what is built from raw remembers how far it came
    load_id varchar not null,
    run_id varchar not null,
    team_id varchar not null,
    endpoint varchar not null,
    is_open_day boolean not null,  -- the provisional part of the open day; usage_events only
    window_start_date date,  -- first and last UTC day, both inclusive; null for snapshots (members, spend)
    window_end_date date,
    covered_until_at timestamp,  -- the last instant that was asked for; null for snapshots
    fetch_started_at timestamp not null,  -- when the first request left; a snapshot's snapshot_at
    fetch_finished_at timestamp not null,
    cycle_start_at timestamp,  -- spend only: subscriptionCycleStart
    records_announced bigint,
    records_received bigint not null,
    pages integer not null,
    bytes_received bigint not null,
    checksum varchar not null,
    landing_path varchar not null,
    is_unchanged boolean not null,  -- same records as the window's load before: rows were left as they are
    totals json,  -- usage_events: events, events without chargedCents, and cents by day and kind, as raw has them after it
    loaded_at timestamp not null
);

-- Grain: one row per load, unknown field and JSON type: what came beside the known fields, whose values are in `rest`.
create table if not exists raw.unknown_fields (
    team_id varchar not null,
    endpoint varchar not null,
    load_id varchar not null,
    seen_at timestamp not null,  -- when the load's fetch began
    field varchar not null,  -- a path: tokenUsage.newField
    is_envelope boolean not null,  -- it stands around the records
    json_type varchar not null,  -- text | number | boolean | object | list
    records bigint  -- of the load, that have it; null for the envelope
);

-- Grain: one row per team, members snapshot and member of the list. Source: GET /teams/members.
create table if not exists raw.cursor_members (
    team_id varchar not null,
    snapshot_at timestamp not null,
    user_id varchar,
    name varchar,
    email varchar,
    role varchar,
    is_removed boolean,
    rest json,
    load_id varchar not null
);

-- Grain: one row per team, spend snapshot and member of the answer. Source: POST /teams/spend.
create table if not exists raw.cursor_spend (
    team_id varchar not null,
    snapshot_at timestamp not null,
    cycle_start_at timestamp,
    user_id varchar,
    name varchar,
    email varchar,
    role varchar,
    spend_cents varchar,
    overall_spend_cents varchar,
    included_spend_cents varchar,
    fast_premium_requests varchar,
    hard_limit_override_dollars varchar,
    monthly_limit_dollars varchar,
    effective_per_user_limit_dollars varchar,
    rest json,
    load_id varchar not null
);

-- Grain: one row per team, UTC day and record of the answer. Source: POST /teams/daily-usage-data.
create table if not exists raw.cursor_daily_usage (
    team_id varchar not null,
    usage_date date not null,
    user_id varchar,
    email varchar,
    date_ms bigint,
    is_active boolean,
    total_lines_added bigint,
    total_lines_deleted bigint,
    accepted_lines_added bigint,
    accepted_lines_deleted bigint,
    total_applies bigint,
    total_accepts bigint,
    total_rejects bigint,
    total_tabs_shown bigint,
    total_tabs_accepted bigint,
    composer_requests bigint,
    chat_requests bigint,
    agent_requests bigint,
    cmdk_usages bigint,
    subscription_included_reqs bigint,
    api_key_reqs bigint,
    usage_based_reqs bigint,
    bugbot_usages bigint,
    most_used_model varchar,
    apply_most_used_extension varchar,
    tab_most_used_extension varchar,
    client_version varchar,
    rest json,
    load_id varchar not null
);

-- Grain: one row per usage event; there is no key, and two events can be equal in every column.
-- Closed UTC days only. Source: POST /teams/filtered-usage-events.
create table if not exists raw.cursor_usage_events (
    team_id varchar not null,
    usage_date date not null,
    event_at timestamp not null,
    user_email varchar,
    user_id varchar,
    service_account_id varchar,
    service_account_name varchar,
    conversation_id varchar,
    cloud_agent_id varchar,
    automation_id varchar,
    model varchar,
    kind varchar,
    is_max_mode boolean,
    requests_costs varchar,
    is_token_based_call boolean,
    is_chargeable boolean,
    is_headless boolean,
    input_tokens bigint,
    output_tokens bigint,
    cache_write_tokens bigint,
    cache_read_tokens bigint,
    total_cents varchar,
    discount_percent_off varchar,
    cursor_token_fee varchar,
    charged_cents varchar,
    rest json,
    load_id varchar not null
);

-- The same columns for the open day, up to its load's covered_until_at: used for nothing but tying the open cycle to a spend snapshot.
create table if not exists raw.cursor_usage_events_open_day as
select * from raw.cursor_usage_events
limit 0;

-- One row per dbt build; the newest one tells whether the marts in this file passed all tests.
create table if not exists raw.builds (
    run_id varchar not null,
    started_at timestamp not null,
    passed_at timestamp,
    newest_load_number bigint,  -- of raw.loads when the build began; null where nothing was loaded
    project_checksum varchar  -- of the dbt project's models and macros: another one means that everything is built anew
);

-- One row per team, measure, reference, range of days and change of what verification_totals said of it; added when a
-- build passes. The figures are text, as all amounts here are: the ledger keeps them as JSON, whose numbers are doubles.
create table if not exists raw.verdicts (
    team_id varchar not null,
    measure varchar not null,
    reference_source varchar,
    window_start_date date,
    window_end_date date,
    said_at timestamp not null,  -- when the build began that said so
    run_id varchar not null,
    warehouse_value varchar,
    reference_value varchar,
    verdict varchar not null,
    is_settled boolean not null  -- all days of the range were settled then
);

-- Warehouses made before these columns were. May go when none of version 1.0 is left.
alter table raw.loads add column if not exists load_number bigint;
update raw.loads set load_number = numbered.load_number from (
    select load_id, row_number() over (order by loaded_at, load_id) as load_number from raw.loads
) as numbered where raw.loads.load_number is null and numbered.load_id = raw.loads.load_id;
alter table raw.builds add column if not exists newest_load_number bigint;
alter table raw.builds add column if not exists project_checksum varchar;
-- Loads whose totals were noted before events_without_charge was: counted in the rows as they stand now, which are those of
-- each day's newest load; nothing asks older ones.
update raw.loads set totals = mended.totals from (
    select
        noted.load_id,
        to_json(list({
            'usage_date': noted.total.usage_date,
            'kind': noted.total.kind,
            'events': noted.total.events,
            'events_without_charge': coalesce(counted.events_without_charge, 0),
            'charged_cents': noted.total.charged_cents
        } order by noted.total.usage_date, noted.total.kind)) as totals
    from (
        select load_id, team_id, unnest(from_json(
            totals, '[{"usage_date": "DATE", "kind": "VARCHAR", "events": "BIGINT", "charged_cents": "VARCHAR"}]'
        )) as total
        from raw.loads
        where not is_open_day and json_extract(totals, '$[0].events') is not null
            and json_extract(totals, '$[0].events_without_charge') is null
    ) as noted
    left join (
        select
            team_id, usage_date, kind,
            count(*) filter (charged_cents is null or charged_cents = '') as events_without_charge
        from raw.cursor_usage_events
        where exists (
            from raw.loads where not is_open_day and json_extract(totals, '$[0].events') is not null
                and json_extract(totals, '$[0].events_without_charge') is null
        )
        group by all
    ) as counted
        on counted.team_id = noted.team_id and counted.usage_date = noted.total.usage_date
        and counted.kind is not distinct from noted.total.kind
    group by noted.load_id
) as mended where raw.loads.load_id = mended.load_id;
