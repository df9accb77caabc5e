"""Figures and texts as the terminal shows them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal


def money(amount: Decimal | None) -> str:
    """``$1,234.56``; a dash where nothing is known."""
    if amount is None:
        return "-"
    cents = Decimal(amount).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    return f"-${-cents:,.2f}" if cents < 0 else f"${abs(cents):,.2f}"


def count(number: Decimal | float | None) -> str:
    """A whole number with separators; a fraction only where there is one."""
    if number is None:
        return "-"
    return f"{int(number):,}" if number == int(number) else f"{number:,}".rstrip("0")


def total(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), Decimal(0))


def plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def words(name: str) -> str:
    return name.replace("_", " ")


def first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def printable(value: object) -> str:
    """One line without anything that could steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in str(value))
