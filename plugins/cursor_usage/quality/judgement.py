"""What is judged, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

IsKnown = Callable[[str], bool]


class QualityError(RuntimeError):
    """The landed windows could not be judged at all. This is never a pass: nothing may be loaded."""

    is_retryable = False

    def __str__(self) -> str:
        return f"{super().__str__()} Nothing was loaded. Start a new run; if it says the same, report it."


class UnreadableRecordsError(QualityError):
    """A landed file is gone or damaged, so that it is to be fetched anew."""

    is_of_what_landed = True


@dataclass(frozen=True, slots=True)
class WindowToJudge:
    """One landed answer.

    ``records_path``: the records, one JSON text a line, zstd. ``start_date``/``end_date``: UTC days, both inclusive,
    for daily usage. ``start_at``/``end_at``: aware instants, both inclusive, for usage events. ``records_announced``:
    the API's own count, None where it gave none. ``plausible_rows``: fewest and most records that earlier loads of such
    a window make likely, None where there is nothing to compare with.
    """

    endpoint: str
    label: str
    records_path: Path
    start_date: date | None
    end_date: date | None
    start_at: datetime | None
    end_at: datetime | None
    records_announced: int | None
    records_received: int
    cycle_start_at: datetime | None
    plausible_rows: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that failed for one window. The sentence has counts and names of fields, kinds and models only."""

    endpoint: str
    label: str
    check: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """``passed``: nothing critical was found. ``checks``: expectations evaluated, each over an endpoint's windows."""

    passed: bool
    checks: int
    critical: list[Finding]
    warnings: list[Finding]
    docs_path: Path | None = None
