"""The simulator's clock: frozen at an instant, or ticking at a distance from the machine's own."""

from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime, timedelta

Instant = int | str | date | datetime
"""Epoch milliseconds, ISO text, a UTC date (its midnight) or an aware datetime."""

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def to_ms(instant: Instant) -> int:
    """Epoch milliseconds, UTC. Raises ValueError where the text or a datetime has no time zone."""
    if isinstance(instant, int):
        return instant
    if isinstance(instant, str):
        instant = datetime.fromisoformat(instant) if "T" in instant else date.fromisoformat(instant)
    if not isinstance(instant, datetime):
        instant = datetime(instant.year, instant.month, instant.day, tzinfo=UTC)
    if instant.tzinfo is None:
        message = f"an instant needs a time zone, as in 2026-11-24T08:00:00Z: {instant.isoformat()}"
        raise ValueError(message)
    return (instant - _EPOCH) // _MS


def to_datetime(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


def to_day(ms: int) -> int:
    """The UTC day as days since 1970-01-01."""
    return ms // DAY_MS


def day_text(day: int) -> str:
    return to_datetime(day * DAY_MS).date().isoformat()


class Clock:
    """What the simulated company takes for now. Without an instant it ticks with the machine's clock plus `offset`."""

    def __init__(self, instant: Instant | None = None, *, offset: timedelta = timedelta(0)) -> None:
        self._lock = threading.Lock()
        self._frozen_ms = None if instant is None else to_ms(instant)
        self._offset_ms = offset // _MS

    def now_ms(self) -> int:
        with self._lock:
            if self._frozen_ms is not None:
                return self._frozen_ms
            return time.time_ns() // 1_000_000 + self._offset_ms

    @property
    def is_frozen(self) -> bool:
        with self._lock:
            return self._frozen_ms is not None

    def set(self, instant: Instant) -> None:
        """Freeze at this instant."""
        ms = to_ms(instant)
        with self._lock:
            self._frozen_ms = ms

    def tick(self, offset: timedelta = timedelta(0)) -> None:
        """Tick with the machine's clock plus `offset`."""
        with self._lock:
            self._frozen_ms, self._offset_ms = None, offset // _MS

    def advance(self, by: timedelta) -> None:
        with self._lock:
            if self._frozen_ms is None:
                self._offset_ms += by // _MS
            else:
                self._frozen_ms += by // _MS
