"""What is written beside landed records, so that they can be judged, loaded and replayed without the API."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

MANIFEST_NAME = "manifest.json"
RECORDS_NAME = "records.jsonl.zst"
FORMAT_VERSION = 1


class Window(msgspec.Struct, frozen=True):
    """What one answer is about: a range of UTC days, the open day, or the moment of a snapshot.

    ``start_date`` and ``end_date`` are inclusive and null for a snapshot. ``start_at`` and ``end_at`` are the instants
    that were asked for, both inclusive; the open day ends at the moment of asking.
    """

    endpoint: str
    start_date: date | None = None
    end_date: date | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    is_open_day: bool = False

    @property
    def key(self) -> str:
        """The window's folder name: the same for every fetch of the same days."""
        if self.start_date is None or self.end_date is None:
            return "snapshot"
        if self.is_open_day:
            return f"{self.start_date}_open"
        return f"{self.start_date}_{self.end_date}"

    @property
    def is_of_closed_days(self) -> bool:
        """Whether it is neither a snapshot nor the open day."""
        return self.start_date is not None and not self.is_open_day

    @property
    def label(self) -> str:
        """The window in words for messages."""
        if self.start_date is None:
            return "snapshot"
        if self.is_open_day:
            return f"{self.start_date} (open day)"
        return str(self.start_date) if self.start_date == self.end_date else f"{self.start_date} to {self.end_date}"


class Manifest(msgspec.Struct, frozen=True):
    """One complete fetch of one window.

    ``records_path`` is relative to the landing folder; where the answer equals the one landed before, it points to that
    one's records and ``same_records_as`` names its fetch. ``checksum`` is the SHA-256 of the records as lines.
    """

    format_version: int
    fetch_id: str
    run_id: str
    team_id: str
    host: str
    window: Window
    request: dict[str, Any]
    records_announced: int | None
    records_received: int
    pages: int
    bytes_received: int
    started_at: datetime
    finished_at: datetime
    checksum: str
    records_path: str
    same_records_as: str | None = None
    cycle_start_at: datetime | None = None
    first_envelope: dict[str, Any] = {}
    last_envelope: dict[str, Any] = {}

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        return msgspec.json.decode((folder / MANIFEST_NAME).read_bytes(), type=cls)
