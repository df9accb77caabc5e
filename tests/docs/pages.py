"""The project's documents, as their readers' tools see them: headings with anchors, links, code spans and blocks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from cursor_usage.settings import PROJECT_DIR

_FOLDERS = ("", "docs", "benchmarks", "tests/cursor_api_simulator")
PAGES = sorted(page for folder in _FOLDERS for page in (PROJECT_DIR / folder).glob("*.md") if page.name != "notes.md")


class Block(NamedTuple):
    """A fenced block: its language, its text and the line of its page that opens it, from 1."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(PROJECT_DIR)}:{self.line}"


def tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def blocks(page: Path, language: str) -> list[Block]:
    return [
        Block(page, (token.map or [0])[0] + 1, language, token.content)
        for token in tokens(page)
        if token.type == "fence" and token.info.strip() == language
    ]


def all_blocks(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks(page, language)]


def inline(page: Path) -> Iterator[tuple[int, Token]]:
    """The parts of running text, each with its line."""
    for token in tokens(page):
        for part in token.children or ():
            yield (token.map or [0])[0] + 1, part


def targets(page: Path) -> Iterator[tuple[int, str]]:
    """Where the page's links and pictures lead."""
    for line, part in inline(page):
        if part.type in ("link_open", "image"):
            yield line, str(part.attrs["href" if part.type == "link_open" else "src"])


def anchors(page: Path) -> set[str]:
    """The names that headings can be linked by, as code hosts make them."""
    found: Counter[str] = Counter()
    names = set()
    parsed = tokens(page)
    for opening, heading in pairwise(parsed):
        if opening.type != "heading_open":
            continue
        text = "".join(part.content for part in heading.children or () if part.type in ("text", "code_inline"))
        name = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if found[name] else name)
        found[name] += 1
    return names
