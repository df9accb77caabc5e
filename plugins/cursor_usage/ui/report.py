"""The page as one file: ``published/report.html``, all teams, self-contained, for mail and archive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cursor_usage.disk import sync
from cursor_usage.settings import PUBLISHED_FILE
from cursor_usage.ui.choice import make_choice
from cursor_usage.ui.page import make_page
from cursor_usage.ui.published import PublishedFile
from cursor_usage.ui.rendering import render_report
from cursor_usage.ui.view import Page

REPORT_NAME = "report.html"
# A file for mail: long tables say how many rows there are, and all of them are in the published files.
ROWS = 100


def write_report(
    published: Path, *, with_people: bool, render: Callable[[Sequence[Page]], str] = render_report
) -> Path:
    """Writes the report of all teams beside the marts that it is made of, by one rename; returns its path.

    Args:
        published: the folder with ``marts.duckdb``.
        with_people: whether anybody is named; without, tables of single people are left out.
        render: gives the pages their look.

    Raises:
        ProblemError: nothing is published, or it cannot be read.
    """
    pages = report_pages(published, with_people=with_people)
    text = render(pages)
    path = published / REPORT_NAME
    partial = published / f"{REPORT_NAME}.partial"
    partial.write_text(text, encoding="utf-8")
    partial.chmod(0o600)
    sync(partial)
    partial.replace(path)
    return path


def report_pages(published: Path, *, with_people: bool) -> list[Page]:
    """A page of each team in the verified window, from one state of the published file."""
    with PublishedFile(published / PUBLISHED_FILE) as marts:
        first = make_choice(marts)
        return [
            make_page(marts, make_choice(marts, team_id=team_id, page_size=ROWS, has_people=with_people))
            for team_id in first.team_ids
        ]
