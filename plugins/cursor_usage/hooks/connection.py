"""An Airflow connection of type ``cursor``, read and judged. Needs no Airflow: it looks at the fields only."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, Self, TypeVar

from cursor_usage.cursor_api import (
    DEFAULT_BASE_URL,
    DEFAULT_REQUESTS_PER_MINUTE,
    CursorError,
    CursorRequestError,
    limits_by_endpoint,
    normalise_base_url,
)

T = TypeVar("T")

CONNECTION_TYPE = "cursor"

# A team's id is the name of a folder in the landing.
_TEAM_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


class CursorConnectionError(CursorError):
    """The Airflow connection is not there, cannot be read, or says something that cannot be.

    ``connection_id`` is kept apart from the explanation: the Test button gives a connection an id of its own making.
    """

    def __init__(
        self, message: str | None = None, *, connection_id: str | None = None, next_step: str | None = None
    ) -> None:
        super().__init__(message, next_step=next_step)
        self.connection_id = connection_id

    def __str__(self) -> str:
        which = f"Connection {self.connection_id}: " if self.connection_id else ""
        return f"{which}{self.explanation}."


class ConnectionFields(Protocol):
    """What Airflow's two Connection classes (ORM and task SDK) have in common here."""

    conn_type: str | None
    host: str | None
    port: int | None
    schema: str | None
    login: str | None
    password: str | None
    extra: str | None


@dataclass(frozen=True, slots=True)
class Hidden(Generic[T]):
    """A value that shows itself to no log, repr or traceback."""

    value: T = field(repr=False)


@dataclass(frozen=True, slots=True)
class CursorConnection:
    """A connection's meaning.

    Attributes:
        connection_id: Airflow's name of it.
        team_id: extra ``team_id``, else the connection's id.
        base_url: from host (with port and, where the connection came as a URI, the scheme that Airflow calls schema).
        requests_per_minute: one number, or numbers by endpoint.
        key: the Admin API key.
    """

    connection_id: str
    team_id: str
    base_url: str
    requests_per_minute: int | dict[str, int]
    key: Hidden[str]

    @classmethod
    def read(cls, connection_id: str, connection: ConnectionFields) -> Self:
        """The connection's meaning; the key may be missing.

        Raises:
            CursorConnectionError: something in it cannot be; named without values that may be secret.
        """
        key, has_login = Hidden(connection.password or ""), bool(connection.login)
        # Hidden too: of a connection in wrong quotes Airflow makes an address that holds all of it.
        address = Hidden((connection.host, connection.port, connection.schema))
        conn_type, extra_text = connection.conn_type, connection.extra
        del connection  # Airflow's repr of it shows the password to a traceback with locals
        # Another type's password is another service's secret: it is not sent to this one.
        if conn_type is not None and conn_type != CONNECTION_TYPE:
            what = f"has the type {conn_type[:40]!r}" if conn_type else "has no type"
            hint = "" if conn_type else ", and no quotes may stand around it where it comes from the environment"
            raise _error(connection_id, what, f"its type must be {CONNECTION_TYPE!r}{hint}")
        if has_login and not key.value:
            raise _error(connection_id, "has a login and no password", "the key goes into the password, not the login")
        base_url = _base_url(connection_id, *address.value)
        if isinstance(base_url, CursorConnectionError):
            raise base_url
        extra = _extra(connection_id, extra_text)
        return cls(
            connection_id=connection_id,
            team_id=_team_id(connection_id, extra.get("team_id")),
            base_url=base_url,
            requests_per_minute=_requests_per_minute(connection_id, extra.get("requests_per_minute")),
            key=key,
        )


def _error(connection_id: str, what: str, next_step: str) -> CursorConnectionError:
    return CursorConnectionError(f"The connection {what}", connection_id=connection_id, next_step=next_step)


def _extra(connection_id: str, text: str | None) -> dict[str, Any]:
    if not text or not text.strip():
        return {}
    extra = _json_or_none(text)
    if not isinstance(extra, dict):
        raise _error(connection_id, "has extras that are no JSON object", 'write them like {"team_id": "acme"}')
    return extra


def _json_or_none(text: str) -> object:
    # Outside of any except: the error of a broken text holds that text.
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    return value


def _team_id(connection_id: str, configured: object) -> str:
    team_id = connection_id if configured is None or configured == "" else str(configured).strip()
    if isinstance(configured, bool | list | dict) or not _TEAM_ID.fullmatch(team_id):
        raise _error(
            connection_id,
            f"has the team_id {str(configured)[:40]!r}" if configured else "has an id that cannot be a team_id",
            "give a team_id of letters, digits, dots, dashes and underscores that does not begin with a dot or dash",
        )
    return team_id


def _base_url(
    connection_id: str, host: str | None, port: int | None, schema: str | None
) -> str | CursorConnectionError:
    """The address, also where the connection came as a URI, which Airflow takes apart.

    What is wrong with it is returned, not raised: a traceback with locals would show what was taken for an address.
    """
    text = (host or "").strip()
    if not text:
        return DEFAULT_BASE_URL
    if "://" not in text:
        scheme = schema if schema in {"http", "https"} else "https"
        text = f"{scheme}://{text}"
    scheme, _, rest = text.partition("://")
    authority, slash, path = rest.partition("/")
    if port and not re.search(r":\d+$", authority):
        authority = f"{authority}:{port}"
    try:
        return normalise_base_url(f"{scheme}://{authority}{slash}{path}")
    except CursorRequestError as error:
        problem, next_step = error.message, error.next_step
    return CursorConnectionError(problem, connection_id=connection_id, next_step=next_step)


def _requests_per_minute(connection_id: str, configured: object) -> int | dict[str, int]:
    """A number or an object, also as the text that a form field or a URI's query makes of it."""
    if isinstance(configured, str):
        value = _json_or_none(configured)
        configured = configured.strip() if value is None else value
    if configured is None or configured == "":
        return DEFAULT_REQUESTS_PER_MINUTE
    try:
        limits = limits_by_endpoint(configured)  # type: ignore[arg-type]  # it judges whatever a user wrote
    except CursorRequestError as error:
        problem, next_step = error.message, error.next_step
    else:
        return {endpoint.value: limit for endpoint, limit in limits.items()}
    raise _error(connection_id, f"has a bad setting: {problem}", next_step)
