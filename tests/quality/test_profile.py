"""The counts themselves, against a plain count in Python, and files that cannot be counted."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cursor_usage.quality import QualityError, UnreadableRecordsError, judge, profile
from cursor_usage.quality.fields import FIELDS
from cursor_usage.quality.profile import profile_windows
from tests.quality.landed import END_MS, EVENT, KNOWN, START_MS, changed, landed

odd_values: st.SearchStrategy[Any] = st.sampled_from(
    [
        "",
        " ",
        "x",
        "5",
        '"',
        "\\",
        "é",
        "null",
        0,
        1,
        -1,
        2.0,
        1.5,
        -0.5,
        1e300,
        10**18,
        10**20,
        True,
        False,
        None,
        [],
        {},
    ]
)
timestamps = (
    st.integers(START_MS - 2, START_MS + 2)
    | st.integers(END_MS - 2, END_MS + 2)
    | st.just("1793650025854.0")
    | odd_values
)
maybe = st.fixed_dictionaries

events = maybe(
    {},
    optional={
        "timestamp": timestamps | timestamps.map(str),
        "kind": st.sampled_from(["Usage-based", "Odd", "Odd 2"]) | odd_values,
        "kindLabel": st.sampled_from(["Usage-based", "Old"]),
        "model": st.sampled_from(["gpt-5", "gpt-5-high", "odd"]) | odd_values,
        "chargedCents": odd_values,
        "maxMode": odd_values,
        "userEmail": odd_values,
        "tokenUsage": odd_values
        | maybe({}, optional={"inputTokens": odd_values, "totalCents": odd_values, "unheardOf": odd_values}),
        "unheardOf": odd_values,
    },
)


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value):
    return is_number(value) and float(value).is_integer() and -(2**63) <= value < 2**63


def is_blank(value):
    return value is None or (isinstance(value, str) and not value.strip(" "))


def instant(value):
    """The milliseconds that a timestamp shows; None where it shows none."""
    text = value if isinstance(value, str) else json.dumps(value)
    digits = text.removeprefix("-")
    plain = digits.isascii() and digits.isdigit() and (digits == "0" or not digits.startswith("0"))
    is_id = isinstance(value, str) or (is_number(value) and isinstance(value, int))
    return int(text) if is_id and plain and abs(int(text)) < 2**63 else None


def wrong_types(event):
    usage = event.get("tokenUsage") if isinstance(event.get("tokenUsage"), dict) else {}
    found = []
    for value, fits in (
        (event.get("chargedCents"), is_number),
        (event.get("maxMode"), lambda v: isinstance(v, bool)),
        (event.get("userEmail"), lambda v: isinstance(v, str)),
        (event.get("kind"), lambda v: isinstance(v, str)),
        (event.get("model"), lambda v: isinstance(v, str)),
        (event.get("tokenUsage"), lambda v: isinstance(v, dict)),
        (usage.get("inputTokens"), is_whole),
        (usage.get("totalCents"), is_number),
    ):
        found.append(value is not None and not fits(value))
    at = event.get("timestamp")
    found.append(not is_blank(at) and instant(at) is None)
    return sum(found)


def costs(event):
    usage = event.get("tokenUsage") if isinstance(event.get("tokenUsage"), dict) else {}
    return any(is_number(value) and value != 0 for value in (event.get("chargedCents"), usage.get("totalCents")))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(events, max_size=40))
def test_counts_equal_a_plain_count(tmp_path, records):
    window = landed(tmp_path, "usage_events", "2026-11-02", list(records))
    (profile,) = profile_windows([window], **KNOWN)
    instants = [at for at in (instant(record.get("timestamp")) for record in records) if at is not None]
    usages = [record["tokenUsage"] for record in records if isinstance(record.get("tokenUsage"), dict)]
    assert profile.counts["records_in_file"] == len(records)
    assert profile.counts["records_that_are_no_objects"] == 0
    assert profile.counts["records_without_timestamp"] == sum(is_blank(r.get("timestamp")) for r in records)
    assert profile.counts["records_outside_window"] == sum(not START_MS <= at <= END_MS for at in instants)
    assert profile.counts["values_of_wrong_type"] == sum(map(wrong_types, records))
    assert profile.counts["negative_counters"] == sum(
        is_number(usage.get("inputTokens")) and usage["inputTokens"] < 0 for usage in usages
    )
    known = [(r.get("kind") if r.get("kind") is not None else r.get("kindLabel")) == "Usage-based" for r in records]
    costly = [costs(record) for record in records]
    assert profile.counts["records_of_unknown_kinds_with_cost"] == sum(
        cost and not is_known for cost, is_known in zip(costly, known, strict=True)
    )
    assert profile.counts["records_of_unknown_kinds_without_cost"] == sum(
        not cost and not is_known for cost, is_known in zip(costly, known, strict=True)
    )
    assert profile.counts["records_of_unknown_models"] == sum(r.get("model") != "gpt-5" for r in records)


@pytest.mark.parametrize("name", ["plain", "with 'quotes'", "a[b]", "a*", "a?", "back\\slash", "ünïcode"])
def test_any_folder_name_can_be_read(tmp_path, name):
    windows = [
        landed(tmp_path / name, "usage_events", "one", [EVENT] * 3),
        landed(tmp_path / "ab", "usage_events", "one", [EVENT]),
        landed(tmp_path / name, "usage_events", "none", []),
    ]
    profiles = profile_windows(windows, **KNOWN)
    assert [profile.counts["records_in_file"] for profile in profiles] == [3, 1, 0]


def test_a_relative_path_can_be_read(tmp_path, monkeypatch):
    landed(tmp_path, "usage_events", "one", [EVENT])
    monkeypatch.chdir(tmp_path)
    window = landed(Path(), "usage_events", "one", [EVENT])
    assert not window.records_path.is_absolute()
    (profile,) = profile_windows([window], **KNOWN)
    assert profile.counts["records_in_file"] == 1


def test_an_instant_in_another_zone_is_the_same_bound(tmp_path):
    late = datetime.fromisoformat("2026-11-03T00:59:59.999+01:00")
    window = landed(
        tmp_path,
        "usage_events",
        "one",
        [changed(EVENT, timestamp=END_MS), changed(EVENT, timestamp=END_MS + 1)],
        end_at=late,
    )
    assert late.astimezone(UTC).hour == 23
    (profile,) = profile_windows([window], **KNOWN)
    assert profile.counts["records_outside_window"] == 1


def damaged(window, content):
    window.records_path.write_bytes(content)
    return window


def judge_it(tmp_path, *windows):
    return judge(
        windows,
        docs_dir=tmp_path / "docs",
        run_id="r",
        team_id="demo",
        **KNOWN,
    )


@pytest.mark.parametrize(
    "content",
    [
        zstandard.compress(b'{"timestamp": "1793650025854", "userEmail": "secret@example.com"'),
        zstandard.compress(b'{"timestamp": "1793650025854"}\n<html>secret@example.com</html>\n'),
        b'{"timestamp": "1793650025854"}\n',
        zstandard.compress(b"".join(b'{"timestamp": "%d"}\n' % n**5 for n in range(90_000)))[:500_000],
    ],
    ids=["cut record", "HTML", "not compressed", "cut file"],
)
def test_a_damaged_file_is_an_error_and_no_pass(tmp_path, content):
    window = damaged(landed(tmp_path, "usage_events", "2026-11-02", [EVENT]), content)
    with pytest.raises(UnreadableRecordsError, match=r"landed usage_events of 2026-11-02 cannot be read") as raised:
        judge_it(tmp_path, window)
    assert "secret" not in str(raised.value)


def test_a_missing_file_is_an_error(tmp_path):
    window = landed(tmp_path, "members", "snapshot", [])
    window.records_path.unlink()
    with pytest.raises(UnreadableRecordsError, match="landed members of snapshot are not at"):
        judge_it(tmp_path, window)


def test_nothing_to_judge_is_an_error(tmp_path):
    with pytest.raises(QualityError, match="nothing to judge"):
        judge_it(tmp_path)


def test_an_unknown_endpoint_is_an_error(tmp_path):
    with pytest.raises(QualityError, match="no checks for the endpoint 'audit_logs'"):
        judge_it(tmp_path, landed(tmp_path, "audit_logs", "x", []))


@pytest.mark.parametrize("endpoint", ["usage_events", "daily_usage"])
def test_a_window_without_bounds_is_an_error(tmp_path, endpoint):
    with pytest.raises(QualityError, match="without the window that was asked for"):
        judge_it(tmp_path, landed(tmp_path, endpoint, "x", [], start_at=None, start_date=None))


def test_a_machine_without_memory_is_not_a_damaged_file(tmp_path, monkeypatch):
    def out_of_memory(*_args, **_kwargs):
        raise duckdb.OutOfMemoryException

    monkeypatch.setattr(profile, "_event_profiles", out_of_memory)
    with pytest.raises(duckdb.OutOfMemoryException):
        judge_it(tmp_path, landed(tmp_path, "usage_events", "2026-11-02", [EVENT]))


@pytest.mark.parametrize(("sizes", "threads"), [([0], 1), ([2], 1), ([2, 0], 1), ([2, 1], 2)])
def test_no_thread_waits_for_the_one_that_reads_a_file(tmp_path, monkeypatch, sizes, threads):
    used = []

    def tabulate(connection, windows):
        used.append(connection.execute("select current_setting('threads')").fetchall())
        return real(connection, windows)

    real = profile._tabulate
    monkeypatch.setattr(profile, "_tabulate", tabulate)
    windows = [landed(tmp_path, "usage_events", f"{n}", [EVENT] * size) for n, size in enumerate(sizes)]
    profile_windows(windows, **KNOWN)
    assert used == [[(min(threads, os.cpu_count()),)]]


# --- the short way through events among which is nothing to find ------------------------------------------------------


def profiled(windows, *, is_short_way_open=True):
    """The profiles, and whether they were counted the short way."""
    taken = []

    def try_the_short_way(*arguments):
        taken.append(is_short_way_open and count_faultless_events(*arguments))
        return taken[-1]

    count_faultless_events = profile._count_faultless_events
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(profile, "_count_faultless_events", try_the_short_way)
        return profile_windows(windows, **KNOWN), taken == [True]


numbers = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0, 0.0])
whole_numbers = st.integers(0, 2**63 - 1) | st.integers(0, 2**50).map(float)
ids = st.text(max_size=20) | st.integers()
sound_values = {"text": st.text(max_size=20), "id": ids, "boolean": st.booleans(), "number": numbers}
sound_values |= {"whole_number": whole_numbers}


def of_known_types(inside):
    """Objects of known fields, each of its type, null or missing."""
    known = {f.key: st.none() | sound_values[f.type] for f in FIELDS["usage_events"] if f.type in sound_values}
    keys = [f.key for f in FIELDS["usage_events"] if f.inside == inside and f.type in sound_values]
    return maybe({}, optional={key: known[key] for key in keys} | {"unheardOf": odd_values})


sound_events = st.builds(
    lambda record, usage, at: record | usage | {"timestamp": at},
    of_known_types(None),
    maybe({}, optional={"tokenUsage": st.none() | of_known_types("tokenUsage")}),
    st.integers(START_MS - 2, START_MS + 2) | st.integers(END_MS - 2, END_MS + 2).map(str),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(sound_events, max_size=20), odd=st.just([]) | st.lists(events, max_size=2))
def test_events_are_counted_the_same_whichever_way_they_are_counted(tmp_path, first, odd):
    windows = [
        landed(tmp_path, "usage_events", "first", [*first, *odd]),
        landed(tmp_path, "usage_events", "second", [EVENT, EVENT]),
    ]
    found, is_short = profiled(windows)
    expected, _ = profiled(windows, is_short_way_open=False)
    assert found == expected
    assert [list(one.details) for one in found] == [list(one.details) for one in expected]
    faults = ("values_of_wrong_type", "negative_counters", "records_without_timestamp")
    assert is_short == (not any(expected[0].counts[fault] for fault in faults))


@pytest.mark.parametrize(
    ("record", "count", "details"),
    [
        ("null", "records_that_are_no_objects", {}),
        ("[]", "records_that_are_no_objects", {}),
        ('"{}"', "records_that_are_no_objects", {}),
        ("{}", "records_without_timestamp", {}),
        (changed(EVENT, timestamp=" "), "records_without_timestamp", {}),
        (changed(EVENT, timestamp="1793650025854.0"), "values_of_wrong_type", {"timestamp": 1}),
        (changed(EVENT, timestamp=True), "values_of_wrong_type", {"timestamp": 1}),
        (changed(EVENT, tokenUsage=5), "values_of_wrong_type", {"tokenUsage": 1}),
        (changed(EVENT, tokenUsage="{}"), "values_of_wrong_type", {"tokenUsage": 1}),
        (changed(EVENT, tokenUsage=[]), "values_of_wrong_type", {"tokenUsage": 1}),
        (
            changed(EVENT, chargedCents="37.33", userEmail=5),
            "values_of_wrong_type",
            {"chargedCents": 1, "userEmail": 1},
        ),
        (changed(EVENT, maxMode="true"), "values_of_wrong_type", {"maxMode": 1}),
        (changed(EVENT, conversationId={}), "values_of_wrong_type", {"conversationId": 1}),
        (changed(EVENT, tokens={"totalCents": "1"}), "values_of_wrong_type", {"tokenUsage.totalCents": 1}),
        (changed(EVENT, tokens={"inputTokens": 1.5}), "values_of_wrong_type", {"tokenUsage.inputTokens": 1}),
        (changed(EVENT, tokens={"inputTokens": -1}), "negative_counters", {"tokenUsage.inputTokens": 1}),
    ],
)
def test_one_fault_among_many_events_is_named(tmp_path, record, count, details):
    (found,), is_short = profiled([landed(tmp_path, "usage_events", "one", [EVENT] * 3000 + [record])])
    assert not is_short
    assert found.counts[count] == 1 if not details else found.details[count] == details
    assert found.counts["records_in_file"] == 3001


@pytest.mark.parametrize(
    "record", ['{"timestamp":"1793650025854","kind":"Usage-based","kind":5}', '{"timestamp":"1793650025854","novel":1}']
)
def test_of_a_key_that_comes_twice_the_first_counts_and_an_unknown_one_does_not(tmp_path, record):
    (found,), _ = profiled([landed(tmp_path, "usage_events", "one", [EVENT, record])])
    assert found.counts["values_of_wrong_type"] == 0
    assert found.counts["records_outside_window"] == 0
    assert found.counts["records_in_file"] == 2
