"""The teams of a run, from a list of connection ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.sdk import BaseHook

from cursor_usage.hooks.connection import CursorConnection, CursorConnectionError
from cursor_usage.hooks.lookup import look_up

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Team:
    """One connection's team.

    Attributes:
        host: the normalised base URL; empty where the connection cannot be read.
        error: why the connection cannot be read, one sentence. The team's own client fails with the same sentence,
            so that it stands apart from the others; its id is the connection's then.
    """

    connection_id: str
    team_id: str
    host: str
    error: str | None = None


def resolve_teams(connection_ids: Iterable[str]) -> list[Team]:
    """One team for each connection, in order.

    Raises:
        CursorConnectionError: no connection at all, or two of them mean one team (their rows would mix).
    """
    teams = [_team(connection_id) for connection_id in connection_ids]
    if not teams:
        raise CursorConnectionError("No connection was given", next_step="name at least one, like cursor_default")
    first_by_id: dict[str, Team] = {}
    for team in teams:
        # Case apart: some file systems hold "acme" and "ACME" in one folder.
        first = first_by_id.setdefault(team.team_id.casefold(), team)
        if first is not team:
            raise CursorConnectionError(
                f"Connections {first.connection_id} and {team.connection_id} both have the team_id {team.team_id!r}",
                next_step="name one of them only, or give each its own team_id in its extras",
            )
    return teams


def _team(connection_id: str) -> Team:
    try:
        connection = CursorConnection.read(connection_id, look_up(connection_id, BaseHook.get_connection))
    except CursorConnectionError as error:
        return Team(connection_id, connection_id, "", str(error))
    return Team(connection_id, connection.team_id, connection.base_url)
