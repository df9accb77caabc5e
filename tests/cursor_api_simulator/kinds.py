"""The kinds of events: what they are called, and what they mean for money."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class Category(IntEnum):
    INCLUDED = 0
    ON_DEMAND = 1
    CREDIT = 2
    OWN_KEY = 3
    NOT_CHARGED = 4
    UNKNOWN = 5


@dataclass(frozen=True, slots=True)
class Kind:
    category: Category
    label: str
    enum: str
    short: str | None = None


KINDS = (
    Kind(Category.INCLUDED, "Included in Business", "USAGE_EVENT_KIND_INCLUDED_IN_BUSINESS", "Included"),
    Kind(Category.INCLUDED, "Included in Pro", "USAGE_EVENT_KIND_INCLUDED_IN_PRO"),
    Kind(Category.ON_DEMAND, "Usage-based", "USAGE_EVENT_KIND_USAGE_BASED", "On-Demand"),
    Kind(Category.CREDIT, "Free Credit", "USAGE_EVENT_KIND_FREE_CREDIT", "Free"),
    Kind(Category.OWN_KEY, "User API Key", "USAGE_EVENT_KIND_USER_API_KEY"),
    Kind(Category.NOT_CHARGED, "Errored, Not Charged", "USAGE_EVENT_KIND_ERRORED_NOT_CHARGED"),
    Kind(Category.NOT_CHARGED, "Aborted, Not Charged", "USAGE_EVENT_KIND_ABORTED_NOT_CHARGED"),
    Kind(Category.UNKNOWN, "Promotional Bundle", "USAGE_EVENT_KIND_PROMOTIONAL_BUNDLE"),
)
INCLUDED, INCLUDED_IN_PRO, ON_DEMAND, CREDIT, OWN_KEY, ERRORED, ABORTED, UNKNOWN = range(len(KINDS))
KIND_CATEGORY = np.array([kind.category for kind in KINDS], dtype=np.int8)
KIND_TEXT = tuple(
    text
    for kind in KINDS
    for text in (
        f'"kind":"{kind.label}"',
        f'"kind":"{kind.enum}"',
        f'"kind":"{kind.short or kind.label}"',
        f'"kindLabel":"{kind.label}"',
    )
)
LABEL, ENUM, SHORT, OLD_KEY = range(4)
