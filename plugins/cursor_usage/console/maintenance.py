"""``replay`` and ``prune``: what an operator does with landing, without the API and without Airflow."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
from rich.console import Console
from rich.markup import escape

from cursor_usage.console.environment import data_dir_of_runs
from cursor_usage.disk import is_full
from cursor_usage.landing import LandingError
from cursor_usage.pipeline.errors import PipelineError
from cursor_usage.pipeline.prune import Freed, keep_days_from, prune
from cursor_usage.pipeline.replay import replay
from cursor_usage.settings import is_report_without_people
from cursor_usage.ui.published import ProblemError
from cursor_usage.ui.report import write_report
from cursor_usage.warehouse.connection import WarehouseError


class _OnConsole(logging.Handler):
    """The package's own log lines, as a person reads them."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        colour = {"WARNING": "yellow", "ERROR": "red"}.get(record.levelname, "default")
        self._console.print(f"  [{colour}]{escape(record.getMessage())}[/]", soft_wrap=True, highlight=False)


@contextmanager
def said(console: Console) -> Iterator[None]:
    """Shows what is logged, and ends with one sentence where the command cannot go on."""
    log, handler = logging.getLogger("cursor_usage"), _OnConsole(console)
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    except (PipelineError, WarehouseError, LandingError, ProblemError) as error:
        raise SystemExit(str(error)) from None
    except (OSError, duckdb.Error) as error:
        if is_full(error):
            raise SystemExit("The disk is full. Free some space, then run it again; nothing was lost.") from None
        raise SystemExit(f"{str(error).splitlines()[0]}. Mend this, then run it again; nothing was lost.") from None
    finally:
        log.removeHandler(handler)


def replay_landing(console: Console) -> int:
    """Builds the warehouse and what is published again from landing. Returns the exit status."""
    data = data_dir_of_runs()
    with said(console):
        console.print(f"Rebuilding {data.warehouse} from {data.landing}", soft_wrap=True)
        done = replay(data)
        if done.is_published:
            write_report(data.published, with_people=not is_report_without_people())
    marts = "the marts are published" if done.is_published else "no run had loaded a team whole, so there are no marts"
    console.print(
        f"Replayed {done.loads:,} loads with {done.rows:,} rows of {', '.join(done.teams)}; {marts}.", soft_wrap=True
    )
    return 0


def prune_landing(keep_days: str, console: Console, *, is_dry_run: bool) -> int:
    """Frees landing of superseded records. Returns the exit status."""
    data = data_dir_of_runs()
    with said(console):
        freed = prune(data, keep_days_from(keep_days), is_dry_run=is_dry_run)
    for line in _lines_of(freed):
        console.print(line, soft_wrap=True, highlight=False)
    return 0


def _lines_of(freed: Freed) -> Iterator[str]:
    for team_id in dict.fromkeys(found.team_id for found in freed.records):
        for endpoint in dict.fromkeys(found.endpoint for found in freed.records):
            sizes = [f.size_bytes for f in freed.records if (f.team_id, f.endpoint) == (team_id, endpoint)]
            if sizes:
                yield f"  {escape(team_id)}, {endpoint}: {len(sizes):,} fetches, {sum(sizes) / 1e6:,.1f} MB"
    would = "would be freed; nothing was deleted" if freed.is_dry_run else "freed"
    yield (
        f"{len(freed.records):,} superseded fetches, {freed.size_bytes / 1e6:,.1f} MB {would}. "
        f"Each window's newest fetch, all snapshots and all manifests stay."
    )
