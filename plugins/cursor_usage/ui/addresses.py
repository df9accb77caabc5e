"""Addresses of the page's own links: relative, so that they hold wherever the app is mounted."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from cursor_usage.ui.view import Column, Page, Table
from cursor_usage.ui.written import NUMBERS


def section_id(prefix: str, key: str) -> str:
    return f"{prefix}{key}"


def table_id(prefix: str, key: str) -> str:
    return f"{prefix}table-{key}"


def window_address(page: Page, window_key: str) -> str:
    """Another window keeps the sorts; its rows are others, so that each table starts at its first page."""
    return "?" + urlencode({"team": page.team_id, "window": window_key} | _carried(page, is_page_kept=False))


def sort_address(page: Page, table: Table, column: Column) -> str:
    """The table by this column, from its first page.

    Numbers and dates start with the largest, and the column that is sorted by turns round.
    """
    if table.sort == column.key:
        is_descending = not table.is_descending
    else:
        is_descending = column.kind in NUMBERS or column.kind in {"date", "instant"}
    changes = {f"{table.key}.sort": f"{'-' if is_descending else ''}{column.key}"}
    return _changed(page, table, changes, without=f"{table.key}.page")


def page_address(page: Page, table: Table, number: int) -> str:
    return _changed(page, table, {f"{table.key}.page": str(number)})


def csv_address(page: Page, table: Table) -> str:
    """All rows of the table, in the order that is seen."""
    sort = page.parameters.get(f"{table.key}.sort")
    query = {"team": page.team_id, "window": page.window.key} | ({f"{table.key}.sort": sort} if sort else {})
    return f"{table.key}.csv?{urlencode(query)}"


def _changed(page: Page, table: Table, changes: Mapping[str, str], *, without: str | None = None) -> str:
    query = {"team": page.team_id, "window": page.window.key} | _carried(page, is_page_kept=True) | dict(changes)
    if without is not None:
        query.pop(without, None)
    return f"?{urlencode(query)}#{table_id('', table.key)}"


def _carried(page: Page, *, is_page_kept: bool) -> dict[str, str]:
    return {
        key: value
        for key, value in page.parameters.items()
        if key not in {"team", "window"} and (is_page_kept or not key.endswith(".page"))
    }
