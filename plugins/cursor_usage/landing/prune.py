"""Deletes landed records that nothing needs any more; manifests stay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cursor_usage.landing.manifest import MANIFEST_NAME, Manifest
from cursor_usage.landing.store import Landing


@dataclass(frozen=True, slots=True)
class Prunable:
    """Landed records of one superseded fetch; ``path`` is the file."""

    team_id: str
    endpoint: str
    path: Path
    size_bytes: int


def prunable(
    landing: Landing, *, before: datetime, loaded: AbstractSet[str], needed: AbstractSet[str]
) -> Iterator[Prunable]:
    """Records that can go, by window: those that no manifest which has to keep its records points to.

    A manifest keeps its records where it is the newest of its window, a snapshot, began at or after ``before``, or its
    fetch is not among ``loaded`` (a run may still need it) or is among ``needed``. Both hold fetch ids.
    """
    for folder in sorted(landing.folder.glob("endpoint=*/window=*")):
        manifests = [Manifest.read(path.parent) for path in sorted(folder.glob(f"fetch=*/{MANIFEST_NAME}"))]
        if manifests and manifests[0].window.start_date is None:
            continue  # a snapshot
        pointers: dict[str, list[Manifest]] = defaultdict(list)
        for manifest in manifests:
            pointers[manifest.records_path].append(manifest)
        for records_path, pointing in pointers.items():
            path = landing.root / records_path
            can_go = all(
                manifest is not manifests[-1]
                and manifest.started_at < before
                and manifest.fetch_id in loaded
                and manifest.fetch_id not in needed
                for manifest in pointing
            )
            if can_go and path.exists():
                yield Prunable(landing.team_id, pointing[0].window.endpoint, path, path.stat().st_size)
