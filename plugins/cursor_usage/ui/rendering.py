"""Gives the page, the report and a problem their look: Jinja templates over plain data, with everything escaped.

Nothing is inline but data: the page holds under ``Content-Security-Policy: default-src 'self'``. The report carries
its styles and scripts and names their hashes in a policy of its own (see :data:`REPORT_POLICY`).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cursor_usage.ui import addresses, layout
from cursor_usage.ui.view import Page, Problem
from cursor_usage.ui.written import UNITS, written

_HERE = Path(__file__).parent
STATIC: Final = _HERE / "static"
# The report's own policy in its head is the narrower one: two policies both hold.
REPORT_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
_SCRIPTS = ("theme.js", "echarts.min.js", "charts.js", "page.js")


def render_page(page: Page) -> str:
    """The page as HTML; its links and files are relative to the address that it is served at."""
    return _environment().get_template("page.html").render(page=page)


def render_problem(problem: Problem, *, to_root: str = "") -> str:
    """A whole page that says why there is nothing, and what to do next.

    Args:
        problem: what is said.
        to_root: the way up from the address that it is served at to the app's own, as ``../``; there are its files.
    """
    return _environment().get_template("problem.html").render(problem=problem, to_root=to_root)


def render_report(pages: Sequence[Page], *, title: str = "Cursor usage") -> str:
    """All pages, a team each, as one HTML file that needs nothing else: no link leaves it, no script is loaded."""
    return (
        _environment()
        .get_template("report.html")
        .render(
            pages=pages,
            title=title,
            styles=_inline("page.css"),
            scripts={name: _inline(name) for name in _SCRIPTS},
            policy=_policy(),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["written"] = written
    environment.globals |= {
        "addresses": addresses,
        "layout": layout,
        "static": _static,
        "units": UNITS,
    }
    return environment


@cache
def _static(name: str) -> str:
    """A static file's address, another one for each content, so that browsers may keep it for good."""
    return f"static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


@cache
def _inline(name: str) -> Markup:
    text = (STATIC / name).read_text(encoding="utf-8")
    if "</script" in text.lower() or "</style" in text.lower():
        raise ValueError(f"{name} would end the element that it is put into")
    return Markup(text)  # noqa: S704 -- the project's own file, which cannot end its element


@cache
def _policy() -> str:
    def quoted(name: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(_inline(name).encode()).digest()).decode()}'"

    scripts = " ".join(quoted(name) for name in _SCRIPTS)
    return (
        f"default-src 'none'; script-src {scripts}; style-src {quoted('page.css')}; base-uri 'none'; form-action 'none'"
    )
