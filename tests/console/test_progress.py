"""The bar of a long fetch: fed by fields of log lines, shown on a terminal only."""

from __future__ import annotations

import io
import json

from rich.console import Console

from cursor_usage.console.progress import FetchBar, figures_of
from cursor_usage.console.run import _DagRun, _follow
from cursor_usage.pipeline.progress import FIELD, LOGGER, sentence

FIGURES: dict[str, int | str | None] = {
    "team_id": "acme",
    "windows_done": 3,
    "windows": 13,
    "pages": 1200,
    "rows": 1200000,
    "rows_per_second": 10000,
    "seconds_left": 75,
}
LINE = json.dumps({"event": sentence(FIGURES), "level": "info", "logger": LOGGER, FIELD: FIGURES})


def shown(*, is_terminal: bool) -> str:
    written = io.StringIO()
    console = Console(file=written, force_terminal=is_terminal, width=120, color_system=None)
    with FetchBar(console) as bar:
        _follow(LINE, _DagRun(), console, bar)
    return written.getvalue()


def test_on_a_terminal_there_is_a_bar_and_no_line():
    text = shown(is_terminal=True)
    assert "3/13 windows · 1,200,000 records · 10,000 a second · about 1 min 15 s left" in text
    assert "3 of 13 windows" not in text


def test_elsewhere_there_are_lines():
    assert shown(is_terminal=False) == (
        "  3 of 13 windows, 1,200 pages, 1,200,000 records (10,000 a second), about 1 min 15 s left\n"
    )


def test_other_lines_have_no_figures():
    assert figures_of({"event": "landed"}) is None
    assert figures_of({FIELD: "text"}) is None
