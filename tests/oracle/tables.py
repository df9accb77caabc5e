"""Tables that cursor-api.md prints, written out once more: kinds, list prices of seats, prices of models."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.oracle.team import SeatPrice

INCLUDED, ON_DEMAND, CREDIT = "included", "on_demand", "credit"
OWN_KEY, NOT_CHARGED, UNKNOWN = "own_key", "not_charged", "unknown"

# Section 5: labels, enums, short forms. "Custom Subscription" is deliberately not here: what it costs, nobody knows.
CATEGORY_OF_KIND = {
    "Usage-based": ON_DEMAND,
    "USAGE_EVENT_KIND_USAGE_BASED": ON_DEMAND,
    "On-Demand": ON_DEMAND,
    "Included in Business": INCLUDED,
    "USAGE_EVENT_KIND_INCLUDED_IN_BUSINESS": INCLUDED,
    "Included in Pro": INCLUDED,
    "USAGE_EVENT_KIND_INCLUDED_IN_PRO": INCLUDED,
    "Included": INCLUDED,
    "Free Credit": CREDIT,
    "USAGE_EVENT_KIND_FREE_CREDIT": CREDIT,
    "Free": CREDIT,
    "User API Key": OWN_KEY,
    "USAGE_EVENT_KIND_USER_API_KEY": OWN_KEY,
    "Errored, Not Charged": NOT_CHARGED,
    "USAGE_EVENT_KIND_ERRORED_NOT_CHARGED": NOT_CHARGED,
    "Aborted, Not Charged": NOT_CHARGED,
    "USAGE_EVENT_KIND_ABORTED_NOT_CHARGED": NOT_CHARGED,
}

# Section 7.
LIST_PRICES = (
    SeatPrice("standard", date(2020, 1, 1), Decimal(40), "assumed_list"),
    SeatPrice("premium", date(2026, 6, 1), Decimal(120), "assumed_list"),
    SeatPrice("unpaid_admin", date(2020, 1, 1), Decimal(0), "assumed_list"),
)

# Section 8: US dollars per million output tokens.
OUTPUT_PRICE_OF_MODEL = {
    "claude-4-sonnet": "15",
    "claude-4.5-sonnet": "15",
    "claude-4.6-sonnet": "15",
    "claude-4.5-opus": "25",
    "claude-4.6-opus": "25",
    "claude-4.7-opus": "25",
    "claude-4.5-opus-fast": "150",
    "claude-4.6-opus-fast": "150",
    "claude-4.7-opus-fast": "150",
    "claude-4.5-haiku": "5",
    "composer-1": "10",
    "composer-1.5": "17.5",
    "composer-2": "2.5",
    "auto": "6",
    "default": "6",  # section 5: the events' name of Auto
    "gpt-5": "10",
    "gpt-5-codex": "10",
    "gpt-5.1-codex": "10",
    "gpt-5-fast": "20",
    "gpt-5.2": "14",
    "gpt-5.3-codex": "14",
    "gpt-5.4": "15",
    "gpt-5.5": "30",
    "gpt-5-mini": "2",
    "gemini-2.5-pro": "10",
    "gemini-2.5-flash": "2.5",
    "gemini-3-flash": "3",
    "gemini-3-pro": "12",
    "gemini-3.1-pro": "12",
    "grok-4": "15",
    "grok-4-fast": "0.5",
    "grok-code-fast-1": "1.5",
    "kimi-k2.5": "3",
}
SUFFIXES = ("-thinking", "-high", "-fast", "-1m")


def tier_of_price(output_price_usd: Decimal) -> str:
    if output_price_usd < 5:
        return "entry"
    return "standard" if output_price_usd < 20 else "premium"


def model_tier(model: str | None) -> str:
    """The tier by the model's exact name, else with its suffixes taken off one by one; ``unknown`` where not listed."""
    name = (model or "").strip().lower()
    while name not in OUTPUT_PRICE_OF_MODEL:
        suffix = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)
        if suffix is None:
            return "unknown"
        name = name.removesuffix(suffix)
    return tier_of_price(Decimal(OUTPUT_PRICE_OF_MODEL[name]))
