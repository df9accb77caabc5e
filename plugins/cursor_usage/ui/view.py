"""What the page and the report show, before it has a look: plain data that sections make and templates read.

Values are raw (``Decimal`` dollars, counts, shares from 0 to 1, dates, UTC timestamps without zone, None where nothing
is known); a column's or a chart's kind says how they are written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Value = str | int | float | Decimal | bool | date | datetime | None
# "usd" whole cents; "tokens" short (1.2 M) with the full number as title; "share" as a percentage; "flag" yes or no.
Kind = Literal["text", "usd", "count", "tokens", "share", "date", "instant", "flag"]
Tone = Literal["good", "warning", "bad", "neutral"]
# What a colour stands for, so that it is the same in every chart, light and dark.
Role = Literal[
    "included",
    "on_demand",
    "seat_fee",
    "other",
    "forecast",
    "active",
    "idle",
    "never_active",
    "new",
    "removed",
    "entry_model",
    "standard_model",
    "premium_model",
    "unknown_model",
    "input_tokens",
    "output_tokens",
    "cache_write_tokens",
    "cache_read_tokens",
]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its name: ``Figure("On-demand", Decimal("12.34"), "usd", "since 2026-11-03")``."""

    label: str
    value: Value
    kind: Kind
    note: str | None = None
    tone: Tone = "neutral"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; ``help`` is said where the heading is pointed at and to screen readers."""

    key: str
    label: str
    kind: Kind
    help: str | None = None
    is_sortable: bool = True
    # Names or addresses a person: left out of a report without people.
    is_person: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One page of rows, in the columns' order; ``total_rows`` counts all pages.

    ``key`` is the table's name in addresses: ``?reclaim.sort=-reason&reclaim.page=2``, ``reclaim.csv``.
    """

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    total_rows: int
    page: int = 1
    page_size: int = 10
    sort: str | None = None
    is_descending: bool = False
    # Said in place of the rows where there are none.
    empty: str = "Nothing to show."
    has_csv: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """One row of values along the chart's x; None leaves a gap, never a zero."""

    name: str
    role: Role
    values: tuple[float | int | Decimal | None, ...]
    shape: Literal["bar", "line", "dashed_line", "band_low", "band_high"] = "bar"
    # Series of one stack lie on each other; only values that may be added share one.
    stack: str | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Values over days or names. Behind each stands a table of the same values, made from the same data."""

    key: str
    title: str
    kind: Literal["time", "category"]
    unit: Kind
    x: tuple[str | date, ...]
    series: tuple[Series, ...]
    x_label: str
    # What the picture shows in one sentence, for those who do not see it.
    summary: str
    note: str | None = None
    # A vertical line with a name, as the first day after the newest loaded one.
    marks: tuple[tuple[str | date, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day of a calendar: its state in a word, and a sentence."""

    day: date
    state: Literal["settled", "loaded", "provisional", "missing", "moved"]
    sentence: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days as squares, a column a week, a state a colour *and* a sign."""

    key: str
    title: str
    days: tuple[CalendarDay, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page. ``lead`` answers the section's question in one sentence."""

    key: str
    title: str
    lead: str
    tone: Tone = "neutral"
    figures: tuple[Figure, ...] = ()
    charts: tuple[Chart, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """A range of days that can be chosen; both days inclusive."""

    key: str
    label: str
    start_date: date
    end_date: date


@dataclass(frozen=True, slots=True)
class Link:
    """An address below the page's own, or a file, and what is there."""

    href: str
    label: str
    about: str


@dataclass(frozen=True, slots=True)
class Page:
    """All that is shown of one team and window."""

    team_id: str
    window: Window
    # The verdict's sentence and how it stands: on top of everything.
    headline: str
    tone: Tone
    run_id: str
    published_at: datetime
    newest_loaded_date: date | None
    sections: tuple[Section, ...]
    team_ids: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    links: tuple[Link, ...] = ()
    # Carried along by links: the tables' sorts and pages, as in the address.
    parameters: dict[str, str] = field(default_factory=dict)
    has_people: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """A page that says why there is nothing, and what to do next."""

    title: str
    sentence: str
    next_step: str
