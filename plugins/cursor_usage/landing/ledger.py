"""What the warehouse was told beside records, kept with them: which fetches were loaded in which order, how runs ended.

``team=…/ledger/000000000001.json`` and on: entries are added, never changed. With them raw can be built again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from cursor_usage.disk import write_durably
from cursor_usage.landing.store import Landing


class Mark(msgspec.Struct, frozen=True):
    """How far a team's ledger follows a warehouse; ``began_at``, its first load's instant, tells it from another."""

    began_at: datetime | None = None
    load_number: int = 0
    load_id: str | None = None
    build_at: datetime | None = None


class Entry(msgspec.Struct, frozen=True):
    """Rows by raw table, each table a JSON array of objects."""

    mark: Mark
    rows: dict[str, msgspec.Raw]


class Ledger:
    """The ledger of one team. Only who holds the warehouse adds to it."""

    def __init__(self, landing_root: Path, team_id: str) -> None:
        self.folder = Landing(landing_root, team_id).folder / "ledger"

    def mark(self) -> Mark:
        """The newest entry's; a blank one where nothing is noted yet."""
        paths = self._paths()
        return msgspec.json.decode(paths[-1].read_bytes(), type=Entry).mark if paths else Mark()

    def entries(self) -> Iterator[Entry]:
        """Oldest first."""
        for path in self._paths():
            yield msgspec.json.decode(path.read_bytes(), type=Entry)

    def add(self, entry: Entry) -> None:
        """Adds an entry; it is there as a whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        paths = self._paths()
        number = int(paths[-1].stem) + 1 if paths else 1
        write_durably(self.folder / f"{number:012d}.json", msgspec.json.encode(entry))

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*.json"))
