"""How many records a landed window is likely to have, from what was loaded before: a warning, never a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

# Teams grow, and weeks differ: only what is a multiple of anything seen so far deserves a look.
FACTOR = 5
FEWEST_DAYS_TO_COMPARE = 2


def plausible_events(start_date: date, end_date: date, events_by_day: Mapping[date, int]) -> tuple[int, int] | None:
    """Fewest and most events that the same weekdays outside the window make likely; None where too few are known.

    ``events_by_day`` has the loaded days with events; a weekday is compared where two or more of it are known.
    """
    fewest = most = 0
    for offset in range((end_date - start_date).days + 1):
        day = start_date + timedelta(days=offset)
        like_it = [
            count
            for other, count in events_by_day.items()
            if other.weekday() == day.weekday() and not start_date <= other <= end_date
        ]
        if len(like_it) < FEWEST_DAYS_TO_COMPARE:
            return None
        fewest += min(like_it) // FACTOR
        most += max(like_it) * FACTOR
    return fewest, most


def plausible_members(members_before: int | None) -> tuple[int, int] | None:
    """Between half and twice the members of the snapshot before; None where there was none."""
    return None if not members_before else (members_before // 2, members_before * 2)
