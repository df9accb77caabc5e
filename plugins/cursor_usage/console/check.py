"""``check``: what each connection's key may read, and what to do where it may not. Loads nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cursor_usage.cursor_api import SERVES, CursorError, summarise_access
from cursor_usage.settings import PROJECT_DIR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cursor_usage.cursor_api import EndpointAccess
    from cursor_usage.hooks.teams import Team

_LOOKS = {"ok": ("can be read", "green"), "refused": ("refused", "red"), "failed": ("failed", "yellow")}
# Where the output is no terminal (make, CI), rich assumes 80 columns, which breaks every sentence.
_WIDTH_ELSEWHERE = 110


def check(connection_ids: Iterable[str], console: Console | None = None) -> int:
    """Probe every connection's endpoints and print the answers.

    Returns:
        0 where each team's key reads what a run needs (what is refused for good may be missing, and is named), else 1.
    """
    console = console or _console()
    # Airflow reads connections as it will in the run; a home of its own keeps it out of the user's.
    os.environ["AIRFLOW_HOME"] = str(PROJECT_DIR / ".airflow" / "check")
    from cursor_usage.hooks.teams import resolve_teams  # noqa: PLC0415 - imports Airflow, a second and a half

    try:
        teams = resolve_teams(connection_ids)
    except CursorError as error:
        _say(console, str(error), "red")
        return 1
    results = [_is_usable(console, team) for team in teams]
    return 0 if all(results) else 1


def _is_usable(console: Console, team: Team) -> bool:
    from cursor_usage.hooks.cursor_admin import CursorAdminHook  # noqa: PLC0415 - see above

    if team.error:
        _say(console, team.error, "red")
        return False
    _say(console, f"Team {team.team_id} (connection {team.connection_id}, {team.host})", "bold")
    try:
        accesses = CursorAdminHook(team.connection_id).probe()
    except CursorError as error:
        _say(console, str(error), "red")
        return False
    summary = summarise_access(accesses)
    console.print(_table(accesses))
    _say(console, summary.sentence, "green" if summary.is_complete else "yellow" if summary.is_usable else "red")
    return summary.is_usable


def _table(accesses: list[EndpointAccess]) -> Table:
    table = Table("Endpoint", "Answer", "Serves", "What to do")
    explanations = {access.error.explanation if access.error else None for access in accesses}
    # One reason for all of them is said once, in the sentence below the table.
    is_said_below = len(explanations) == 1
    for access in accesses:
        answer, colour = _LOOKS.get(access.outcome, (access.outcome, ""))
        table.add_row(
            access.endpoint.label,
            Text(answer, colour),
            SERVES[access.endpoint],
            Text(_what_to_do(access, is_said_below=is_said_below)),
        )
    return table


def _what_to_do(access: EndpointAccess, *, is_said_below: bool) -> str:
    if access.error is None:
        return "nothing"
    return "see below" if is_said_below else f"{access.error.explanation}."


def _say(console: Console, sentence: str, style: str) -> None:
    # As Text, so that no bracket of a message is taken for markup.
    console.print(Text(sentence, style))


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH_ELSEWHERE)
