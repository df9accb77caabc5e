"""What a benchmark says: figures with their targets, printed and, where a file is named, left for README.md."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_NO_DECIMALS_FROM = 1000


@dataclass(frozen=True)
class Figure:
    """One measured figure; ``most`` or ``least`` is its target, ``note`` what to know of it."""

    name: str
    value: float | None
    unit: str
    most: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def target(self) -> str:
        if self.most is not None:
            return f"at most {self.most:,g}"
        return f"at least {self.least:,g}" if self.least is not None else ""

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        if self.most is not None:
            return "reached" if self.value <= self.most else "short"
        if self.least is not None:
            return "reached" if self.value >= self.least else "short"
        return ""

    @property
    def text(self) -> str:
        if self.value is None:
            return "-"
        decimals = 0 if self.value >= _NO_DECIMALS_FROM or self.value == int(self.value) else 2
        return f"{self.value:,.{decimals}f} {self.unit}".strip()


def arguments(doc: str | None, **defaults: int) -> argparse.Namespace:
    """The sizes of a benchmark as options, and ``--json``: a file for its figures."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, size in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=size, help=f"default {size:,}")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser.parse_args()


def report(figures: Sequence[Figure], file: Path | None) -> None:
    for figure in figures:
        line = f"{figure.name:<74}{figure.text:>18}"
        print(f"{line}  {figure.target} {figure.verdict}  {figure.note}".rstrip(), flush=True)
    if file is not None:
        file.write_text(json.dumps([asdict(figure) for figure in figures]), "utf-8")


def read_report(file: Path) -> list[Figure]:
    values: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))
    return [Figure(**value) for value in values]
