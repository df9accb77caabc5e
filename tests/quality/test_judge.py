"""Each check fails for the reason it names, and only for that. Real DuckDB, real Great Expectations, real files.

All cases of an endpoint are windows of one judgement: Great Expectations evaluates a suite once for all of them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from cursor_usage.quality import Judgement, judge
from tests.quality.landed import (
    ABSENT,
    DAILY,
    END_MS,
    EVENT,
    KNOWN,
    MEMBER,
    SECOND_MEMBER,
    SPEND,
    START_MS,
    Case,
    changed,
    landed,
)

TYPES = ("critical", "types_are_known")
OUTSIDE = ("critical", "inside_window")
NEGATIVE = ("critical", "counters_are_not_negative")
COST_KIND = ("warning", "kinds_with_cost_are_known")
FREE_KIND = ("warning", "kinds_without_cost_are_known")
MODELS = ("warning", "models_are_known")

EVENTS = {
    "a good day": Case([EVENT, EVENT, changed(EVENT, kind="USAGE_EVENT_KIND_USAGE_BASED")]),
    "an empty day": Case([]),
    "both bounds of the window": Case(
        [
            changed(EVENT, timestamp=str(START_MS)),
            changed(EVENT, timestamp=str(END_MS)),
            changed(EVENT, timestamp=END_MS),
        ]
    ),
    "all that may be missing": Case(
        [
            changed(EVENT, userEmail=ABSENT, tokenUsage=ABSENT, chargedCents=ABSENT, cursorTokenFee=None),
            changed(EVENT, userEmail="", serviceAccountId="null", conversationId=None),
            changed(EVENT, tokens={"inputTokens": ABSENT, "totalCents": None}),
            changed(EVENT, kind=ABSENT, kindLabel="Usage-based"),
        ]
    ),
    "unknown fields and odd numbers": Case(
        [changed(EVENT, chargedCents=-3.5, newField={"a": [1]}, requestsCosts=1.4, tokens={"inputTokens": 5805.0})]
    ),
    "a negative amount of money": Case(
        [changed(EVENT, chargedCents=-420, cursorTokenFee=-1, tokens={"totalCents": -1})]
    ),
    "without timestamp": Case(
        [EVENT, changed(EVENT, timestamp=ABSENT), changed(EVENT, timestamp=None), changed(EVENT, timestamp=" ")],
        {("critical", "has_timestamp"): r"3 of 4 records have no timestamp\.$"},
    ),
    "a millisecond before the window": Case(
        [EVENT, changed(EVENT, timestamp=str(START_MS - 1))],
        {OUTSIDE: r"1 of 2 records lie outside the window that was asked for\.$"},
    ),
    "a millisecond after the window": Case([changed(EVENT, timestamp=END_MS + 1)], {OUTSIDE: "1 of 1 record lie"}),
    "seconds instead of milliseconds": Case([changed(EVENT, timestamp="1793650025")], {OUTSIDE: "1 of 1"}),
    "no objects": Case(
        [EVENT, "5", '"text"', "[{}]", "null"],
        {("critical", "records_are_objects"): r"4 of 5 records are no JSON objects\.$"},
    ),
    "timestamp as a date": Case([changed(EVENT, timestamp="2026-11-02T10:00:00Z")], {TYPES: r"timestamp \(1\)\.$"}),
    "timestamp with a fraction": Case([changed(EVENT, timestamp="1793650025854.5")], {TYPES: r"timestamp \(1\)\.$"}),
    "timestamp with an exponent": Case([changed(EVENT, timestamp="1.7e12")], {TYPES: r"timestamp \(1\)\.$"}),
    "timestamp as an object": Case([changed(EVENT, timestamp={"ms": 1})], {TYPES: r"timestamp \(1\)\.$"}),
    "a token count as text": Case(
        [EVENT, changed(EVENT, tokens={"inputTokens": "5805"}), changed(EVENT, tokens={"inputTokens": ""})],
        {TYPES: r"^usage events of .*: 2 values have another type .*: tokenUsage\.inputTokens \(2\)\.$"},
    ),
    "half a token": Case([changed(EVENT, tokens={"outputTokens": 1.5})], {TYPES: r"tokenUsage\.outputTokens \(1\)"}),
    "more tokens than fit": Case([changed(EVENT, tokens={"cacheReadTokens": 10**19})], {TYPES: "cacheReadTokens"}),
    "an amount as text": Case([changed(EVENT, chargedCents="37.33")], {TYPES: r"chargedCents \(1\)"}),
    "an amount as a flag": Case(
        [changed(EVENT, tokens={"totalCents": True})], {TYPES: r"tokenUsage\.totalCents \(1\)"}
    ),
    "a discount as text": Case([changed(EVENT, tokens={"discountPercentOff": "10"})], {TYPES: "discountPercentOff"}),
    "a flag as text": Case([changed(EVENT, maxMode="true")], {TYPES: r"maxMode \(1\)"}),
    "token usage as a list": Case([changed(EVENT, tokenUsage=[1])], {TYPES: r": tokenUsage \(1\)"}),
    "an e-mail as an object": Case([changed(EVENT, userEmail={"a": "x@example.com"})], {TYPES: r"userEmail \(1\)"}),
    "several types": Case(
        [changed(EVENT, maxMode=1, chargedCents="1"), changed(EVENT, maxMode=0)],
        {TYPES: r"3 values .*: maxMode \(2\), chargedCents \(1\)\."},
    ),
    "negative tokens": Case(
        [changed(EVENT, tokens={"inputTokens": -1}), changed(EVENT, tokens={"cacheReadTokens": -7})],
        {NEGATIVE: r"2 counters are negative: tokenUsage\.cacheReadTokens \(1\), tokenUsage\.inputTokens \(1\)\.$"},
    ),
    "more announced than came": Case(
        [EVENT], {("critical", "complete"): r"announced 2 records and 1 came\.$"}, {"records_announced": 2}
    ),
    "fewer announced than came": Case(
        [EVENT, EVENT], {("critical", "complete"): "announced 1 records and 2 came"}, {"records_announced": 1}
    ),
    "nothing announced": Case(
        [EVENT], {("critical", "complete"): "did not say how many records there are"}, {"records_announced": None}
    ),
    "an empty day with events announced": Case(
        [], {("critical", "complete"): "announced 3 records and 0 came"}, {"records_announced": 3}
    ),
    "a landed file that lost a record": Case(
        [EVENT],
        {("critical", "landed_whole"): "2 records were received and 1 are in the landed file"},
        {"records_received": 2, "records_announced": 2},
    ),
    "an unknown kind with cost": Case(
        [EVENT, changed(EVENT, kind="Team Credit"), changed(EVENT, kind="Team Credit", chargedCents=-1)],
        {COST_KIND: r"2 of 3 records cost something and .* kinds seed: Team Credit \(2\)\.$"},
    ),
    "an unknown kind whose cost is in the tokens": Case(
        [changed(EVENT, kind="Team Credit", chargedCents=ABSENT, cursorTokenFee=0)], {COST_KIND: r"Team Credit \(1\)"}
    ),
    "an unknown kind without cost": Case(
        [changed(EVENT, kind="Trial", chargedCents=0, cursorTokenFee=0, tokenUsage=ABSENT)],
        {FREE_KIND: r"1 of 1 record cost nothing and .* kinds seed: Trial \(1\)\.$"},
    ),
    "no kind": Case([changed(EVENT, kind=""), changed(EVENT, kind=ABSENT)], {COST_KIND: r"\(none\) \(2\)\.$"}),
    "an unknown kind that may be a person": Case(
        [changed(EVENT, kind="secret.person@example.com")], {COST_KIND: r": a name that is not shown \(1\)\.$"}
    ),
    "unknown models": Case(
        [changed(EVENT, model=f"model-{n}") for n in range(7)] + [changed(EVENT, model="model-3")],
        {MODELS: r"8 of 8 .*: model-3 \(2\), model-0 \(1\), model-1 \(1\), model-2 \(1\), model-4 \(1\) and 2 more\.$"},
    ),
    "a model with a long name": Case([changed(EVENT, model="m" * 500)], {MODELS: r": m{60}… \(1\)\.$"}),
    "known models": Case([changed(EVENT, model="gpt-5-fast"), changed(EVENT, model="default")]),
    "a model that begins like a known one": Case(
        [changed(EVENT, model="gpt-5-mini"), changed(EVENT, model="-fast"), changed(EVENT, model=ABSENT)],
        {MODELS: r"3 of 3 .*: \(none\) \(1\), -fast \(1\), gpt-5-mini \(1\)\.$"},
    ),
    "fewer than usual": Case(
        [EVENT],
        {("warning", "not_fewer_than_usual"): r"1 records came, where 2 to 5 are usual\.$"},
        {"plausible_rows": (2, 5)},
    ),
    "more than usual": Case(
        [EVENT] * 6,
        {("warning", "not_more_than_usual"): "6 records came, where 2 to 5 are usual"},
        {"plausible_rows": (2, 5)},
    ),
    "as few as is usual": Case([EVENT] * 2, window={"plausible_rows": (2, 5)}),
    "as many as is usual": Case([EVENT] * 5, window={"plausible_rows": (2, 5)}),
    "everything at once": Case(
        [changed(EVENT, timestamp=None, kind="Odd"), changed(EVENT, chargedCents="1", model="odd")],
        {
            ("critical", "has_timestamp"): "1 of 2",
            TYPES: "chargedCents",
            ("critical", "complete"): "announced 9",
            COST_KIND: "Odd",
            MODELS: "odd",
            ("warning", "not_fewer_than_usual"): "7 to 8",
        },
        {"records_announced": 9, "plausible_rows": (7, 8)},
    ),
}

DAILY_USAGE = {
    "a good range": Case([DAILY, changed(DAILY, day="2026-11-04"), changed(DAILY, userId=42, email="bo@example.com")]),
    "a range without anyone": Case([]),
    "empty values of all forms": Case(
        [
            changed(DAILY, mostUsedModel="", clientVersion=None, isActive="", totalLinesAdded="", agentRequests=None),
            changed(DAILY, day="2026-11-03", email="", mostUsedModel=ABSENT),
        ]
    ),
    "without day": Case(
        [DAILY, changed(DAILY, day=ABSENT), changed(DAILY, day="")],
        {("critical", "has_day"): r"2 of 3 records have no day\.$"},
    ),
    "without user": Case(
        [DAILY, changed(DAILY, userId="", email=None)],
        {("critical", "has_user"): r"1 of 2 records have neither a user id nor an e-mail\.$"},
    ),
    "a day before the range": Case([changed(DAILY, day="2026-11-01")], {OUTSIDE: "1 of 1 record lie outside"}),
    "a day after the range": Case([DAILY, changed(DAILY, day="2026-11-05")], {OUTSIDE: "1 of 2 records"}),
    "a day that is none": Case([changed(DAILY, day="2026-11-31")], {TYPES: r"day \(1\)\.$"}),
    "a day with a time": Case([changed(DAILY, day="2026-11-02T00:00:00Z")], {TYPES: r"day \(1\)\.$"}),
    "a day as a number": Case([changed(DAILY, day=1793577600000)], {TYPES: r"day \(1\)\.$"}),
    "a counter as text": Case([changed(DAILY, agentRequests="12")], {TYPES: r"agentRequests \(1\)\.$"}),
    "half a counter": Case([changed(DAILY, totalTabsShown=0.5)], {TYPES: r"totalTabsShown \(1\)\.$"}),
    "a flag as a number": Case([changed(DAILY, isActive=1)], {TYPES: r"isActive \(1\)\.$"}),
    "a negative counter": Case([changed(DAILY, bugbotUsages=-1)], {NEGATIVE: r"1 counters .*: bugbotUsages \(1\)\.$"}),
    "a user twice on a day": Case(
        [DAILY, DAILY, changed(DAILY, day="2026-11-03")],
        {("warning", "user_days_are_unique"): r"1 of 3 records repeat the user and day of another one\.$"},
    ),
    "two user ids of one e-mail": Case([DAILY, changed(DAILY, userId=42)]),
    "users who are no members": Case(
        [
            DAILY,
            changed(DAILY, userId="user_X", email="gone@example.com"),
            changed(DAILY, userId="user_Y", email=" ANN@example.com", day="2026-11-03"),
            changed(DAILY, userId=42, email="changed@example.com"),
        ],
        {("warning", "users_are_members"): r"1 of 4 records are of users that the members list does not have\.$"},
    ),
    "no objects": Case(["[]"], {("critical", "records_are_objects"): "1 of 1"}),
    "fewer than usual": Case([DAILY], {("warning", "not_fewer_than_usual"): "2 to 5"}, {"plausible_rows": (2, 5)}),
    "a lost record": Case([DAILY], {("critical", "landed_whole"): "2 records were"}, {"records_received": 2}),
}

MEMBERS = {
    "a good list": Case([MEMBER, SECOND_MEMBER, changed(MEMBER, id="user_B", isRemoved=ABSENT, role="something new")]),
    "an empty list": Case([], {("critical", "list_is_not_empty"): "the members list is empty"}),
    "without id": Case(
        [MEMBER, changed(MEMBER, id=""), changed(MEMBER, id=ABSENT)],
        {("critical", "has_id"): r"2 of 3 records have no id\.$"},
    ),
    "without e-mail": Case([changed(MEMBER, email=None)], {("warning", "has_email"): "1 of 1 record have no e-mail"}),
    "an id twice": Case(
        [MEMBER, MEMBER, SECOND_MEMBER], {("warning", "ids_are_unique"): "1 of 3 records repeat the id of another one"}
    ),
    "an id as an object": Case([changed(MEMBER, id={"a": 1})], {TYPES: r"id \(1\)"}),
    "removed as text": Case([changed(MEMBER, isRemoved="false")], {TYPES: r"isRemoved \(1\)"}),
    "an empty flag": Case([changed(MEMBER, isRemoved="")], {TYPES: r"isRemoved \(1\)"}),
    "no objects": Case(['"x"'], {("critical", "records_are_objects"): "1 of 1"}),
    "fewer than usual": Case([MEMBER], {("warning", "not_fewer_than_usual"): "70 to 90"}, {"plausible_rows": (70, 90)}),
    "a lost record": Case([MEMBER], {("critical", "landed_whole"): "2 records were"}, {"records_received": 2}),
}

SPENDS = {
    "a good answer": Case(
        [SPEND, changed(SPEND, userId="user_B", email=ABSENT, overallSpendCents=ABSENT, spendCents=0)]
    ),
    "nothing announced": Case([SPEND], window={"records_announced": None}),
    "a negative amount": Case([changed(SPEND, spendCents=-12.5)]),
    "no cycle start": Case(
        [SPEND],
        {("critical", "has_cycle_start"): "does not say when the billing cycle began"},
        {"cycle_start_at": None},
    ),
    "without user": Case(
        [SPEND, changed(SPEND, userId=ABSENT, email="")], {("critical", "has_user"): "1 of 2 records have neither"}
    ),
    "an amount as text": Case([changed(SPEND, spendCents="2450")], {TYPES: r"spendCents \(1\)"}),
    "a limit as text": Case([changed(SPEND, monthlyLimitDollars="none")], {TYPES: r"monthlyLimitDollars \(1\)"}),
    "a negative counter": Case([changed(SPEND, fastPremiumRequests=-1)], {NEGATIVE: "fastPremiumRequests"}),
    "fewer than announced": Case(
        [SPEND], {("warning", "complete"): "announced 76 records and 1 came"}, {"records_announced": 76}
    ),
    "a user twice": Case([SPEND, SPEND], {("warning", "users_are_unique"): "1 of 2 records repeat the user"}),
    "no objects": Case(["[1]"], {("critical", "records_are_objects"): "1 of 1"}),
    "more than usual": Case([SPEND], {("warning", "not_more_than_usual"): "0 to 0"}, {"plausible_rows": (0, 0)}),
    "a lost record": Case(
        [SPEND], {("critical", "landed_whole"): "2 records were"}, {"records_received": 2, "records_announced": 2}
    ),
}

CASES = {"usage_events": EVENTS, "daily_usage": DAILY_USAGE, "members": MEMBERS, "spend": SPENDS}


@pytest.fixture(scope="module")
def judged(tmp_path_factory) -> dict[str, Judgement]:
    """By endpoint: one judgement over all its cases; daily usage together with the members."""
    folder = tmp_path_factory.mktemp("landing")

    def of(endpoint: str, *others: Any) -> Judgement:
        windows = [
            landed(folder, endpoint, label, case.records, **case.window) for label, case in CASES[endpoint].items()
        ]
        return judge(
            [*windows, *others],
            docs_dir=folder / "docs",
            run_id="manual__2026-11-24",
            team_id="demo",
            **KNOWN,
        )

    members = landed(folder, "members", "snapshot", [MEMBER, SECOND_MEMBER])
    return {
        "usage_events": of("usage_events"),
        "daily_usage": of("daily_usage", members),
        "members": of("members"),
        "spend": of("spend"),
    }


@pytest.mark.parametrize(
    ("endpoint", "label"), [(endpoint, label) for endpoint, cases in CASES.items() for label in cases]
)
def test_a_window_has_exactly_its_findings(judged, endpoint, label):
    case, judgement = CASES[endpoint][label], judged[endpoint]
    found = {
        (severity, finding.check): finding.sentence
        for severity, findings in (("critical", judgement.critical), ("warning", judgement.warnings))
        for finding in findings
        if (finding.endpoint, finding.label) == (endpoint, label)
    }
    assert found.keys() == case.found.keys(), found
    for key, words in case.found.items():
        assert re.search(words, found[key]), found[key]
        assert found[key].startswith(f"{endpoint.replace('_', ' ')} of {label}: ")


@pytest.mark.parametrize("endpoint", CASES)
def test_every_check_has_a_case_that_fails_it(endpoint):
    from cursor_usage.quality.checks import checks_of  # noqa: PLC0415 - beside its only use

    failed = {key for case in CASES[endpoint].values() for key in case.found}
    of_all_endpoints = {key for cases in CASES.values() for case in cases.values() for key in case.found}
    for check in checks_of(endpoint, has_members=True):
        common = check.name in {"not_fewer_than_usual", "not_more_than_usual"}
        assert (check.severity, check.name) in (of_all_endpoints if common else failed)


def judge_one(tmp_path, *windows, **options):
    return judge(
        windows,
        **{
            "docs_dir": tmp_path / "docs",
            "run_id": "run",
            "team_id": "demo",
            **KNOWN,
            **options,
        },
    )


def test_warnings_alone_pass(tmp_path):
    judgement = judge_one(
        tmp_path, landed(tmp_path, "usage_events", "2026-11-02", [changed(EVENT, kind="Odd", model="odd")])
    )
    assert judgement.passed
    assert {finding.check for finding in judgement.warnings} == {"kinds_with_cost_are_known", "models_are_known"}
    assert judgement.critical == []


def test_one_critical_finding_fails_and_names_its_window_only(tmp_path):
    judgement = judge_one(
        tmp_path,
        landed(tmp_path, "members", "snapshot", [MEMBER]),
        landed(tmp_path, "usage_events", "2026-11-01", [changed(EVENT, timestamp=None)]),
        landed(tmp_path, "usage_events", "2026-11-02", [EVENT]),
    )
    assert not judgement.passed
    assert [(f.endpoint, f.label, f.check) for f in judgement.critical] == [
        ("usage_events", "2026-11-01", "has_timestamp")
    ]
    assert judgement.checks > 20


def test_daily_usage_without_a_members_list_is_not_compared_with_one(tmp_path):
    judgement = judge_one(tmp_path, landed(tmp_path, "daily_usage", "2026-11-02", [changed(DAILY, userId="stranger")]))
    assert (judgement.critical, judgement.warnings) == ([], [])


def test_windows_of_the_same_label_and_file_are_judged_apart(tmp_path):
    first = landed(tmp_path, "usage_events", "2026-11-02", [EVENT])
    second = landed(
        tmp_path,
        "usage_events",
        "2026-11-02",
        [EVENT],
        start_at=datetime(2026, 11, 3, tzinfo=UTC),
        end_at=datetime(2026, 11, 3, 23, 59, 59, 999_000, tzinfo=UTC),
    )
    judgement = judge_one(tmp_path, first, second, second)
    assert [finding.check for finding in judgement.critical] == ["inside_window", "inside_window"]
