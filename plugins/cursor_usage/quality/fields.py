"""What is known of each endpoint's answers, and what a change of it means. Source: Cursor Admin API.

This is the one place for *freeze* and *evolve*:

- **freeze**: a known field keeps its JSON type, and a record has its key fields. Else the window is not loaded, and the
  sentence names the field. Any other known field may be missing or null.
- **evolve**: a field that is not listed is kept as it came (``rest`` in raw), counted and reported once a run.

A new envelope, one without the list of records, is refused before anything lands (``cursor_api.envelope``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


@dataclass(frozen=True, slots=True)
class AnswerContract:
    """What one endpoint answers.

    ``fields``: frozen in type. ``keys``: frozen in presence; by the name of the count, the fields of which a record has
    one. ``seen_elsewhere``: fields that come and go, are kept, and are no news. ``envelope``: what stands around the
    records, by path.
    """

    fields: tuple[Field, ...]
    keys: Mapping[str, tuple[str, ...]]
    envelope: frozenset[str]
    seen_elsewhere: frozenset[str] = frozenset()

    @property
    def groups(self) -> frozenset[str]:
        """The known fields that hold other known fields."""
        return frozenset(field.inside for field in self.fields if field.inside)


_PERIOD = ("period.startDate", "period.endDate")
_PAGINATION = ("pagination.pageSize", "pagination.hasNextPage", "pagination.hasPreviousPage")

CONTRACTS: dict[str, AnswerContract] = {
    "members": AnswerContract(MEMBERS, {"records_without_id": ("id",)}, frozenset()),
    "spend": AnswerContract(
        SPEND,
        {"records_without_user": ("userId", "email")},
        frozenset(
            ("subscriptionCycleStart", "totalMembers", "totalPages", "limitedUsersCount", "maxUserSpendCents"),
        ),
        seen_elsewhere=frozenset(("profilePictureUrl", "billingTier", "removedAt")),
    ),
    "daily_usage": AnswerContract(
        DAILY_USAGE,
        {"records_without_day": ("day",), "records_without_user": ("userId", "email")},
        frozenset((*_PERIOD, *_PAGINATION, "pagination.page", "pagination.totalUsers", "pagination.totalPages")),
    ),
    "usage_events": AnswerContract(
        USAGE_EVENTS,
        {"records_without_timestamp": ("timestamp",)},
        frozenset(
            ("totalUsageEventsCount", *_PERIOD, *_PAGINATION, "pagination.numPages", "pagination.currentPage"),
        ),
    ),
}

FIELDS: dict[str, tuple[Field, ...]] = {endpoint: contract.fields for endpoint, contract in CONTRACTS.items()}

# cursor-api.md: in daily usage an empty text stands for null, whatever the field's type.
EMPTY_TEXT_IS_NULL = {"daily_usage"}
