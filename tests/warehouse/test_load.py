"""Loads: whatever the order, raw holds the newest answer of each day, every event of it, and nothing twice."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from cursor_usage.warehouse.connection import (
    WarehouseError,
    WarehouseLockedError,
    connected,
    writer,
)
from cursor_usage.warehouse.load import LandedFetch, load, loaded_days, rows_by_day

FIRST = date(2026, 11, 2)
BEGAN = datetime(2026, 11, 9, 5, 30, tzinfo=UTC)


def event(day: date, second: int = 1, **fields) -> dict[str, Any]:
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
    return {"timestamp": str(int(at.timestamp() * 1000)), "model": "gpt-5", "kind": "Included", **fields}


class Lander:
    """Lands records in files of their own and says of them what a manifest would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def __call__(self, records, start=FIRST, end=None, began=BEGAN, **facts) -> LandedFetch:
        self.count += 1
        text = "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records).encode()
        path = self.folder / f"{self.count}.jsonl.zst"
        path.write_bytes(zstandard.compress(text))
        return LandedFetch(
            **{
                "load_id": f"load{self.count}",
                "run_id": "run",
                "team_id": "o'team",
                "endpoint": "usage_events",
                "is_open_day": False,
                "start_date": start,
                "end_date": end or start,
                "covered_until_at": None,
                "started_at": began,
                "finished_at": began,
                "cycle_start_at": None,
                "records_announced": len(records),
                "records_received": len(records),
                "pages": 1,
                "bytes_received": len(text),
                "checksum": str(hash(text)),
                "landing_path": str(path),
                "records_path": path,
                **facts,
            }
        )


@pytest.fixture
def land(tmp_path):
    return Lander(tmp_path)


@pytest.fixture
def warehouse(tmp_path):
    with connected(tmp_path / "warehouse.duckdb") as connection:
        yield connection


def days_of(warehouse) -> dict[date, int]:
    rows = warehouse.sql("select usage_date, count(*) from raw.cursor_usage_events group by all").fetchall()
    return dict(rows)


def test_twins_and_events_of_one_millisecond_all_survive(warehouse, land):
    twin = event(FIRST, userEmail="a@example.com")
    done = load(warehouse, land([twin, twin, event(FIRST, userEmail="b@example.com")]))
    assert done.rows == 3
    assert days_of(warehouse) == {FIRST: 3}


def test_a_day_fetched_again_is_replaced_and_a_lower_cost_counts_once(warehouse, land):
    load(warehouse, land([event(FIRST, chargedCents=420)]))
    load(warehouse, land([event(FIRST, chargedCents=250)], began=BEGAN + timedelta(hours=1)))
    assert warehouse.sql("select charged_cents from raw.cursor_usage_events").fetchall() == [("250",)]


def test_a_day_that_comes_back_empty_is_emptied(warehouse, land):
    load(warehouse, land([event(FIRST)]))
    load(warehouse, land([], began=BEGAN + timedelta(hours=1)))
    assert days_of(warehouse) == {}
    assert loaded_days(warehouse, "o'team", "usage_events") == {FIRST: BEGAN + timedelta(hours=1)}


def test_the_same_answer_again_leaves_the_rows_and_adds_a_load(warehouse, land):
    first = land([event(FIRST)])
    load(warehouse, first)
    again = replace(first, load_id="again", started_at=BEGAN + timedelta(days=1))
    assert load(warehouse, again).is_unchanged
    assert warehouse.sql("select distinct load_id from raw.cursor_usage_events").fetchall() == [("load1",)]
    assert warehouse.sql("select count(*) from raw.loads").fetchone() == (2,)


def test_a_fetch_is_loaded_once_however_often_the_task_is_tried(warehouse, land):
    fetch = land([event(FIRST)])
    load(warehouse, fetch)
    load(warehouse, fetch)
    assert days_of(warehouse) == {FIRST: 1}
    assert warehouse.sql("select count(*) from raw.loads").fetchone() == (1,)


def test_an_older_fetch_loaded_late_does_not_undo_a_newer_one(warehouse, land):
    second = FIRST + timedelta(days=1)
    older = land([event(FIRST), event(second)], end=second, began=BEGAN)
    load(warehouse, land([event(FIRST), event(FIRST, 2)], began=BEGAN + timedelta(hours=1)))
    load(warehouse, older)
    assert days_of(warehouse) == {FIRST: 2, second: 1}


def test_a_record_outside_its_window_changes_nothing(warehouse, land):
    load(warehouse, land([event(FIRST)]))
    stray = land([event(FIRST), event(FIRST + timedelta(days=1))], began=BEGAN + timedelta(hours=1))
    with pytest.raises(WarehouseError, match="1 records of usage_events lie outside"):
        load(warehouse, stray)
    assert days_of(warehouse) == {FIRST: 1}
    assert warehouse.sql("select count(*) from raw.loads").fetchone() == (1,)


