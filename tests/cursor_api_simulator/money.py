"""Amounts as text and as whole micro-cents (1e-6 ¢ = 1e-8 $)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

MICRO = 1_000_000


def cents(micro: int) -> str:
    """Micro-cents as a JSON number of cents, without needless zeros."""
    whole, rest = divmod(abs(micro), MICRO)
    sign = "-" if micro < 0 else ""
    return f"{sign}{whole}.{rest:06d}".rstrip("0") if rest else f"{sign}{whole}"


def micro_of(amount: str | Decimal) -> int:
    """A number of cents in micro-cents, half away from zero."""
    return int((Decimal(amount) * MICRO).to_integral_value(ROUND_HALF_UP))


def number_text(value: float) -> str:
    """A double as a JSON number, all its digits; whole numbers without a point."""
    return str(int(value)) if value.is_integer() else repr(value)
