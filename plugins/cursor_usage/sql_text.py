"""Texts inside SQL, where DuckDB takes no parameters: attach, copy, comment, table functions in views."""

from __future__ import annotations

import re


def literal(value: object) -> str:
    """A SQL text."""
    return "'" + str(value).replace("'", "''") + "'"


def file_literal(path: object) -> str:
    """A SQL text that names this one file: DuckDB reads ``*``, ``?`` and ``[`` in a path as a pattern."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))