def test_a_damaged_landed_file_changes_nothing(warehouse, land):
    with pytest.raises(WarehouseError, match="holds 1 records of usage_events, its manifest says 2"):
        load(warehouse, land([event(FIRST)], records_received=2))
    assert days_of(warehouse) == {}


@pytest.mark.parametrize(
    "text",
    ["0.49999949999999999999", "12345678901234567890.55", "37.330000000000001", "1e-7", "-0.5", "420", "2450.125487"],
)
def test_an_amount_keeps_the_digits_that_the_json_shows(warehouse, land, text):
    record = f'{{"timestamp": "{event(FIRST)["timestamp"]}", "chargedCents": {text}, "model": "m"}}'
    load(warehouse, land([record]))
    found = warehouse.sql("select charged_cents from raw.cursor_usage_events").fetchone()
    assert Decimal(found[0]) == Decimal(text)


def test_a_key_of_the_same_name_deeper_down_is_not_taken_for_the_amount(warehouse, land):
    record = '{"timestamp": "%s", "other": {"chargedCents": 7}, "chargedCents": 37.330000000000001}'
    load(warehouse, land([record % event(FIRST)["timestamp"]]))
    found = warehouse.sql("select charged_cents, rest from raw.cursor_usage_events").fetchone()
    assert (found[0], json.loads(found[1])) == ("37.33", {"other": {"chargedCents": 7}})


def test_unknown_fields_are_kept_as_json_and_known_ones_are_not_repeated(warehouse, land):
    usage = {"inputTokens": 5, "reasoningTokens": 9}
    load(warehouse, land([event(FIRST, tokenUsage=usage, novel=[1, {"x": "y"}]), event(FIRST, tokenUsage={})]))
    rows = warehouse.sql("select input_tokens, rest from raw.cursor_usage_events order by 1 nulls last").fetchall()
    assert (rows[0][0], json.loads(rows[0][1])) == (5, {"novel": [1, {"x": "y"}], "tokenUsage": {"reasoningTokens": 9}})
    assert rows[1] == (None, None)


def test_the_kind_of_2025_is_read_from_its_old_key(warehouse, land):
    old = {"timestamp": event(FIRST)["timestamp"], "kindLabel": "Usage-based"}
    load(warehouse, land([old]))
    assert warehouse.sql("select kind from raw.cursor_usage_events").fetchone() == ("Usage-based",)


def test_daily_usage_goes_by_day_and_empty_texts_are_null(warehouse, land):
    row = {"day": "2026-11-02", "date": 1793650025854, "userId": 7, "email": "", "isActive": True, "chatRequests": None}
    load(warehouse, land([row], endpoint="daily_usage"))
    found = warehouse.sql("select usage_date, user_id, email, is_active, chat_requests from raw.cursor_daily_usage")
    assert found.fetchall() == [(FIRST, "7", None, True, None)]


def test_snapshots_are_added_and_kept(warehouse, land):
    member = {"id": 12, "name": "Ann Example", "email": "Ann@Example.com", "role": "member", "isRemoved": False}
    for hours in (0, 1):
        fetch = land([member], began=BEGAN + timedelta(hours=hours), endpoint="members", start_date=None, end_date=None)
        load(warehouse, fetch)
    assert warehouse.sql("select count(*), count(distinct snapshot_at) from raw.cursor_members").fetchone() == (2, 2)
    assert warehouse.sql("select distinct user_id, email from raw.cursor_members").fetchone() == (
        "12",
        "Ann@Example.com",
    )


def test_the_open_day_stands_apart_and_only_the_newest_is_kept(warehouse, land):
    load(warehouse, land([event(FIRST)], is_open_day=True))
    next_day = FIRST + timedelta(days=1)
    newer = land([event(next_day), event(next_day)], start=next_day, began=BEGAN + timedelta(days=1), is_open_day=True)
    load(warehouse, newer)
    load(warehouse, land([event(FIRST)], is_open_day=True, began=BEGAN + timedelta(hours=1)))
    found = warehouse.sql("select usage_date, count(*) from raw.cursor_usage_events_open_day group by all").fetchall()
    assert found == [(next_day, 2)]
    assert days_of(warehouse) == {}
    assert loaded_days(warehouse, "o'team", "usage_events") == {}


def test_the_open_day_carries_its_newest_load_also_where_the_answer_is_the_same(warehouse, land):
    first = land([event(FIRST)], is_open_day=True)
    load(warehouse, first)
    load(warehouse, replace(first, load_id="again", started_at=BEGAN + timedelta(hours=1)))
    found = warehouse.sql("select load_id from raw.cursor_usage_events_open_day").fetchall()
    assert found == [("again",)]


