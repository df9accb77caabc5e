"""Tables that cursor-api.md prints, written out once more: kinds, list prices of seats, prices of models."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from tests.oracle.team import SeatAllowance, SeatPrice

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

# Section 7, last column: what was published as included in a seat; from June 2026 on that is no longer published.
LIST_ALLOWANCES = (
    SeatAllowance("standard", date(2025, 10, 1), Decimal(20), is_pooled=False),
    SeatAllowance("standard", date(2026, 6, 1), None, is_pooled=False),
    SeatAllowance("premium", date(2026, 6, 1), None, is_pooled=False),
)


class ModelPrice(NamedTuple):
    """US dollars per million tokens; None where the list does not say."""

    input_usd: Decimal | None
    cache_write_usd: Decimal | None
    cache_read_usd: Decimal | None
    output_usd: Decimal


def per_million(text: str) -> ModelPrice:
    input_usd, cache_write_usd, cache_read_usd, output_usd = (
        None if price == "-" else Decimal(price) for price in text.split("/")
    )
    assert output_usd is not None
    return ModelPrice(input_usd, cache_write_usd, cache_read_usd, output_usd)


SONNET, OPUS, OPUS_FAST = "3/3.75/0.3/15", "5/6.25/0.5/25", "30/37.5/3/150"
AUTO = "1.25/-/0.25/6"

# Section 8: input / cache write / cache read / output.
PRICE_OF_MODEL = {
    name: per_million(prices)
    for name, prices in {
        "claude-4-sonnet": SONNET,
        "claude-sonnet-4": SONNET,
        "claude-4.5-sonnet": SONNET,
        "claude-sonnet-4.5": SONNET,
        "claude-sonnet-4-5": SONNET,
        "claude-4.6-sonnet": SONNET,
        "claude-sonnet-4.6": SONNET,
        "claude-sonnet-4-6": SONNET,
        "claude-4.5-opus": OPUS,
        "claude-opus-4.5": OPUS,
        "claude-opus-4-5": OPUS,
        "claude-4.6-opus": OPUS,
        "claude-opus-4.6": OPUS,
        "claude-opus-4-6": OPUS,
        "claude-4.7-opus": OPUS,
        "claude-opus-4.7": OPUS,
        "claude-opus-4-7": OPUS,
        "claude-4.5-opus-fast": OPUS_FAST,
        "claude-opus-4.5-fast": OPUS_FAST,
        "claude-opus-4-5-fast": OPUS_FAST,
        "claude-4.6-opus-fast": OPUS_FAST,
        "claude-opus-4.6-fast": OPUS_FAST,
        "claude-opus-4-6-fast": OPUS_FAST,
        "claude-4.7-opus-fast": OPUS_FAST,
        "claude-opus-4.7-fast": OPUS_FAST,
        "claude-opus-4-7-fast": OPUS_FAST,
        "claude-4.5-haiku": "1/1.25/0.1/5",
        "claude-haiku-4.5": "1/1.25/0.1/5",
        "claude-haiku-4-5": "1/1.25/0.1/5",
        "composer-1": "1.25/-/0.125/10",
        "composer-1.5": "3.5/-/0.35/17.5",
        "composer-2": "0.5/-/0.2/2.5",
        "auto": AUTO,
        "default": AUTO,  # section 5: the events' name of Auto
        "gpt-5": "1.25/-/0.125/10",
        "gpt-5-codex": "1.25/-/0.125/10",
        "gpt-5.1-codex": "1.25/-/0.125/10",
        "gpt-5-fast": "2.5/-/0.25/20",
        "gpt-5.2": "1.75/-/0.175/14",
        "gpt-5.3-codex": "1.75/-/0.175/14",
        "gpt-5.4": "2.5/-/0.25/15",
        "gpt-5.5": "5/-/0.5/30",
        "gpt-5-mini": "-/-/-/2",
        "gemini-2.5-pro": "1.25/-/0.31/10",
        "gemini-2.5-flash": "-/-/-/2.5",
        "gemini-3-flash": "-/-/-/3",
        "gemini-3-pro": "2/-/0.4/12",
        "gemini-3.1-pro": "2/-/0.4/12",
        "grok-4": "3/-/0.75/15",
        "grok-4-fast": "0.2/-/0.05/0.5",
        "grok-code-fast-1": "0.2/-/0.02/1.5",
        "kimi-k2.5": "-/-/-/3",
    }.items()
}
SUFFIXES = ("-thinking", "-high", "-fast", "-1m")

# Whose pool a model's usage is taken out of, by the beginning of its name, or the whole of it.
CURSOR_MODELS = ("composer", "cursor")
CURSOR_NAMES = ("auto", "default")
THIRD_PARTY_MODELS = ("claude", "gpt", "gemini", "grok", "kimi", "o3")


def tier_of_price(output_price_usd: Decimal) -> str:
    if output_price_usd < 5:
        return "entry"
    return "standard" if output_price_usd < 20 else "premium"


def plain_name(model: str | None) -> str:
    return (model or "").strip().lower()


def listed_model(model: str | None) -> str | None:
    """The listed name: the model's own, else that with suffixes taken off one by one; None where not listed.

    Of a fast model, that of the fast one where it is listed, whatever suffix follows whatever other.
    """
    name, is_fast = plain_name(model), False
    while name not in PRICE_OF_MODEL:
        suffix = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)
        if suffix is None:
            return None
        name = name.removesuffix(suffix)
        is_fast = is_fast or suffix == "-fast"
    return f"{name}-fast" if is_fast and f"{name}-fast" in PRICE_OF_MODEL else name


def model_tier(model: str | None) -> str:
    """The tier by the listed model's output price; ``unknown`` where none is listed."""
    name = listed_model(model)
    return "unknown" if name is None else tier_of_price(PRICE_OF_MODEL[name].output_usd)


def usage_pool(model: str | None) -> str:
    name = plain_name(model)
    if name in CURSOR_NAMES or name.startswith(CURSOR_MODELS):
        return "cursor"
    return "third_party" if name.startswith(THIRD_PARTY_MODELS) else "unknown"
