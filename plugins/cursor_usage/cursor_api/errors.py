"""What can go wrong with the Admin API, told apart by what the reader has to do next.

``str(error)`` is one sentence: endpoint, what happened, what to do next. It never holds the key: whoever makes an error
passes the API's words through :meth:`ApiKey.scrub` first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from cursor_usage.cursor_api.endpoints import Endpoint


class CursorError(Exception):
    """Base of everything this package raises on purpose.

    Attributes:
        message: what happened, without a full stop.
        endpoint: where, or None before any request.
        status_code: the answer's HTTP status, or None where no answer came.
        api_message: the API's own words, shortened, or None.
        next_step: what the reader should do, without a full stop.
        retry_after_seconds: how long the API asked to be left alone, or None.
        is_retryable: whether the orchestrator may try again later without anybody changing anything.
    """

    is_retryable: bool = False
    usual_message: ClassVar[str] = "The Cursor Admin API failed"
    usual_next_step: ClassVar[str] = ""

    # Only the message is positional, so that pickle (which passes args, then the attributes) can carry the error
    # between processes.
    def __init__(
        self,
        message: str | None = None,
        *,
        endpoint: Endpoint | None = None,
        status_code: int | None = None,
        api_message: str | None = None,
        next_step: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message or self.usual_message
        self.endpoint = endpoint
        self.status_code = status_code
        self.api_message = api_message
        self.next_step = self.usual_next_step if next_step is None else next_step
        self.retry_after_seconds = retry_after_seconds

    @property
    def explanation(self) -> str:
        """What happened and what to do, without the endpoint and without a full stop."""
        return f"{self.message}; {self.next_step}" if self.next_step else self.message

    def __str__(self) -> str:
        where = f"{self.endpoint.label}: " if self.endpoint else ""
        return f"{where}{self.explanation}."


class CursorAuthError(CursorError):
    """Wrong key, or a key of another kind."""

    usual_next_step = (
        "put a team Admin API key, made by a team admin in the Cursor dashboard, into the connection's password"
    )


class CursorPlanError(CursorError):
    """The key is good; the team's plan does not have this endpoint."""

    usual_message = "This plan does not support the Admin API"
    usual_next_step = "Cursor Teams (Business) or Enterprise is needed, or leave this team out"


class CursorRequestError(CursorError):
    """Our fault: a range, parameter or setting that cannot be asked for."""

    usual_next_step = "this is a bug in the request or in a setting, trying again will not help"


class CursorRateLimitError(CursorError):
    """429 for longer than the client waits. ``retry_after_seconds`` says how long the API asked for."""

    is_retryable = True
    usual_next_step = (
        "wait and try again, with a lower requests_per_minute where something else uses this team's limit too"
    )


class CursorUnreachableError(CursorError):
    """No answer: name not found, connection refused or dropped, time-out."""

    is_retryable = True
    usual_next_step = "check the connection's Base URL (host), the network and the proxy"


class CursorServerError(CursorError):
    """5xx or 409 that stayed for as long as the client tries."""

    is_retryable = True
    usual_next_step = "this is on Cursor's side, try again later"


class CursorAnswerError(CursorError):
    """An answer that is not the Admin API's: HTML, another shape, endless pages; or one that stays cut off."""

    usual_next_step = "check that the connection's Base URL (host) is the Cursor Admin API and no proxy answers for it"


class CursorTruncatedAnswerError(CursorAnswerError):
    """An answer that stopped in the middle each time it was asked for."""

    is_retryable = True
    usual_next_step = "try again later"
