"""The Cursor page over HTTP: addresses, parameters, errors, and the headers that keep personal data where they belong.

Whoever mounts the app says who may read: ``require_reader`` stands before every answer but the static files, which hold
no data.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from cursor_usage.settings import PUBLISHED_FILE
from cursor_usage.ui import rendering
from cursor_usage.ui.choice import Choice, TableChoice, make_choice
from cursor_usage.ui.page import TABLES, make_page
from cursor_usage.ui.published import ProblemError, PublishedFile
from cursor_usage.ui.report import REPORT_NAME
from cursor_usage.ui.tables import csv_chunks
from cursor_usage.ui.view import Link, Page, Problem

log = logging.getLogger(__name__)

_NO_TEAM_IN_NAME = re.compile(r"[^A-Za-z0-9._-]")
_MOST_DIGITS = 9  # of a page's number: any more is no page, and would not fit into an offset

_PAGE_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"
# Docs are files made to be read alone, with scripts and styles in them, and the page of dbt docs compiles its templates
# in the browser. None of them may load or send anything elsewhere.
_DOCS_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; object-src 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": _PAGE_POLICY,
    "Cache-Control": "no-store",
}
_STATIC_HEADERS = {"Cache-Control": "public, max-age=3600"}

_PROBLEMS = {
    HTTPStatus.UNAUTHORIZED: Problem(
        title="You are not signed in",
        sentence="This page is for users of Airflow only.",
        next_step="Sign in to Airflow, then open the page again.",
    ),
    HTTPStatus.FORBIDDEN: Problem(
        title="You may not see this page",
        sentence="It is for those who may view the DAG cursor_usage_daily.",
        next_step="Ask an administrator of Airflow for the right to view that DAG.",
    ),
    HTTPStatus.NOT_FOUND: Problem(
        title="There is nothing here",
        sentence="The address names no page, table or file.",
        next_step="Open Cursor in Airflow's navigation.",
    ),
    HTTPStatus.METHOD_NOT_ALLOWED: Problem(
        title="This address can only be read",
        sentence="Nothing can be changed or sent here.",
        next_step="Open Cursor in Airflow's navigation.",
    ),
}
_NOT_ANSWERED = Problem(
    title="The request was not answered",
    sentence="Something went wrong that this page does not know how to explain.",
    next_step="Load the page again; if it stays so, the API server's log has the error.",
)
_PLACES = (
    (f"published/{REPORT_NAME}", REPORT_NAME, "Report", "This page as one file, for mail and archive"),
    ("docs/data_quality/index.html", "docs/data_quality/index.html", "Data quality", "The checks of what was fetched"),
    ("docs/dbt/index.html", "docs/dbt/index.html", "Data dictionary", "Every mart and column, and what it is made of"),
    ("docs/dbt/columns.html", "docs/dbt/columns.html", "Column lineage", "What each column is made of, down to raw"),
)


class Renderer(Protocol):
    """What gives the page its look: :mod:`cursor_usage.ui.rendering`."""

    def render_page(self, page: Page) -> str: ...

    def render_problem(self, problem: Problem, *, to_root: str) -> str: ...


def make_app(
    published: Callable[[], Path], require_reader: Callable[..., Any], renderer: Renderer | None = None
) -> FastAPI:
    """The app, to be mounted below any prefix; all its addresses are relative.

    Args:
        published: the folder with ``marts.duckdb``, asked for at each request; ``docs`` lies beside it.
        require_reader: a FastAPI dependency that raises HTTPException 401 or 403 where the user may not read.
        renderer: gives pages and problems their look; the package's own where none is given.
    """
    look = renderer or rendering
    app = FastAPI(
        title="Cursor",
        dependencies=[Depends(require_reader)],
        # Descriptions of the app are of no use to readers, and would be served without the dependency.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.mount("/static", StaticFiles(directory=rendering.STATIC), name="static")
    _add_headers(app)
    _add_problems(app, look)
    _add_routes(app, published, look)
    return app


def _add_routes(app: FastAPI, published: Callable[[], Path], look: Renderer) -> None:
    @app.get("/", response_class=HTMLResponse)
    def page(request: Request) -> HTMLResponse:
        folder = published()
        with PublishedFile(folder / PUBLISHED_FILE) as marts:
            made = make_page(marts, _choice(marts, request), links=_links(folder))
        return HTMLResponse(look.render_page(made))

    @app.get("/{table}.csv")
    def table_csv(table: str, request: Request) -> StreamingResponse:
        if table not in TABLES:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        with ExitStack() as opened:
            marts = opened.enter_context(PublishedFile(published() / PUBLISHED_FILE))
            choice = _choice(marts, request)
            chunks = csv_chunks(marts, TABLES[table](choice), choice)
            # Nothing was raised: from here on the answer has the session, and closes it.
            return StreamingResponse(
                _closed_at_the_end(opened.pop_all(), chunks),
                media_type="text/csv; charset=utf-8",
                headers={"Content-Disposition": f'attachment; filename="{_file_name(table, choice)}"'},
            )

    @app.get(f"/{REPORT_NAME}")
    def report() -> FileResponse:
        path = published() / REPORT_NAME
        if not path.is_file():
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return FileResponse(path, media_type="text/html", headers={"Content-Security-Policy": rendering.REPORT_POLICY})

    @app.get("/docs/{path:path}")
    def docs(path: str) -> Response:
        found = _below(published().parent / "docs", path)
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if found.is_dir():
            # Links in the files are relative to a folder, which an address without its slash is not.
            return RedirectResponse(f"{found.name}/index.html" if not path.endswith("/") and path else "index.html")
        return FileResponse(found, headers={"Content-Security-Policy": _DOCS_POLICY})

    @app.get("/{path:path}")
    def nothing(path: str) -> Response:
        """Asks for the right to read before it says that there is nothing."""
        log.debug("no answer has the address %s", path)
        raise HTTPException(HTTPStatus.NOT_FOUND)


def _add_headers(app: FastAPI) -> None:
    @app.middleware("http")
    async def headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        # Not the whole address: its beginning is the prefix that the app is mounted at. Asked before the answer, as
        # mounted static files lengthen the prefix.
        is_static = request.url.path.removeprefix(request.scope.get("root_path", "")).startswith("/static/")
        request.state.to_root = _to_root(request)
        response = await answer(request)
        is_kept = is_static and response.status_code < HTTPStatus.BAD_REQUEST
        for name, value in {**_HEADERS, **(_STATIC_HEADERS if is_kept else {})}.items():
            if name != "Content-Security-Policy" or name not in response.headers:
                response.headers[name] = value
        return response


def _add_problems(app: FastAPI, look: Renderer) -> None:
    def shown(
        request: Request, problem: Problem, status: int, headers: Mapping[str, str] | None = None
    ) -> HTMLResponse:
        text = look.render_problem(problem, to_root=getattr(request.state, "to_root", ""))
        return HTMLResponse(text, status_code=status, headers=dict(headers or {}))

    @app.exception_handler(ProblemError)
    def known(request: Request, error: ProblemError) -> HTMLResponse:
        return shown(request, error.problem, error.status)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> HTMLResponse:
        problem = _PROBLEMS.get(HTTPStatus(error.status_code), _NOT_ANSWERED)
        return shown(request, problem, error.status_code, error.headers)

    @app.exception_handler(Exception)
    def unknown(request: Request, _error: Exception) -> HTMLResponse:
        # Starlette raises it again for the server's log; the reader gets no trace. It answers outside of the
        # middleware, which therefore adds no headers.
        return shown(request, _NOT_ANSWERED, HTTPStatus.INTERNAL_SERVER_ERROR, _HEADERS)


def _to_root(request: Request) -> str:
    """The way from a request's address up to the app's own: ``../../`` for ``docs/quality/x``.

    Counted in the path as it was sent, as browsers do: a slash that is written ``%2f`` is no step.
    """
    sent: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    root: str = request.scope.get("root_path", "")
    above = root.count("/") if request.scope["path"].startswith(root) else 0
    return "../" * (sent.count(b"/") - above - 1)


def _choice(marts: PublishedFile, request: Request) -> Choice:
    asked = request.query_params
    return make_choice(marts, team_id=asked.get("team"), window=asked.get("window"), tables=_tables(asked))


def _tables(asked: Mapping[str, str]) -> dict[str, TableChoice]:
    """``reclaim.sort=-reason`` and ``reclaim.page=2``, of known tables; the table says whether there is the column."""
    tables = {}
    for key in TABLES:
        sort, page = asked.get(f"{key}.sort"), asked.get(f"{key}.page", "")
        if sort is not None or page:
            number = int(page) if page.isascii() and page.isdecimal() and len(page) <= _MOST_DIGITS else 1
            tables[key] = TableChoice((sort or "").removeprefix("-") or None, (sort or "").startswith("-"), number)
    return tables


def _links(published: Path) -> tuple[Link, ...]:
    root = published.parent
    there = {"published": published, "docs": root / "docs"}
    return tuple(
        Link(href, label, about)
        for place, href, label, about in _PLACES
        if (there[place.split("/", 1)[0]] / place.split("/", 1)[1]).is_file()
    )


def _below(folder: Path, path: str) -> Path | None:
    """The file or folder at ``path`` in ``folder``; None where there is none, and for whatever leads out of it."""
    try:
        found = (folder / path).resolve()
        is_inside = found.is_relative_to(folder.resolve())
        return found if is_inside and (found.is_file() or (found / "index.html").is_file()) else None
    except (OSError, ValueError):
        # A name that no file can have: too long, or with a zero byte.
        return None


def _file_name(table: str, choice: Choice) -> str:
    return f"cursor-{table}-{_NO_TEAM_IN_NAME.sub('_', choice.team_id)}-{choice.window.key}.csv"


def _closed_at_the_end(opened: ExitStack, chunks: Iterator[str]) -> Iterator[str]:
    # Also where the reader went away: the generator is closed then.
    with closing(opened):
        yield from chunks
