"""Where data lies. Reads the environment only; makes nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parents[2]
PUBLISHED_FILE = "marts.duckdb"
DEMO_FOLDER = "demo"
DEFAULT_CONNECTION_ID = "cursor_default"
# What of a run somebody may be told of: words of ``CURSOR_NOTIFIERS`` and of the report that a run leaves.
FAILURE = "failure"
DRIFT = "drift"


# What switches off; any other value switches on, so that a misspelt wish to leave people out is not ignored.
_OFF = ("", "0", "false", "no", "off")


def is_report_without_people() -> bool:
    """``CURSOR_REPORT_WITHOUT_PEOPLE``: whether published/report.html names nobody. Off where it is not set."""
    return os.environ.get("CURSOR_REPORT_WITHOUT_PEOPLE", "").strip().lower() not in _OFF


def connection_ids() -> list[str]:
    """The Airflow connections of ``CURSOR_CONNECTION_IDS``, one a team; ``cursor_default`` where it names none."""
    names = os.environ.get("CURSOR_CONNECTION_IDS", "").split(",")
    return [name.strip() for name in names if name.strip()] or [DEFAULT_CONNECTION_ID]


@dataclass(frozen=True, slots=True)
class DataDir:
    """The places below ``CURSOR_DATA_DIR``."""

    root: Path

    @classmethod
    def from_environment(cls) -> DataDir:
        """``CURSOR_DATA_DIR``, else ``data`` below the project."""
        return cls(Path(os.environ.get("CURSOR_DATA_DIR") or PROJECT_DIR / "data").expanduser().resolve())

    @property
    def demo(self) -> DataDir:
        """The demo's places within these, where ``CURSOR_DATA_DIR`` names no others."""
        return DataDir(self.root / DEMO_FOLDER)

    def to_show(self) -> DataDir:
        """These places, or the demo's within them for as long as nothing of one's own is published."""
        has_own = (self.published / PUBLISHED_FILE).exists()
        return self.demo if not has_own and (self.demo.published / PUBLISHED_FILE).exists() else self

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def docs(self) -> Path:
        return self.root / "docs"

    @property
    def seeds(self) -> Path:
        """The user's own seeds where CURSOR_SEEDS_DIR names no folder; may be missing."""
        return self.root / "seeds"

    @property
    def work(self) -> Path:
        """Scratch of one run's steps (merged seeds, dbt's target, logs); can be deleted at any time."""
        return self.root / "work"
