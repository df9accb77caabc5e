"""What a reader chose to see: a team, a window, and each table's order and page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from cursor_usage.ui.published import ProblemError, PublishedFile
from cursor_usage.ui.view import Problem, Window

WindowKey = Literal["14_days", "open_cycle", "previous_cycle", "30_days", "90_days", "all"]
DEFAULT_WINDOW: WindowKey = "14_days"
VERIFIED_DAYS = 14
PAGE_SIZE = 10

NO_TEAM = Problem(
    title="There is no team",
    sentence="The published marts have no team in them.",
    next_step="Trigger the DAG cursor_usage_daily and read its log.",
)
UNKNOWN_TEAM = Problem(
    title="There is no such team",
    sentence="No published team has the name that the address asks for.",
    next_step="Open the page without a team in its address and choose one there.",
)


@dataclass(frozen=True, slots=True)
class TableChoice:
    """One table's order and page, as asked for: whether there is such a column or page is the table's to say."""

    sort: str | None = None
    is_descending: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class Choice:
    """A team and a window that exist, and what else was asked for."""

    team_id: str
    window: Window
    newest_loaded_date: date | None
    team_ids: tuple[str, ...]
    windows: tuple[Window, ...]
    tables: Mapping[str, TableChoice] = field(default_factory=dict)
    page_size: int = PAGE_SIZE
    has_people: bool = True

    @property
    def days(self) -> tuple[date, ...]:
        """The window's days, each once."""
        count = (self.window.end_date - self.window.start_date).days + 1
        return tuple(self.window.start_date + timedelta(days=number) for number in range(count))

    @property
    def team_and_window(self) -> list[object]:
        """Parameters of a query on a team's days: team_id, first day, last day."""
        return [self.team_id, self.window.start_date, self.window.end_date]


def make_choice(
    marts: PublishedFile,
    *,
    team_id: str | None = None,
    window: str | None = None,
    tables: Mapping[str, TableChoice] | None = None,
    page_size: int = PAGE_SIZE,
    has_people: bool = True,
) -> Choice:
    """The choice that is possible: the first team where none is named, the default window where there is no such one.

    Raises:
        ProblemError: there is no team of that name, or none at all.
    """
    teams = {
        row["team_id"]: row["newest_loaded_date"]
        for row in marts.rows("select team_id, newest_loaded_date from verification_verdicts order by team_id")
    }
    if not teams:
        raise ProblemError(NO_TEAM)
    chosen = team_id or next(iter(teams))
    if chosen not in teams:
        raise ProblemError(UNKNOWN_TEAM, status=404)
    windows = _windows(marts, chosen, teams[chosen])
    by_key = {possible.key: possible for possible in windows}
    return Choice(
        team_id=chosen,
        window=by_key.get(window or DEFAULT_WINDOW, by_key[DEFAULT_WINDOW]),
        newest_loaded_date=teams[chosen],
        team_ids=tuple(teams),
        windows=windows,
        tables=tables or {},
        page_size=page_size,
        has_people=has_people,
    )


def _windows(marts: PublishedFile, team_id: str, newest: date | None) -> tuple[Window, ...]:
    if newest is None:
        # Of a team that never loaded anything there are no days; the page says so, for a window there has to be one.
        published = marts.row("select max(published_at)::date as day from publications")
        day = (published or {}).get("day") or date(1970, 1, 1)
        return (_last_days(DEFAULT_WINDOW, "The verified 14 days", day, VERIFIED_DAYS),)
    first = marts.row("select min(usage_date) as day from restatements where team_id = ?", [team_id])
    first_day = min((first or {}).get("day") or newest, newest)
    return (
        _last_days(DEFAULT_WINDOW, "The verified 14 days", newest, VERIFIED_DAYS),
        *_cycles(marts, team_id, newest),
        _last_days("30_days", "Last 30 days", newest, 30),
        _last_days("90_days", "Last 90 days", newest, 90),
        Window("all", "All loaded days", first_day, newest),
    )


def _last_days(key: str, label: str, newest: date, count: int) -> Window:
    return Window(key, label, newest - timedelta(days=count - 1), newest)


def _cycles(marts: PublishedFile, team_id: str, newest: date) -> list[Window]:
    """The open billing cycle and the one before, where their days are over: a cycle's days begin with its start's."""
    cycles = marts.rows(
        "select cycle_start_at::date as first_day, cycle_end_at::date - 1 as last_day, is_open_cycle "
        "from billing_cycles where team_id = ? order by cycle_start_at desc",
        [team_id],
    )
    windows = []
    for number, cycle in enumerate(cycles):
        if cycle["is_open_cycle"] and cycle["first_day"] <= newest:
            label = f"Open billing cycle, from {cycle['first_day']}"
            windows.append(Window("open_cycle", label, cycle["first_day"], min(cycle["last_day"], newest)))
        elif number > 0 and cycles[number - 1]["is_open_cycle"]:
            label = f"Billing cycle before, from {cycle['first_day']}"
            windows.append(Window("previous_cycle", label, cycle["first_day"], cycle["last_day"]))
    return windows
