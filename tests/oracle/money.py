"""Parts of an amount, by integers alone: a quotient is never a fraction that was rounded before."""

from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import pairwise

from tests.oracle.usage import CENT, EIGHT_PLACES, rounded


def in_cents(amount: Decimal, part: int, whole: int) -> Decimal:
    """The part of an amount that so many of a whole number of shares get, to the cent, half away from zero."""
    return _part(amount, part, whole, CENT)


def in_eighth_decimals(amount: Decimal, part: int, whole: int) -> Decimal:
    """The same to eight decimals, half away from zero."""
    return _part(amount, part, whole, EIGHT_PLACES)


def cents_shared_out(amount: Decimal, days: int) -> list[Decimal]:
    """An amount over so many days in whole cents that sum to it; what it has below a cent is the last day's."""
    if days == 0:
        return []
    cents = int(amount / CENT)
    until = [cents * day // days for day in range(days + 1)]
    shares = [(after - before) * CENT for before, after in pairwise(until)]
    shares[-1] += amount - cents * CENT
    return [rounded(one, EIGHT_PLACES) for one in shares]


def _part(amount: Decimal, part: int, whole: int, step: Decimal) -> Decimal:
    with localcontext(prec=100):
        numerator = int(amount / EIGHT_PLACES) * part
        denominator = whole * int(step / EIGHT_PLACES)
        size = (2 * abs(numerator) + denominator) // (2 * denominator)
        return rounded(Decimal(size if numerator >= 0 else -size) * step, EIGHT_PLACES)
