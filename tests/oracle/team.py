"""What the oracle is given: a team's answers as the API shaped them, and what the API does not know.

Every answer is what ``json.loads(text, parse_float=Decimal, parse_int=int)`` gives. Instants are naive UTC datetimes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime

Record = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What an endpoint answered to the team's key."""

    endpoint: str
    outcome: str  # ok | refused | failed | not_tried
    checked_at: datetime
    status_code: int | None
    message: str | None


@dataclass(frozen=True)
class SeatPrice:
    seat_type: str
    valid_from: date
    monthly_price_usd: Decimal
    price_source: str  # configured | assumed_list


@dataclass(frozen=True)
class SeatTypeFrom:
    email: str
    seat_type: str
    valid_from: date


@dataclass(frozen=True)
class Exclusion:
    email: str
    reason: str
    expires_on: date | None


@dataclass(frozen=True)
class DashboardTotal:
    measure: str
    start_date: date
    end_date: date
    value: Decimal
    read_at: datetime


@dataclass(frozen=True)
class CostCentreFrom:
    email: str
    cost_centre: str
    valid_from: date


@dataclass(frozen=True)
class SeatAllowance:
    seat_type: str
    valid_from: date
    monthly_allowance_usd: Decimal | None  # None: not known from this date on
    is_pooled: bool


@dataclass(frozen=True)
class Invoice:
    cycle_start_date: date
    seat_fees_usd: Decimal | None
    on_demand_usd: Decimal | None
    credits_usd: Decimal | None
    tax_usd: Decimal | None


@dataclass(frozen=True)
class SpendLimit:
    """The team's own limit of on-demand usage in a cycle."""

    valid_from: date | None  # None: from the beginning
    spend_limit_usd: Decimal


@dataclass(frozen=True)
class Configured:
    """What the API does not know, as an administrator would write it down. The defaults are those of design.md."""

    seat_prices: tuple[SeatPrice, ...] = ()  # before the first: cursor-api.md, section 7
    seat_types: tuple[SeatTypeFrom, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    join_dates: dict[str, date] = field(default_factory=dict)
    dashboard_totals: tuple[DashboardTotal, ...] = ()
    renewal_date: date | None = None
    cost_centres: tuple[CostCentreFrom, ...] = ()
    seat_allowances: tuple[SeatAllowance, ...] = ()  # before the first: cursor-api.md, section 7
    invoices: tuple[Invoice, ...] = ()
    spend_limits: tuple[SpendLimit, ...] = ()

    window_days: int = 14
    idle_after_days: int = 14
    grace_days: int = 14
    settle_hours: int = 48
    tolerance_share: Decimal = Decimal("0.01")
    tolerance_floor_usd: Decimal = Decimal("0.05")
    certain_observed_days: int = 30
    probable_inactive_days: int = 30
    simple_max_output_tokens: int = 500
    simple_max_input_tokens: int = 20_000
    savings_min_observed_requests: int = 20
    premium_allowance_multiple: int = 5
    reading_hours: int = 1


@dataclass(frozen=True, eq=False)
class Team:
    """One team's answers: the newest for every day, all of the snapshots.

    Compared by identity, so that what is worked out of a team can be remembered: its answers are never changed.
    """

    team_id: str
    members_snapshots: list[tuple[datetime, list[Record]]] = field(default_factory=list)
    spend_snapshots: list[tuple[datetime, Record]] = field(default_factory=list)  # teamMemberSpend: all pages' members
    events_by_day: dict[date, list[Record]] = field(default_factory=dict)  # loaded closed UTC days; an empty list too
    open_day: tuple[list[Record], datetime] | None = None  # its events, and the last instant that was asked for
    daily_usage_rows: dict[date, list[Record]] = field(default_factory=dict)  # loaded closed UTC days
    fetched_at: dict[date, datetime] = field(default_factory=dict)  # when the day's last fetch of events began
    refused: frozenset[str] = frozenset()  # endpoints that did not answer in the newest run
    error: str | None = None  # why the team's newest run failed
    answers: list[Answer] = field(default_factory=list)  # of the endpoints to all runs that did not fail
    configured: Configured = field(default_factory=Configured)
