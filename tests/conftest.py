"""What concerns a whole test run: its order, the seed of the fault harness, and its count at the end."""

from __future__ import annotations

import signal

from tests.browser import skip_without_browser
from tests.faults.tally import lines_of

SEED = 20_261_124
# Whole files go to one worker each: where the longest (minutes, with few tests) come last, the others wait for them.
LONGEST_FIRST = (
    "faults/test_whole_runs_under_faults.py",
    "faults/test_each_step_and_retries_under_faults.py",
    "faults/test_publishing_under_faults.py",
    "test_fifty_companies.py",
    "dbt_project/test_incremental_builds.py",
    "test_benchmarks.py",
    "faults/test_bugs_are_seen.py",
    "test_totals_are_exact.py",
    "pipeline/test_replay.py",
    "dbt_project/test_verification.py",
)


def pytest_addoption(parser) -> None:
    parser.addoption(
        "--seed", type=int, default=SEED, help="seed of the fault sequences (tests/faults); a failure names its own"
    )


def pytest_configure() -> None:
    # What a shell starts in the background ignores Ctrl-C, and so would every process that the tests start and stop.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items) -> None:
    def place(item) -> int:
        return next((n for n, file in enumerate(LONGEST_FIRST) if str(item.path).endswith(file)), len(LONGEST_FIRST))

    items.sort(key=place)
    skip_without_browser(items)


def pytest_terminal_summary(terminalreporter) -> None:
    reports = [report for category in terminalreporter.stats.values() for report in category]
    properties = [
        pair
        for report in reports
        if getattr(report, "when", None) == "teardown" or getattr(report, "failed", False)
        for pair in getattr(report, "user_properties", [])
    ]
    lines = lines_of(properties)
    if lines:
        terminalreporter.section("faults")
        for line in lines:
            terminalreporter.write_line(line)
