"""Bytes an event of landing and raw, and what fetching an unchanged window again adds.

.venv/bin/python -m benchmarks.disk --events 100000
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.figures import Figure, arguments, report
from benchmarks.page_server import Serving, served
from benchmarks.steps import Bench


def files_of(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def measure(events: int) -> list[Figure]:
    what = Serving(events)
    with served(what) as server, tempfile.TemporaryDirectory() as name:
        bench = Bench.of(server, Path(name) / "data")
        for run_id in ("first", "again"):
            task = bench.task(run_id, what.first_day, what.last_day)
            before = files_of(bench.data.landing)
            bench.do("extract", task)
            if run_id == "first":
                _put_into_raw(bench, task.run_id)
                landed = files_of(bench.data.landing)
                raw = bench.data.warehouse.stat().st_size
        added = {path: size for path, size in files_of(bench.data.landing).items() if path not in before}
    records = [path for path in added if "endpoint=usage_events" in str(path) and path.suffix == ".zst"]
    manifests = {path: size for path, size in added.items() if "endpoint=usage_events" in str(path)}
    return [
        Figure("landing", sum(landed.values()) / server.events, "bytes an event"),
        Figure("raw", raw / server.events, "bytes an event"),
        Figure("landing and raw", (sum(landed.values()) + raw) / server.events, "bytes an event", most=160),
        Figure("records written when unchanged windows are fetched again", len(records), "files", most=0),
        Figure("bytes written for them", sum(manifests.values()), "bytes", note=f"{len(manifests)} manifests"),
    ]


def _put_into_raw(bench: Bench, run_id: str) -> None:
    bench.do("judge", bench.task(run_id))
    bench.do("load", bench.task(run_id))


def main() -> None:
    options = arguments(__doc__, events=1_000_000)
    report(measure(options.events), options.json)


if __name__ == "__main__":
    main()
