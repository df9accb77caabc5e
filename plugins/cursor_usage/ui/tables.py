"""Tables as queries: one page of rows for the page, all of them for a CSV, sorted by their own columns only."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cursor_usage.ui.choice import Choice, TableChoice
from cursor_usage.ui.published import PublishedFile, Row
from cursor_usage.ui.view import Column, Table, Value

# A spreadsheet takes a cell that begins so for a formula.
_FORMULA_BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")
_CSV_CHUNK = 64 * 1024
_TOTAL = "rows_of_all_pages"


@dataclass(frozen=True, slots=True)
class TableQuery:
    """A table's SQL, whose columns are ``columns`` by key and may be more; parameters are bound.

    ``order`` gives the SQL expression to sort a column by where its value is not the order, as tiers.
    ``written`` makes the values of a shown row of the SQL's; a CSV has them raw.
    """

    key: str
    caption: str
    columns: tuple[Column, ...]
    sql: str
    parameters: Sequence[object]
    default_sort: str
    is_default_descending: bool = False
    empty: str = "Nothing to show."
    has_csv: bool = True
    order: Mapping[str, str] = field(default_factory=dict)
    written: Callable[[dict[str, Any]], Mapping[str, Value]] | None = None


def make_table(marts: PublishedFile, query: TableQuery, choice: Choice) -> Table:
    """The page of rows that was asked for; a page beyond the last is the last."""
    asked = choice.tables.get(query.key, TableChoice())
    sort, is_descending = _sort(query, asked)
    # Counted with the rows: over a year of a large company the query takes most of a second.
    sql = (
        f"select *, count(*) over () as {_TOTAL} from ({query.sql}) "
        f"{_order_by(query, sort, is_descending=is_descending)} limit ? offset ?"
    )
    page = max(1, asked.page)
    rows = _page_of(marts, sql, query, choice, page)
    if not rows and page > 1:
        counted = marts.row(f"select count(*) as {_TOTAL} from ({query.sql})", query.parameters)
        page = max(1, -(-counted[_TOTAL] // choice.page_size)) if counted else 1
        rows = _page_of(marts, sql, query, choice, page)
    return Table(
        key=query.key,
        caption=query.caption,
        columns=query.columns,
        rows=tuple(_shown(query, row) for row in rows),
        total_rows=rows[0][_TOTAL] if rows else 0,
        page=page,
        page_size=choice.page_size,
        sort=sort,
        is_descending=is_descending,
        empty=query.empty,
        has_csv=query.has_csv,
    )


def _page_of(marts: PublishedFile, sql: str, query: TableQuery, choice: Choice, page: int) -> list[Row]:
    return marts.rows(sql, [*query.parameters, choice.page_size, (page - 1) * choice.page_size])


def csv_chunks(marts: PublishedFile, query: TableQuery, choice: Choice) -> Iterator[str]:
    """All rows as CSV text, header first, in chunks of bounded size.

    The query runs before the first chunk is asked for, so that its problem is raised while an answer can still say it.
    """
    sort, is_descending = _sort(query, choice.tables.get(query.key, TableChoice()))
    listed = ", ".join(f'"{column.key}"' for column in query.columns)
    rows = marts.stream(
        f"select {listed} from ({query.sql}) {_order_by(query, sort, is_descending=is_descending)}", query.parameters
    )
    return _chunks([column.key for column in query.columns], rows)


def _chunks(header: list[str], rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        writer.writerow([csv_cell(value) for value in row])
        if text.tell() >= _CSV_CHUNK:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def csv_cell(value: object) -> object:
    """The value, or the text that no spreadsheet runs: an apostrophe stands before what would be a formula."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA_BEGINNINGS):
        return f"'{value}"
    if isinstance(value, float) or value is None or isinstance(value, (str, int)):
        return value
    return f"{value:f}" if hasattr(value, "as_tuple") else str(value)


def _sort(query: TableQuery, asked: TableChoice) -> tuple[str, bool]:
    if any(column.key == asked.sort and column.is_sortable for column in query.columns):
        return str(asked.sort), asked.is_descending
    return query.default_sort, query.is_default_descending


def _order_by(query: TableQuery, sort: str, *, is_descending: bool) -> str:
    """Only names of this package come here. All columns break ties, so that pages neither repeat nor skip a row."""
    expression = query.order.get(sort, f'"{sort}"')
    direction = "desc" if is_descending else "asc"
    ties = ", ".join(f'"{column.key}"' for column in query.columns if column.key != sort)
    return f"order by {expression} {direction} nulls last{', ' if ties else ''}{ties}"


def _shown(query: TableQuery, row: dict[str, Any]) -> tuple[Value, ...]:
    values = {**row, **query.written(row)} if query.written else row
    return tuple(values[column.key] for column in query.columns)
