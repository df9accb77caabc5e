"""What one record says: an event's instant, developer, kind, tokens and money; a daily row's activity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.oracle import tables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.oracle.team import Configured, Record, Team

EIGHT_PLACES = Decimal("0.00000001")
CENT = Decimal("0.01")
ZERO = Decimal("0.00000000")


def present(value: Any) -> Any:
    """Empty text and the text "null" are what some answers write where nothing is meant."""
    return None if value in (None, "", "null") else value


def rounded(value: Decimal, step: Decimal) -> Decimal:
    """Rounded half away from zero (which the decimal module calls half up)."""
    with localcontext(prec=100):
        return value.quantize(step, rounding=ROUND_HALF_UP)


def usd(cents: Any) -> Decimal | None:
    """US dollars to eight places, rounded once."""
    if present(cents) is None:
        return None
    with localcontext(prec=100):
        return rounded(Decimal(cents) * CENT, EIGHT_PLACES)


def total(amounts: Iterable[Decimal | None]) -> Decimal:
    """The exact sum of the amounts that are known."""
    with localcontext(prec=100):
        return sum((amount for amount in amounts if amount is not None), ZERO)


def normal_email(email: Any) -> str | None:
    return (email or "").strip().lower() or None


def instant(epoch_ms: Any) -> datetime:
    milliseconds = int(epoch_ms)
    return datetime(1970, 1, 1) + timedelta(milliseconds=milliseconds)  # noqa: DTZ001  UTC without zone, as in the marts


def start_of(day: date) -> datetime:
    return datetime.combine(day, time.min)


def days_between(first: date, last: date) -> list[date]:
    """Every day from the first to the last, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass(frozen=True)
class Event:
    at: datetime
    email: str | None  # None: unattributed
    address: str | None  # what the event carries, of a service account too
    model: str | None
    category: str
    is_max_mode: bool
    input_tokens: int | None
    output_tokens: int | None
    cache_write_tokens: int | None
    cache_read_tokens: int | None
    amount: Decimal | None  # None: unpriced
    is_service_account: bool

    @property
    def day(self) -> date:
        return self.at.date()

    @property
    def is_request(self) -> bool:
        return self.category != tables.NOT_CHARGED

    @property
    def is_usage(self) -> bool:
        """Whether its amount is usage value."""
        return self.category in (tables.INCLUDED, tables.ON_DEMAND)

    @property
    def has_every_token_count(self) -> bool:
        return None not in (self.input_tokens, self.output_tokens, self.cache_write_tokens, self.cache_read_tokens)

    @property
    def all_tokens(self) -> int:
        return sum(
            count or 0
            for count in (self.input_tokens, self.output_tokens, self.cache_write_tokens, self.cache_read_tokens)
        )


def event(record: Record) -> Event:
    address = normal_email(record.get("userEmail"))
    is_service_account = present(record.get("serviceAccountId")) is not None
    kind = present(record.get("kind")) or present(record.get("kindLabel")) or ""
    tokens = record.get("tokenUsage") or {}
    return Event(
        at=instant(record["timestamp"]),
        email=None if is_service_account else address,
        address=address,
        model=record.get("model") or None,
        category=tables.CATEGORY_OF_KIND.get(kind.strip(), tables.UNKNOWN),
        is_max_mode=record.get("maxMode") is True,
        input_tokens=present(tokens.get("inputTokens")),
        output_tokens=present(tokens.get("outputTokens")),
        cache_write_tokens=present(tokens.get("cacheWriteTokens")),
        cache_read_tokens=present(tokens.get("cacheReadTokens")),
        amount=amount_of(record),
        is_service_account=is_service_account,
    )


def amount_of(record: Record) -> Decimal | None:
    """The charged cents, which contain the token fee already; else the token price plus the fee; else unknown."""
    charged = present(record.get("chargedCents"))
    if charged is not None:
        return usd(charged)
    tokens = record.get("tokenUsage") or {}
    token_cents = present(tokens.get("totalCents"))
    if token_cents is None:
        return None
    with localcontext(prec=100):
        discount = Decimal(present(tokens.get("discountPercentOff")) or 0) * CENT
        fee = Decimal(present(record.get("cursorTokenFee")) or 0)
        return usd(Decimal(token_cents) * (1 - discount) + fee)


@cache
def closed_events(team: Team) -> list[Event]:
    return [event(record) for day in sorted(team.events_by_day) for record in team.events_by_day[day]]


@cache
def open_day_events(team: Team) -> list[Event]:
    """The open day as far as it was read; nothing of it once the day is closed and loaded."""
    provisional = [event(record) for record in team.open_day[0]] if team.open_day else []
    return [one for one in provisional if one.day not in team.events_by_day]


def requests(events: Iterable[Event]) -> list[Event]:
    return [one for one in events if one.is_request]


def amount_in(events: Iterable[Event], *categories: str) -> Decimal:
    return total(one.amount for one in events if one.category in categories)


def tokens_in(events: Iterable[Event], name: str) -> int:
    """Tokens of requests; a count that is missing adds nothing."""
    return sum(getattr(one, name) or 0 for one in requests(events))


def is_small(one: Event, configured: Configured) -> bool:
    """Whether a request read and wrote so little that a small model does it as well."""
    if not one.is_request or one.is_max_mode or not one.has_every_token_count:
        return False
    written = one.output_tokens or 0
    read = one.all_tokens - written
    return written <= configured.simple_max_output_tokens and read <= configured.simple_max_input_tokens


def is_simple(one: Event, configured: Configured) -> bool:
    """Whether a premium model was used for what a smaller one does as well."""
    return is_small(one, configured) and tables.model_tier(one.model) == "premium"


@cache
def active_rows(team: Team) -> set[tuple[str, date]]:
    """Who was active on which day by the daily rows; two user ids of one e-mail are one person."""
    return {
        (email, day)
        for day, rows in team.daily_usage_rows.items()
        for row in rows
        if row.get("isActive") is True and (email := normal_email(row.get("email"))) is not None
    }


@cache
def active_days(team: Team) -> dict[str, set[date]]:
    """Every developer's days with a request or an active row."""
    days: dict[str, set[date]] = {}
    with_request = {(one.email, one.day) for one in requests(closed_events(team)) if one.email is not None}
    for email, day in with_request | active_rows(team):
        days.setdefault(email, set()).add(day)
    return days


@cache
def service_account_addresses(team: Team) -> set[str]:
    """Addresses that service accounts' events carry, and under which no person was ever active."""
    events = closed_events(team) + open_day_events(team)
    people = active_days(team).keys() | {one.email for one in events}
    return {one.address for one in events if one.address is not None and one.email is None} - people


def as_of(team: Team) -> date | None:
    """The newest closed day whose events were loaded."""
    return max(team.events_by_day, default=None)


def window(team: Team) -> tuple[date, date] | None:
    end = as_of(team)
    return None if end is None else (end - timedelta(days=team.configured.window_days - 1), end)


def is_settled(team: Team, day: date) -> bool:
    fetched = team.fetched_at.get(day)
    settles = start_of(day) + timedelta(days=1, hours=team.configured.settle_hours)
    return day in team.events_by_day and fetched is not None and fetched >= settles


def naive_utc(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