def test_a_load_notes_an_amount_with_an_exponent_as_it_is(warehouse, land):
    load(warehouse, land([event(FIRST, chargedCents=7.1e-15), event(FIRST, chargedCents=2.5e-3)]))
    (total,) = json.loads(warehouse.sql("select totals from raw.loads").fetchone()[0])
    assert total["charged_cents"] == "0.002500"


def test_a_load_notes_totals_by_day_and_kind(warehouse, land):
    load(warehouse, land([event(FIRST, chargedCents=0.6)] * 3 + [event(FIRST, kind="User API Key")]))
    totals = json.loads(warehouse.sql("select totals from raw.loads").fetchone()[0])
    assert totals == [
        {
            "usage_date": "2026-11-02",
            "kind": "Included",
            "events": 3,
            "events_without_charge": 0,
            "charged_cents": "1.800000",
        },
        {
            "usage_date": "2026-11-02",
            "kind": "User API Key",
            "events": 1,
            "events_without_charge": 1,
            "charged_cents": None,
        },
    ]


def test_totals_of_an_older_version_are_counted_again(tmp_path, land):
    path = tmp_path / "warehouse.duckdb"
    events = [event(FIRST, chargedCents=0.6), event(FIRST), event(FIRST, kind="User API Key")]
    with connected(path) as warehouse:
        load(warehouse, land(events, began=BEGAN - timedelta(hours=1)))
        load(warehouse, land([], start=FIRST + timedelta(days=1)))
        as_noted = warehouse.sql("select load_id, totals from raw.loads order by all").fetchall()
        without = [
            (json.dumps([{k: v for k, v in total.items() if k != "events_without_charge"} for total in noted]), load_id)
            for load_id, noted in ((load_id, json.loads(totals or "[]")) for load_id, totals in as_noted)
            if noted
        ]
        warehouse.executemany("update raw.loads set totals = ? where load_id = ?", without)
    with connected(path) as warehouse:
        assert warehouse.sql("select load_id, totals from raw.loads order by all").fetchall() == as_noted


fetches = st.lists(
    st.tuples(
        st.integers(0, 4),  # first day
        st.integers(0, 2),  # further days
        st.lists(st.integers(0, 2), min_size=3, max_size=3),  # events on each of its days
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(fetches=fetches, order=st.randoms(use_true_random=False))
def test_raw_is_the_newest_answer_of_each_day_in_whatever_order_it_is_loaded(tmp_path_factory, fetches, order):
    folder = tmp_path_factory.mktemp("loads")
    land = Lander(folder)
    expected: dict[date, int] = {}
    landed = []
    for age, (offset, more, counts) in enumerate(fetches):
        days = [FIRST + timedelta(days=offset + i) for i in range(more + 1)]
        answer = dict(zip(days, counts, strict=False))
        records = [event(day, second) for day, count in answer.items() for second in range(count)]
        landed.append(land(records, start=days[0], end=days[-1], began=BEGAN + timedelta(hours=age)))
        expected |= answer
    order.shuffle(landed)
    with connected(folder / "warehouse.duckdb") as warehouse:
        for fetch in [*landed, landed[0]]:
            load(warehouse, fetch)
        assert days_of(warehouse) == {day: count for day, count in expected.items() if count}


def test_a_second_writer_is_told_who_holds_the_warehouse(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    with (
        writer(path, purpose="loading demo"),
        pytest.raises(WarehouseLockedError, match=r"process \d+ \(loading demo"),
        writer(path, purpose="second", wait_seconds=0),
    ):
        pass


def test_a_file_that_is_no_database_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(WarehouseError, match=r"warehouse\.duckdb cannot be opened"), connected(path):
        pass
    assert path.read_bytes().startswith(b"not a database")


def test_a_client_that_has_the_file_open_is_named(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    duckdb.connect(str(path)).close()
    holding = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holding], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdout is not None
        assert client.stdin is not None
        client.stdout.readline()
        with (
            pytest.raises(WarehouseLockedError, match=rf"process {client.pid}.*marts\.duckdb"),
            connected(path, wait_seconds=0),
        ):
            pass
        client.stdin.close()


def test_the_newest_loaded_days_are_those_that_were_loaded_with_events_or_without(warehouse, land):
    later = FIRST + timedelta(days=20)
    load(warehouse, land([event(FIRST), event(FIRST)]))
    load(warehouse, land([event(later)], start=later))
    assert rows_by_day(warehouse, "o'team") == {FIRST: 2, later: 1}
    newest = FIRST + timedelta(days=28)
    load(warehouse, land([], start=FIRST + timedelta(days=21), end=newest))
    assert rows_by_day(warehouse, "o'team") == {later: 1}
    open_day = later + timedelta(days=200)
    load(warehouse, land([event(open_day)], start=open_day, is_open_day=True))
    assert rows_by_day(warehouse, "o'team") == {later: 1}
    assert rows_by_day(warehouse, "another team") == {}
