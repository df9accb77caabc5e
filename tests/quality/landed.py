"""Landed windows for the data-quality tests: real zstd files of one JSON text a line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import zstandard

from cursor_usage.quality import WindowToJudge

DAY = date(2026, 11, 2)
START_AT = datetime(2026, 11, 2, tzinfo=UTC)
END_AT = datetime(2026, 11, 2, 23, 59, 59, 999_000, tzinfo=UTC)
START_MS = 1793577600000
END_MS = START_MS + 86_400_000 - 1

KNOWN_KINDS = {"Usage-based", "Included in Business", "USAGE_EVENT_KIND_USAGE_BASED", "Errored, Not Charged"}
KNOWN_MODELS = {"claude-4.6-opus-high-thinking", "gpt-5", "gpt-5-fast", "default"}
KNOWN = {"is_known_kind": KNOWN_KINDS.__contains__, "is_known_model": KNOWN_MODELS.__contains__}

ABSENT = object()


@dataclass(frozen=True)
class Case:
    """Records of one window, what is said of it, and the (severity, check) pairs that have to be found, with words."""

    records: list[Any]
    found: dict[tuple[str, str], str] = field(default_factory=dict)
    window: dict[str, Any] = field(default_factory=dict)


def write_records(path: Path, records: list[Any]) -> Path:
    """A text is written as it is, anything else as JSON."""
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zstandard.compress("".join(f"{line}\n" for line in lines).encode()))
    return path


def landed(folder: Path, endpoint: str, label: str, records: list[Any], **window: Any) -> WindowToJudge:
    path = write_records(folder / f"team=demo/endpoint={endpoint}/{label}/records.jsonl.zst", records)
    received = len(records)
    facts: dict[str, Any] = {
        "endpoint": endpoint,
        "label": label,
        "records_path": path,
        "start_date": None,
        "end_date": None,
        "start_at": None,
        "end_at": None,
        "records_announced": None,
        "records_received": received,
        "cycle_start_at": None,
        "plausible_rows": None,
    }
    if endpoint == "usage_events":
        facts |= {"start_date": DAY, "end_date": DAY, "start_at": START_AT, "end_at": END_AT}
        facts |= {"records_announced": received}
    if endpoint == "daily_usage":
        facts |= {"start_date": DAY, "end_date": date(2026, 11, 4)}
    if endpoint == "spend":
        facts |= {"cycle_start_at": datetime(2026, 11, 1, 21, 13, 8, tzinfo=UTC), "records_announced": received}
    return WindowToJudge(**(facts | window))


def changed(record: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The record with other values; ``ABSENT`` takes a key away, ``tokens`` changes the keys inside ``tokenUsage``."""
    tokens = changes.pop("tokens", {})
    result = {key: value for key, value in (record | changes).items() if value is not ABSENT}
    if tokens:
        usage = {**result["tokenUsage"], **tokens}
        result["tokenUsage"] = {key: value for key, value in usage.items() if value is not ABSENT}
    return result


EVENT = {
    "timestamp": "1793650025854",
    "userEmail": "ann@example.com",
    "conversationId": "00000000-0000-4000-8000-000000000001",
    "model": "claude-4.6-opus-high-thinking",
    "kind": "Usage-based",
    "maxMode": True,
    "requestsCosts": 5,
    "isTokenBasedCall": True,
    "isChargeable": True,
    "isHeadless": False,
    "tokenUsage": {
        "inputTokens": 5805,
        "outputTokens": 311,
        "cacheWriteTokens": 11964,
        "cacheReadTokens": 0,
        "totalCents": 40.167,
        "discountPercentOff": 10,
    },
    "cursorTokenFee": 1.18,
    "chargedCents": 37.33,
}

MEMBER = {"id": "user_AAAA1", "name": "Ann Example", "email": "ann@example.com", "role": "member", "isRemoved": False}
SECOND_MEMBER = MEMBER | {"id": 42, "name": "Bo Example", "email": "Bo@Example.com", "role": "free-owner"}

SPEND = {
    "userId": "user_AAAA1",
    "name": "Ann Example",
    "email": "ann@example.com",
    "role": "member",
    "spendCents": 2450.125487,
    "overallSpendCents": 4434.125487,
    "fastPremiumRequests": 496,
    "hardLimitOverrideDollars": 0,
    "monthlyLimitDollars": None,
    "effectivePerUserLimitDollars": 100,
    "billingTier": "standard",
}

DAILY = {
    "userId": "user_AAAA1",
    "day": "2026-11-02",
    "date": 1793577600000,
    "email": "ann@example.com",
    "isActive": True,
    "totalLinesAdded": 1543,
    "acceptedLinesAdded": 1102,
    "totalTabsShown": 342,
    "agentRequests": 12,
    "mostUsedModel": "gpt-5",
    "applyMostUsedExtension": ".tsx",
    "clientVersion": "1.7.28",
}
