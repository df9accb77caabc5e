"""The bar of a long fetch: on a terminal from the figures of the task's log lines; elsewhere the lines themselves."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from cursor_usage.pipeline.progress import FIELD, duration


def figures_of(entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The figures that a log line has about a fetch; None where it is about something else."""
    figures = entry.get(FIELD)
    return figures if isinstance(figures, Mapping) else None


class FetchBar:
    """One bar a team, shown while its fetch goes on; nothing where the console is no terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("  {task.fields[team]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("windows · {task.fields[rows]:,} records · {task.fields[speed]:,} a second{task.fields[left]}"),
            console=console,
            transient=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()

    def show(self, figures: Mapping[str, Any]) -> bool:
        """Moves the bar; False where there is none, so that the line is to be printed."""
        if not self._console.is_terminal:
            return False
        team, left = str(figures["team_id"]), figures["seconds_left"]
        values: dict[str, Any] = {
            "rows": figures["rows"],
            "speed": figures["rows_per_second"],
            "left": "" if left is None else f" · about {duration(left)} left",
        }
        if team not in self._tasks:
            self._tasks[team] = self._progress.add_task("", team=team, **values)
        self._progress.start()
        self._progress.update(self._tasks[team], completed=figures["windows_done"], total=figures["windows"], **values)
        return True

    def end(self) -> None:
        """Takes the bars away: the fetch is over."""
        if not self._tasks:
            return  # stopping what never began would print an empty line
        self._progress.stop()
        for task in self._tasks.values():
            self._progress.remove_task(task)
        self._tasks.clear()
