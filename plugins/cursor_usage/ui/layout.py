"""What templates ask of the plain data: which columns stand where, weeks of a calendar, what a chart draws."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from cursor_usage.ui.view import CalendarDay, Chart, Column, Page, Table, Value
from cursor_usage.ui.written import NUMBERS, UNITS

# Words of the marts that are shown with a colour beside them.
_WORD_COLOURS = {
    "matched": "good",
    "matched within tolerance": "good",
    "drift": "bad",
    "inconclusive": "warning",
    "not compared": "neutral",
    "certain": "bad",
    "probable": "warning",
    "review": "neutral",
    "excluded": "neutral",
    "active": "active",
    "new": "new",
    "idle": "idle",
    "never active": "never-active",
    "removed": "removed",
    "granted": "good",
    "refused": "bad",
}
_MODEL_TIERS = frozenset({"entry", "standard", "premium", "unknown"})
# Characters: short texts are read in one line, others may break, long ones are given room.
_SHORT_TEXT = 36
_LONG_TEXT = 60
_FIGURE = re.compile(r"-?\$?[\d,]+(\.\d+)?")
# A month's name is as wide as so many weeks.
_NAME_WEEKS = 3


@dataclass(frozen=True, slots=True)
class Placed:
    """A column, its place in a row, and the class of its cells."""

    at: int
    column: Column
    css: str


@dataclass(frozen=True, slots=True)
class Week:
    """A column of a calendar: days by weekday (Monday is 0), and a month's name where one begins."""

    first: date
    days: dict[int, CalendarDay]
    month: str | None


def columns(page: Page, table: Table) -> list[Placed]:
    """The columns that are shown: without people, nobody is named."""
    return [
        Placed(at, column, _css(column, [row[at] for row in table.rows]))
        for at, column in enumerate(table.columns)
        if page.has_people or not column.is_person
    ]


def _css(column: Column, values: Sequence[Value]) -> str:
    if column.kind in NUMBERS:
        return "number"
    if column.kind != "text":
        return column.kind
    texts = [str(value) for value in values if value is not None]
    # Figures in units of their own, a row a unit, are written by who knows the unit.
    if texts and not column.is_person and all(_FIGURE.fullmatch(text) for text in texts):
        return "number"
    longest = max(map(len, texts), default=0)
    return "text long" if longest > _LONG_TEXT else "text mid" if longest > _SHORT_TEXT else "text"


def badge(value: Value, column: Column) -> str | None:
    """The colour that stands beside a word of the marts, if the column holds such words."""
    if column.kind != "text" or column.is_person or not isinstance(value, str):
        return None
    word = value.replace("_", " ")
    if word in _MODEL_TIERS:
        return f"{word}-model" if "model_tier" in column.key or column.key == "tier" else None
    return _WORD_COLOURS.get(word)


def weeks(days: Sequence[CalendarDay]) -> list[Week]:
    """The weeks that have days, the oldest first, a month named where it begins and where there is room for it."""
    in_order = sorted(days, key=lambda each: each.day)
    by_week = [list(week) for _, week in groupby(in_order, key=lambda each: each.day.isocalendar()[:2])]
    firsts = [week[0].day for week in by_week]
    begins = [at for at, day in enumerate(firsts) if at == 0 or day.month != firsts[at - 1].month]
    if len(begins) > 1 and begins[1] < _NAME_WEEKS:
        begins = begins[1:]
    return [
        Week(
            first=firsts[at],
            days={each.day.weekday(): each for each in week},
            month=firsts[at].strftime("%b %Y" if at == begins[0] or firsts[at].month == 1 else "%b")
            if at in begins
            else None,
        )
        for at, week in enumerate(by_week)
    ]


def day_text(day: CalendarDay) -> str:
    """The day and its sentence, which may begin with the day itself."""
    text = day.day.isoformat()
    return day.sentence if day.sentence.startswith(text) else f"{text}: {day.sentence}"


def chart_data(chart: Chart) -> dict[str, object]:
    """What is drawn. Decimals become floats here and nowhere else; the figures that are read are the table's."""
    return {
        "kind": chart.kind,
        "unit": chart.unit,
        "unitName": UNITS.get(chart.unit, ""),
        "xLabel": chart.x_label,
        "x": [str(x) for x in chart.x],
        "series": [
            {
                "name": series.name,
                "role": series.role,
                "shape": series.shape,
                "stack": series.stack,
                "values": [None if value is None else float(value) for value in series.values],
            }
            for series in chart.series
        ],
        "marks": [{"x": str(x), "label": label} for x, label in chart.marks],
    }
