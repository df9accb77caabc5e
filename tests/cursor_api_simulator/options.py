"""What can be chosen about the simulated company. Everything else follows from the seed and the clock."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time
from typing import Literal

from tests.cursor_api_simulator.clock import to_datetime, to_ms

_LONGEST_MONTH = 31
_CHOICES = {
    "included_field": ("overall", "included", "neither", "mixed"),
    "spend_cents": ("float", "integer"),
    "unattributed_spend": ("rows", "omitted"),
    "removed_members": ("flagged", "vanish"),
    "daily_zero_rows": ("all", "some", "none"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Shares (0 to 1) of events, unless said otherwise, that carry one of the API's peculiarities."""

    twins: float = 0.001  # a second event, equal in every field
    same_millisecond: float = 0.002  # shares its instant with another event of the same user
    late: float = 0.02  # appears 1 to 10 hours after it happened
    restated: float = 0.12  # the amount changes 1 to 24 hours after the event, more often down than up
    request_priced: float = 0.02  # legacy: 4 ¢ for a unit of requestsCosts, no tokens
    without_token_usage: float = 0.015
    partial_token_usage: float = 0.015  # one key of tokenUsage is missing, or all
    without_charged_cents: float = 0.004  # only totalCents, discount and fee tell the amount
    float_tail: float = 0.05  # amounts with the digits of a double, beyond six decimals
    tiny: float = 0.003  # amounts down to 5e-07 ¢
    discounted: float = 0.05
    kind_as_enum: float = 0.08
    kind_short: float = 0.03
    kind_label: float = 0.002  # in `kindLabel`, the key of 2025; before 2026 all events carry it
    credit: float = 0.012
    errored: float = 0.03
    aborted: float = 0.025
    unknown_kind: float = 0.001
    unknown_kind_with_cost: bool = False  # blocks a "matched" verdict
    unpriced_requests: float = 0.0  # no amount at all on a charged kind; blocks a "matched" verdict
    negative_amounts: float = 0.0
    days_without_row: float = 0.015  # share of a person's active days that daily-usage-data lacks
    midnight_events: bool = True  # one event at 00:00:00.000 and one at 23:59:59.999 of every day with usage

    def __post_init__(self) -> None:
        for quirk in fields(self):
            if not 0 <= getattr(self, quirk.name) <= 1:
                message = f"{quirk.name} is a share of 0 to 1, not {getattr(self, quirk.name)!r}"
                raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyOptions:
    """The options of a company.

    `seats` are the members that are not removed, the unpaid admin included. `events_per_day` is the mean of a weekday.
    History begins at `founded`; nothing is there before.
    """

    seed: int = 7
    seats: int = 76
    events_per_day: int = 900
    founded: date = date(2024, 1, 1)
    cycle_day: int = 3  # of the month, clamped to short months
    cycle_time: time = time(13, 6, 28)
    included_field: Literal["overall", "included", "neither", "mixed"] = "overall"
    spend_cents: Literal["float", "integer"] = "float"
    # Unattributed usage as spend rows without an e-mail, so that the totals tie; or in nobody's row.
    unattributed_spend: Literal["rows", "omitted"] = "rows"
    removed_members: Literal["flagged", "vanish"] = "flagged"
    removed_listed_days: int = 120  # a flagged member leaves the list after this many days
    numeric_ids: bool = False
    lists_second_user_id: bool = False  # the old id of a person with two is in the members list, as removed
    daily_zero_rows: Literal["all", "some", "none"] = "all"
    retention_days: int | None = None  # events and daily rows older than this are gone
    quirks: Quirks = field(default_factory=Quirks)
    cache_bytes: int = 1_500_000_000  # encoded days kept in memory

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                message = f"{name} is one of {', '.join(choices)}, not {getattr(self, name)!r}"
                raise ValueError(message)
        if self.seats < 1 or self.events_per_day < 0 or not 1 <= self.cycle_day <= _LONGEST_MONTH:
            message = "seats are 1 or more, events_per_day 0 or more, cycle_day 1 to 31"
            raise ValueError(message)

    def cycle_start_ms(self, at_ms: int) -> int:
        """The start of the billing cycle that `at_ms` is in."""
        at = to_datetime(at_ms)
        start_ms = self._cycle_start_in(at.year, at.month)
        if start_ms > at_ms:
            year, month = (at.year, at.month - 1) if at.month > 1 else (at.year - 1, 12)
            start_ms = self._cycle_start_in(year, month)
        return start_ms

    def _cycle_start_in(self, year: int, month: int) -> int:
        day = min(self.cycle_day, calendar.monthrange(year, month)[1])
        return to_ms(datetime.combine(date(year, month, day), self.cycle_time, tzinfo=UTC))
