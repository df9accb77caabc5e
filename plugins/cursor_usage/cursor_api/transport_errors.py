"""What a failed connection means, in words, from httpx's exceptions and what caused them."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import httpx

from cursor_usage.cursor_api.errors import CursorError, CursorTruncatedAnswerError, CursorUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cursor_usage.cursor_api.endpoints import Endpoint


def transport_error(
    error: Exception, host: str, endpoint: Endpoint, *, is_reading: bool, scrub: Callable[[str], str]
) -> CursorError:
    """The error of a try without a whole answer. ``is_reading``: the status had come, the body was under way."""
    if is_reading and isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.DecodingError):
        return CursorTruncatedAnswerError("The answer stops in the middle", endpoint=endpoint)
    next_step = None
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        next_step = "check the Base URL (http:// for a server without TLS) and the proxy's certificate (SSL_CERT_FILE)"
    what = _what_happened(error, causes)
    if what is None:
        what = f"could not be asked ({type(error).__name__}: {scrub(str(error))[:200]})"
    return CursorUnreachableError(f"{host} {what}", endpoint=endpoint, next_step=next_step)


def _what_happened(error: Exception, causes: list[BaseException]) -> str | None:
    # The first that fits: causes before the library's own, much wider classes.
    meanings: list[tuple[type[BaseException] | tuple[type[BaseException], ...], str]] = [
        (socket.gaierror, "was not found (its name has no address)"),
        (ssl.SSLError, "did not agree on TLS"),
        (ConnectionRefusedError, "refused the connection"),
    ]
    for kind, meaning in meanings:
        if any(isinstance(cause, kind) for cause in causes):
            return meaning
    own_meanings: list[tuple[type[Exception] | tuple[type[Exception], ...], str]] = [
        (httpx.ConnectTimeout, "did not accept the connection in time"),
        (httpx.ProxyError, "could not be reached through the proxy"),
        ((httpx.ReadTimeout, TimeoutError), "did not answer in time"),
        (httpx.TimeoutException, "was too slow"),
        (httpx.ConnectError, "could not be connected to"),
        ((httpx.RemoteProtocolError, httpx.NetworkError), "dropped the connection"),
    ]
    return next((meaning for kind, meaning in own_meanings if isinstance(error, kind)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        # anyio raises one group for all addresses it tried.
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from _causes(inner)
        error = error.__cause__ or error.__context__
