"""Values as the page shows them: each with its unit, and exact where it is pointed at."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from markupsafe import Markup, escape

from cursor_usage.ui.view import Kind, Value
from cursor_usage.wording import count, money

_NO_BREAK = "\u00a0"
_UNKNOWN = Markup(
    '<span class="unknown"><span aria-hidden="true">&ndash;</span><span class="sr">not known</span></span>'
)
_SHORT = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))

UNITS: dict[Kind, str] = {"usd": "US dollars", "tokens": "tokens", "count": "count", "share": "percent"}
NUMBERS: frozenset[Kind] = frozenset({"usd", "count", "tokens", "share"})


def written(value: Value, kind: Kind) -> Markup:
    """A value as escaped HTML; what is not known is a dash that is read out as "not known".

    A value that is not of its kind is written as the text it is, so that nothing is hidden.
    """
    if value is None:
        return _UNKNOWN
    if kind == "flag" and isinstance(value, bool):
        return escape("yes" if value else "no")
    if kind in NUMBERS and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _number(value, kind)
    if kind in {"date", "instant"} and isinstance(value, date):
        return _time(value, kind)
    return escape(str(value))


def _number(value: float | Decimal, kind: Kind) -> Markup:
    text, exact = _texts(Decimal(str(value)), kind)
    if text == exact:
        return escape(text)
    return Markup('<data value="{}" title="{}">{}</data>').format(value, exact, text)


def _texts(number: Decimal, kind: Kind) -> tuple[str, str]:
    """What is shown, and all of it."""
    if kind == "usd":
        text = money(number)
        digits = f"{abs(number):,f}"
        exact = f"{'-' if number < 0 else ''}${digits.rstrip('0')}" if "." in digits else text
        return text, text if len(exact) <= len(text) else exact
    if kind == "tokens":
        return _short(number), count(number)
    if kind == "share":
        text = _percentage(number)
        return text, text
    text = count(number)
    return text, text


def _short(number: Decimal) -> str:
    for size, sign in _SHORT:
        # 999,950 would be written as 1000.0 k.
        if abs(number) >= size * Decimal("0.99995"):
            return f"{number / size:,.1f}{_NO_BREAK}{sign}"
    return count(number)


def _percentage(share: Decimal) -> str:
    """One decimal; what is not all or nothing never looks like it."""
    if 0 < share < Decimal("0.0005"):
        return f"< 0.1{_NO_BREAK}%"
    if Decimal("0.9995") <= share < 1:
        return f"> 99.9{_NO_BREAK}%"
    return f"{share * 100:.1f}{_NO_BREAK}%"


def _time(value: date, kind: Kind) -> Markup:
    if kind == "instant" and isinstance(value, datetime):
        return Markup('<time datetime="{}Z" title="{} UTC">{} UTC</time>').format(
            value.isoformat(timespec="seconds"), value.isoformat(" ", "seconds"), value.isoformat(" ", "minutes")
        )
    day = value.date() if isinstance(value, datetime) else value
    return Markup('<time datetime="{0}">{0}</time>').format(day.isoformat())
