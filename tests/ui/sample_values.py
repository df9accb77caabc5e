"""Made values: the same for the same day, person and size, always."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

NEWEST = date(2026, 11, 29)
CYCLE_START = date(2026, 11, 3)
PEOPLE = ("Lule Placeholder", "Noze Specimen", "Pafu Mockup", "Defe Fixture", "Suma Example", "Bore Demoson")
MODELS = (
    ("claude-4.5-opus", "premium"),
    ("claude-4.5-sonnet", "standard"),
    ("claude-4.5-haiku", "entry"),
    ("house-model-with-a-rather-long-name-2026-11", "unknown"),
)


def days(end: date, number: int) -> tuple[date, ...]:
    return tuple(end - timedelta(days=number - 1 - at) for at in range(number))


def address(at: int) -> str:
    return f"{PEOPLE[at % len(PEOPLE)].lower().replace(' ', '.')}{at or ''}@example.com"


def wave(at: int, base: str, weekend: str = "0.18") -> Decimal:
    """A weekday's amount that rises and falls, a weekend's that is small; always the same for the same day."""
    factor = Decimal(weekend) if (CYCLE_START + timedelta(days=at)).weekday() >= 5 else Decimal(1)
    return (Decimal(base) * factor * Decimal(80 + (at * 37) % 41) / 100).quantize(Decimal("0.00000001"))
