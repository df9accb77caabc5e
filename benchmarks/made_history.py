"""A team's history made by SQL inside DuckDB, as the loader would have left it: no API could tell a year in minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import duckdb

from benchmarks.page_server import CYCLE_TIME
from benchmarks.steps import TEAM_ID
from cursor_usage.settings import DataDir
from cursor_usage.warehouse.connection import connected, writer
from cursor_usage.warehouse.runs import TeamRun, record_team_run

_ROWS_A_CHUNK = 5_000_000
_FIRST_SETTLED = timedelta(days=3, hours=5, minutes=30)  # when the last look-back run reads a day
_SNAPSHOT_AT = "(cast(usage_date as timestamp) + interval '29 hours 30 minutes')"  # on the morning after

# Draws are hashes of the row's number and a salt: a day loaded again has other amounts and the same people. As on
# real teams about a third of the seats are active on a day, each with two models and mostly one kind.
_EVENTS = """
insert into raw.cursor_usage_events by name
select
    $team_id as team_id,
    usage_date,
    'usage_events ' || $salt || ' ' || usage_date as load_id,
    cast(usage_date as timestamp) + to_milliseconds(86399999 - n * 86400000 // $events_a_day) as event_at,
    'developer' || developer || '@example.com' as user_email,
    cast(cast(md5(usage_date || ' ' || n // 6) as uuid) as varchar) as conversation_id,
    'model-' || least(hash(developer, n % 2, 'model') % 60, hash(developer, n % 2, 'model too') % 30) as model,
    case
        when n % 20 = 0 then 'Errored, Not Charged'
        when hash(developer, usage_date, 'kind') % 100 < 60 then 'Included in Business'
        when hash(developer, usage_date, 'kind') % 100 < 95 then 'Usage-based'
        else 'User API Key'
    end as kind,
    hash(n, 'mode') % 25 = 0 as is_max_mode,
    '1' as requests_costs,
    true as is_token_based_call,
    hash(n, 'chargeable') % 2 = 0 as is_chargeable,
    false as is_headless,
    cast(hash(usage_date, n, 'input') % 40000 as bigint) as input_tokens,
    cast(hash(usage_date, n, 'output') % 4000 as bigint) as output_tokens,
    cast(hash(usage_date, n, 'write') % 20000 as bigint) as cache_write_tokens,
    cast(hash(usage_date, n, 'read') % 300000 as bigint) as cache_read_tokens,
    cast(cast(hash(usage_date, n, 'cents', $salt) % 40000000 as decimal(18, 0)) / 1000000 as decimal(18, 6))::varchar
        as total_cents,
    total_cents as charged_cents
from (
    select
        usage_date,
        n,
        hash(usage_date, hash(usage_date, n, 'who') % greatest($developers * 35 // 100, 1)) % $developers as developer
    from
        (select cast($first_day as date) + cast(d as integer) as usage_date from range($days) as days (d)) as days,
        range($events_a_day) as events (n)
)
"""
_EVENT_LOADS = """
select
    usage_date,
    sum(events)::bigint as records,
    to_json(list({
        'usage_date': usage_date, 'kind': kind, 'events': events, 'events_without_charge': 0,
        'charged_cents': cast(cents as varchar)
    } order by kind)) as totals
from (
    select usage_date, kind, count(*) as events, sum(cast(charged_cents as decimal(18, 6))) as cents
    from raw.cursor_usage_events
    where team_id = $team_id and usage_date between $first_day and $last_day
    group by all
)
group by usage_date
"""
_ADD_LOADS = """
insert into raw.loads by name
select
    (select coalesce(max(load_number), 0) from raw.loads) + row_number() over (order by usage_date) as load_number,
    $endpoint || ' ' || $salt || ' ' || usage_date as load_id,
    'history' as run_id,
    $team_id as team_id,
    endpoint,
    false as is_open_day,
    case when is_windowed then usage_date end as window_start_date,
    case when is_windowed then usage_date end as window_end_date,
    case when is_windowed then cast(usage_date as timestamp) + interval '86399.999 seconds' end as covered_until_at,
    fetched_at as fetch_started_at,
    fetched_at as fetch_finished_at,
    case when endpoint = 'spend' then {cycle_start} end as cycle_start_at,
    records as records_announced,
    records as records_received,
    1 as pages,
    1 as bytes_received,
    load_id as checksum,
    load_id as landing_path,
    false as is_unchanged,
    totals,
    fetched_at as loaded_at
from (
    select
        *, $endpoint as endpoint, $is_windowed as is_windowed,
        least(cast(usage_date as timestamp) + cast($delay as interval), cast($newest_fetch as timestamp)) as fetched_at
    from ({loads})
)
"""
_PER_DAY = """
select cast($first_day as date) + cast(d as integer) as usage_date, cast(null as json) as totals,
    $developers as records
from range($days) as days (d)
"""
_PEOPLE = """
select
    cast($first_day as date) + cast(d as integer) as usage_date,
    'user' || n as user_id,
    'Developer ' || n as name,
    'developer' || n || '@example.com' as email
from range($days) as days (d), range($developers) as people (n)
"""


@dataclass(frozen=True)
class History:
    """Days that end with ``last_day``, each with as many events."""

    last_day: date
    days: int
    events_a_day: int
    developers: int
    cycle_day: int

    @property
    def first_day(self) -> date:
        return self.last_day - timedelta(days=self.days - 1)

    @property
    def cycle_start(self) -> str:
        """SQL for the start of the cycle that was open when the day's snapshots were taken."""
        into_month = f"interval '{(self.cycle_day - 1) * 24} hours' + interval '{CYCLE_TIME}'"
        return f"date_trunc('month', {_SNAPSHOT_AT} - ({into_month})) + {into_month}"


def make(data: DataDir, history: History) -> None:
    """Puts the history into a new warehouse, with what each daily run leaves behind beside events."""
    with writer(data.warehouse, purpose="making history"), connected(data.warehouse) as warehouse:
        for first, days in _chunks(history):
            _add_events(warehouse, history, first, days, "history")
        _add_snapshots(warehouse, history)
        record_run(warehouse, "history")


def replace_days(data: DataDir, history: History, days: int, run_id: str) -> None:
    """What a daily run's load does at the history's end: the last ``days`` of it anew, the others stay."""
    first = history.last_day - timedelta(days=days - 1)
    with writer(data.warehouse, purpose="a daily load"), connected(data.warehouse) as warehouse:
        warehouse.begin()
        warehouse.execute("delete from raw.cursor_usage_events where team_id = ? and usage_date >= ?", [TEAM_ID, first])
        _add_events(warehouse, history, first, days, run_id)
        warehouse.commit()
        record_run(warehouse, run_id)


def record_run(warehouse: duckdb.DuckDBPyConnection, run_id: str) -> None:
    now = datetime.now(UTC)
    record_team_run(warehouse, TeamRun(run_id, TEAM_ID, "cursor_bench", now, now, None))


def _chunks(history: History) -> Iterator[tuple[date, int]]:
    size = max(_ROWS_A_CHUNK // history.events_a_day, 1)
    for start in range(0, history.days, size):
        yield history.first_day + timedelta(days=start), min(size, history.days - start)


def _add_events(warehouse: duckdb.DuckDBPyConnection, history: History, first_day: date, days: int, salt: str) -> None:
    keys = {"team_id": TEAM_ID, "first_day": first_day, "salt": salt}
    sizes = {"days": days, "events_a_day": history.events_a_day, "developers": history.developers}
    warehouse.execute(_EVENTS, {**keys, **sizes})
    last_day = first_day + timedelta(days=days - 1)
    # A later load is of now; the history's were read for the last time when their look-back ended.
    newest = datetime.now(UTC).replace(tzinfo=None) if salt != "history" else _newest_fetch(history)
    delay = _FIRST_SETTLED if salt == "history" else timedelta(days=10_000)
    warehouse.execute(
        _ADD_LOADS.format(loads=_EVENT_LOADS, cycle_start="null"),
        {**keys, "last_day": last_day, "endpoint": "usage_events", "is_windowed": True, "delay": delay}
        | {"newest_fetch": newest, "salt": salt},
    )


def _newest_fetch(history: History) -> datetime:
    return datetime.combine(history.last_day + timedelta(days=1), time(5, 30))


def _add_snapshots(warehouse: duckdb.DuckDBPyConnection, history: History) -> None:
    """Of each day a members list, a spend snapshot and daily usage."""
    keys = {"team_id": TEAM_ID}
    sizes = {"first_day": history.first_day, "days": history.days, "developers": history.developers}
    warehouse.execute(
        f"""
        insert into raw.cursor_members by name
        select * exclude (usage_date), $team_id as team_id, {_SNAPSHOT_AT} as snapshot_at, 'member' as role,
            false as is_removed, 'members history ' || usage_date as load_id
        from ({_PEOPLE})
        """,
        {**keys, **sizes},
    )
    warehouse.execute(
        f"""
        insert into raw.cursor_spend by name
        select * exclude (usage_date), $team_id as team_id, {_SNAPSHOT_AT} as snapshot_at, 'member' as role,
            {history.cycle_start} as cycle_start_at, '100' as spend_cents, '300' as overall_spend_cents,
            'spend history ' || usage_date as load_id
        from ({_PEOPLE})
        """,
        {**keys, **sizes},
    )
    warehouse.execute(
        f"""
        insert into raw.cursor_daily_usage by name
        select * exclude (name), $team_id as team_id, true as is_active,
            hash(user_id, usage_date) % 50 as agent_requests, 'daily_usage history ' || usage_date as load_id
        from ({_PEOPLE})
        """,
        {**keys, **sizes},
    )
    for endpoint in ("members", "spend", "daily_usage"):
        warehouse.execute(
            _ADD_LOADS.format(loads=_PER_DAY, cycle_start=history.cycle_start),
            {**keys, **sizes, "salt": "history", "endpoint": endpoint, "is_windowed": endpoint == "daily_usage"}
            | {"delay": timedelta(hours=29, minutes=30), "newest_fetch": _newest_fetch(history)},
        )
