"""Reads events as a plain, exact reader would: no code of the simulator decides here what an amount is."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.cursor_api_simulator import KINDS, Category

Event = dict[str, Any]
MICRO_CENT = Decimal("0.000001")


def category(event: Event) -> Category:
    name = event.get("kind", event.get("kindLabel"))
    return next(kind.category for kind in KINDS if name in {kind.label, kind.enum, kind.short})


def email(event: Event) -> str:
    """Trimmed and lower-case; empty where there is none. A service account keeps its pseudo address."""
    return (event.get("userEmail") or "").strip().lower()


def owner(event: Event) -> str:
    """The e-mail of a person; empty where the event is nobody's."""
    has_account = event.get("serviceAccountId") not in {None, "null"}
    return "" if has_account else email(event)


def usage(event: Event) -> dict[str, Any]:
    return event.get("tokenUsage") or {}


def is_charged(event: Event) -> bool:
    return category(event) is not Category.NOT_CHARGED


def amount(event: Event) -> Decimal:
    """In cents, at six decimals, half away from zero."""
    cents = event.get("chargedCents")
    if cents is None:
        cents = list_price(event)
    return Decimal(cents).quantize(MICRO_CENT, ROUND_HALF_UP)


def list_price(event: Event) -> Decimal:
    """TotalCents less the discount, and the token fee."""
    keep = 100 - usage(event).get("discountPercentOff", 0)
    return Decimal(usage(event)["totalCents"] * keep / Decimal(100) + event.get("cursorTokenFee", 0))
