"""Where data lies. Reads the environment only; makes nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class DataDir:
    """The places below ``CURSOR_DATA_DIR``."""

    root: Path

    @classmethod
    def from_environment(cls) -> DataDir:
        """``CURSOR_DATA_DIR``, else ``data`` below the project."""
        return cls(Path(os.environ.get("CURSOR_DATA_DIR") or PROJECT_DIR / "data").expanduser().resolve())

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
    def work(self) -> Path:
        """Scratch of one run's steps (merged seeds, dbt's target, logs); can be deleted at any time."""
        return self.root / "work"
