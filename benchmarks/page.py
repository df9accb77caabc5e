"""How long the Cursor page takes on a large company's year: the answer to a request, made anew and rendered whole.

.venv/bin/python -m benchmarks.page --developers 1000 --days 90
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from fastapi.testclient import TestClient

from benchmarks.figures import Figure, arguments, report
from cursor_usage.ui.app import make_app
from tests.ui.published_marts import PublishedMarts

FIRST_PAINT_SECONDS = 1.0


def nobody_is_refused() -> None:
    """Stands for Airflow's auth, which answers in milliseconds."""


def seconds(client: TestClient, address: str, rounds: int) -> list[float]:
    """Of each request, from asking to the answer's last byte."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        answer = client.get(address)
        answer.raise_for_status()
        taken.append(time.perf_counter() - began)
    return taken


def measure(developers: int, days: int, rounds: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        with PublishedMarts(Path(folder)) as marts:
            marts.add_team("acme", people=developers, days=days)
        client = TestClient(make_app(lambda: Path(folder), nobody_is_refused))
        first = seconds(client, "/", 1)[0]
        page = median(seconds(client, "/", rounds))
        whole_year = median(seconds(client, "/?window=all", rounds))
        one_page_on = median(seconds(client, "/?costs.sort=-cash_cost_usd&costs.page=7", rounds))
        table = median(seconds(client, "/costs.csv?window=all", rounds))
        size = len(client.get("/").content)
    of_what = f"{developers:,} developers, {days} days"
    return [
        Figure("the page", page, "s", most=FIRST_PAINT_SECONDS, note=of_what),
        Figure("the page, first request of the process", first, "s", note="imports and templates with it"),
        Figure("the page over all days", whole_year, "s"),
        Figure("the page, another page of a table", one_page_on, "s", most=FIRST_PAINT_SECONDS),
        Figure("a table of all developers as CSV", table, "s"),
        Figure("size of the page", size / 1000, "kB", note="tables are paged, nothing ships all rows"),
    ]


if __name__ == "__main__":
    chosen = arguments(__doc__, developers=10_000, days=365, rounds=5)
    report(measure(chosen.developers, chosen.days, chosen.rounds), chosen.json)
