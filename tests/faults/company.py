"""A simulated company whose past changes on request: days that are emptied, amounts that go up and down."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from tests.cursor_api_simulator.answers import Answer
from tests.cursor_api_simulator.clock import day_text
from tests.cursor_api_simulator.company import Company, _View

_CHARGED = re.compile(rb'("chargedCents":)(-?[0-9][0-9.eE+-]*)')


@dataclass(frozen=True)
class Restatement:
    """What became of a day's events: amounts in per cent of what they were, and how many of ten are left."""

    percent: int = 100
    kept_of_ten: int = 10


class ChangingCompany(Company):
    """Answers fewer events a page than it is asked for, so that short windows have several pages."""

    def __init__(self, events_a_page: int = 10, **options: Any) -> None:
        super().__init__(**options)
        self.restatements: dict[date, Restatement] = {}
        self._events_a_page = events_a_page

    def events_answer(self, start_ms: int, end_ms: int, at_ms: int, *, page_size: int, **asked: Any) -> Answer:
        return super().events_answer(start_ms, end_ms, at_ms, page_size=min(page_size, self._events_a_page), **asked)

    def _view(self, day: int, at_ms: int) -> _View:
        view = super()._view(day, at_ms)
        restatement = self.restatements.get(date.fromisoformat(day_text(day)))
        return view if restatement is None else _restated(view, restatement)


def _restated(view: _View, restatement: Restatement) -> _View:
    rows = np.array([row for row in range(len(view.at_ms)) if row % 10 < restatement.kept_of_ten], dtype=np.int64)
    factor = Decimal(restatement.percent) / 100

    def restate(found: re.Match[bytes]) -> bytes:
        return found[1] + str((Decimal(found[2].decode()) * factor).quantize(Decimal("0.0001"))).encode()

    texts = [_CHARGED.sub(restate, view.text[view.starts[row] : view.starts[row + 1] - 1]) for row in rows.tolist()]
    lengths = np.fromiter((len(text) + 1 for text in texts), dtype=np.int64, count=len(texts))
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    return _View(view.people, view.at_ms[rows], view.person[rows], b"".join(text + b"," for text in texts), starts)
