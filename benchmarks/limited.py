"""How near a fetch comes to what the limit allows: 600 requests a minute, 300 ms from request to answer.

Pages are small, so that it is requests that are waited for. A minute's limit lets a burst through at the start, which
three minutes make small.

    .venv/bin/python -m benchmarks.limited --requests 1900
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.figures import Figure, arguments, report
from benchmarks.page_server import Serving, served
from benchmarks.steps import Bench, timed

LATENCY_SECONDS = 0.3
EVENTS_A_PAGE = 20


def measure(requests: int, requests_per_minute: int) -> list[Figure]:
    # A day of the simulator has about a tenth fewer events than it was asked for.
    what = Serving(
        int(requests * EVENTS_A_PAGE * 1.12),
        page_size=EVENTS_A_PAGE,
        latency_seconds=LATENCY_SECONDS,
        requests_per_minute=requests_per_minute,
    )
    with served(what) as server, tempfile.TemporaryDirectory() as name:
        bench = Bench.of(server, Path(name) / "data", requests_per_minute)
        task = bench.task("bench", what.first_day, what.last_day)
        server.requests()
        seconds = timed(lambda: bench.do("extract", task))
        asked = server.requests()
    least = asked / requests_per_minute * 60
    return [
        Figure("requests for usage events", asked, "", note=f"{requests_per_minute} a minute, 300 ms each"),
        Figure("wall time", seconds, "s"),
        Figure("wall time ÷ (requests ÷ limit)", seconds / least, "times", most=1.1),
    ]


def main() -> None:
    options = arguments(__doc__, requests=1_900, requests_per_minute=600)
    report(measure(options.requests, options.requests_per_minute), options.json)


if __name__ == "__main__":
    main()
