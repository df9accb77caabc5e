"""What is landed already and need not be fetched: by an earlier try of the run, or by a run that never loaded it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

import msgspec

from cursor_usage.cursor_api import Endpoint
from cursor_usage.landing import Landing, Manifest, Window
from cursor_usage.pipeline.run import TeamRunFile
from cursor_usage.pipeline.windows import dates_of, is_settled
from cursor_usage.settings import DataDir
from cursor_usage.warehouse.connection import connected, writer
from cursor_usage.warehouse.load import loaded_days

# Amounts of a settled day are final, but whoever asks for a range weeks later wants to know what is answered now.
UNLOADED_COUNTS_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Known:
    """What raw holds of the team: days by endpoint with the start of their newest fetch (aware, UTC)."""

    event_days: dict[date, datetime]
    daily_usage_days: dict[date, datetime]

    def days_of(self, endpoint: str) -> dict[date, datetime]:
        return self.event_days if endpoint == Endpoint.USAGE_EVENTS else self.daily_usage_days


def known_days(data: DataDir, team_id: str) -> Known:
    """The days that raw holds of a team. Nothing is known before the first run.

    Raises:
        WarehouseError: the warehouse is held by another process, or cannot be opened.
    """
    if not data.warehouse.exists():
        return Known({}, {})
    with writer(data.warehouse, purpose=f"reading what is loaded of {team_id}"), connected(data.warehouse) as warehouse:
        return Known(
            loaded_days(warehouse, team_id, Endpoint.USAGE_EVENTS),
            loaded_days(warehouse, team_id, Endpoint.DAILY_USAGE),
        )


class LandedBefore:
    """Finds a closed window's landed fetch that serves as well as another one would.

    ``earlier`` is what an earlier try of the same run left; what it landed counts, settled or not.
    """

    def __init__(self, landing: Landing, known: Known, earlier: TeamRunFile | None, now: datetime) -> None:
        self._landing = landing
        self._known = known
        self._now = now
        self._by_this_run: dict[Window, Manifest] = {}
        if earlier is not None and not earlier.is_refused:
            manifests = map(landing.manifest, earlier.fetches)
            self._by_this_run = {m.window: m for m in manifests if m.window.is_of_closed_days and self._has_records(m)}

    def of(self, window: Window) -> Manifest | None:
        """The fetch that makes another one of the window needless, or None.

        Of other runs' fetches that is one that began when every day was settled, so that its answer is final, that
        is newer than what raw has of the days, and not older than a week: a run that was cut off goes on. What raw has
        is only asked for by somebody who wants to know what is answered now.
        """
        if not window.is_of_closed_days:
            return None
        own = self._by_this_run.get(window)
        if own is not None:
            return own
        newest = self._landing.newest(window)
        return newest if newest is not None and self._is_final_and_not_loaded(newest, window) else None

    def _is_final_and_not_loaded(self, fetch: Manifest, window: Window) -> bool:
        return (
            fetch.window == window
            and window.end_date is not None
            and is_settled(window.end_date, fetch.started_at)
            and timedelta(0) <= self._now - fetch.started_at <= UNLOADED_COUNTS_FOR
            and not self._is_loaded(fetch)
            and self._landing.manifest_path(fetch) not in self._refused
            and self._has_records(fetch)
        )

    def _has_records(self, fetch: Manifest) -> bool:
        """Not so where they were pruned since, or lost."""
        return (self._landing.root / fetch.records_path).exists()

    def _is_loaded(self, fetch: Manifest) -> bool:
        """Whether raw has it, or something newer, for any of its days."""
        loaded = self._known.days_of(fetch.window.endpoint)
        days = dates_of(fetch.window.start_date, fetch.window.end_date)
        return any(day in loaded and loaded[day] >= fetch.started_at for day in days)

    @cached_property
    def _refused(self) -> set[str]:
        """Fetches that did not pass the checks or could not be loaded: they are asked for anew."""
        runs = [msgspec.json.decode(path.read_bytes(), type=TeamRunFile) for path in self._landing.run_files()]
        return {path for run in runs if run.is_refused for path in run.fetches}
