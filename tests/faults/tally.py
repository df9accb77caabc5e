"""Counts the faults that were injected, by step, over all tests and test processes, and prints them at the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

PROPERTY = "injected faults"


class Tally:
    """Faults that struck; one that was never reached does not count."""

    def __init__(self) -> None:
        self.struck: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.runs = 0

    @property
    def total(self) -> int:
        return self.struck.total()

    def add(self, point: str, *, has_struck: bool) -> None:
        (self.struck if has_struck else self.missed)[point] += 1

    def as_property(self) -> tuple[str, str]:
        return PROPERTY, json.dumps({"struck": self.struck, "runs": self.runs})


def lines_of(properties: Iterable[tuple[str, Any]]) -> list[str]:
    """The table that is printed; nothing where no test injected faults."""
    tally = Tally()
    for name, value in properties:
        if name == PROPERTY:
            counts = json.loads(value)
            tally.struck.update(counts["struck"])
            tally.runs += counts["runs"]
    return table(tally) if tally.total else []


def table(tally: Tally) -> list[str]:
    width = max((len(point) for point in tally.struck), default=0)
    points = [f"  {point:{width}} {count:5}" for point, count in sorted(tally.struck.items())]
    return [f"faults injected: {tally.total} in {tally.runs} runs of the pipeline", *points]
