"""The fields that are known of each endpoint's records, and which JSON type each has. Source: Cursor Admin API.

A field may be missing or null. Fields that are not listed are nobody's business here: they are kept as they came.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

FieldType = Literal["text", "id", "whole_number", "number", "boolean", "object"]


@dataclass(frozen=True, slots=True)
class Field:
    """``id``: text, or a number (old answers). ``is_counter``: cannot be negative; amounts of money can."""

    key: str
    type: FieldType
    inside: str | None = None
    is_counter: bool = False

    @property
    def name(self) -> str:
        return f"{self.inside}.{self.key}" if self.inside else self.key


def _all(field_type: FieldType, *keys: str, inside: str | None = None, is_counter: bool = False) -> Iterable[Field]:
    return (Field(key, field_type, inside, is_counter) for key in keys)


MEMBERS = (
    *_all("id", "id"),
    *_all("text", "name", "email", "role"),
    *_all("boolean", "isRemoved"),
)

SPEND = (
    *_all("id", "userId"),
    *_all("text", "name", "email", "role"),
    *_all("number", "spendCents", "overallSpendCents", "includedSpendCents"),
    *_all("number", "hardLimitOverrideDollars", "monthlyLimitDollars", "effectivePerUserLimitDollars"),
    *_all("number", "fastPremiumRequests", is_counter=True),
)

DAILY_USAGE_COUNTERS = (
    "totalLinesAdded",
    "totalLinesDeleted",
    "acceptedLinesAdded",
    "acceptedLinesDeleted",
    "totalApplies",
    "totalAccepts",
    "totalRejects",
    "totalTabsShown",
    "totalTabsAccepted",
    "composerRequests",
    "chatRequests",
    "agentRequests",
    "cmdkUsages",
    "subscriptionIncludedReqs",
    "apiKeyReqs",
    "usageBasedReqs",
    "bugbotUsages",
)

DAILY_USAGE = (
    *_all("text", "day"),
    *_all("number", "date"),
    *_all("id", "userId"),
    *_all("text", "email", "mostUsedModel", "applyMostUsedExtension", "tabMostUsedExtension", "clientVersion"),
    *_all("boolean", "isActive"),
    *_all("whole_number", *DAILY_USAGE_COUNTERS, is_counter=True),
)

TOKENS = ("inputTokens", "outputTokens", "cacheWriteTokens", "cacheReadTokens")

USAGE_EVENTS = (
    *_all("id", "timestamp", "userId", "serviceAccountId", "conversationId", "cloudAgentId", "automationId"),
    *_all("text", "userEmail", "serviceAccountName", "model", "kind", "kindLabel"),
    *_all("boolean", "maxMode", "isTokenBasedCall", "isChargeable", "isHeadless"),
    *_all("number", "requestsCosts", "cursorTokenFee", "chargedCents"),
    *_all("object", "tokenUsage"),
    *_all("whole_number", *TOKENS, inside="tokenUsage", is_counter=True),
    *_all("number", "totalCents", "discountPercentOff", inside="tokenUsage"),
)

FIELDS: dict[str, tuple[Field, ...]] = {
    "members": MEMBERS,
    "spend": SPEND,
    "daily_usage": DAILY_USAGE,
    "usage_events": USAGE_EVENTS,
}

# cursor-api.md: in daily usage an empty text stands for null, whatever the field's type.
EMPTY_TEXT_IS_NULL = {"daily_usage"}
