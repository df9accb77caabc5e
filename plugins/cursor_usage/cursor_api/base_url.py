"""The API's address: checked before a key is sent to it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import httpx

from cursor_usage.cursor_api.errors import CursorRequestError

DEFAULT_BASE_URL = "https://api.cursor.com"


def normalise_base_url(base_url: str) -> str:
    """Scheme, host in lower case, port and path, without a slash at the end.

    Raises:
        CursorRequestError: no http(s) address, or one that carries a user, a query or a fragment.
    """
    text = base_url.strip()
    problem = None
    try:
        parts = urlsplit(text)
        port = parts.port
        # What urlsplit lets pass and no request can be built or looked up for.
        httpx.URL(text)
        (parts.hostname or "").encode("idna")
    except (ValueError, httpx.InvalidURL):
        raise _bad("cannot be read") from None
    if parts.scheme.lower() not in {"http", "https"}:
        problem = "does not start with https:// (or http:// for a stand-in)"
    elif not parts.hostname or any(character.isspace() for character in text):
        problem = "names no host"
    elif "@" in parts.netloc:
        problem = "carries a user or a password"  # not quoted: it may be the key
    elif parts.query or parts.fragment:
        problem = "carries a query or a fragment"
    if problem:
        raise _bad(problem)
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else str(parts.hostname)
    authority = host if port is None else f"{host}:{port}"
    return f"{parts.scheme.lower()}://{authority}{parts.path.rstrip('/')}"


def is_loopback(base_url: str) -> bool:
    """Whether the address is this machine's own."""
    name = urlsplit(base_url).hostname or ""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _bad(problem: str) -> CursorRequestError:
    return CursorRequestError(
        f"The Base URL (host) of the connection {problem}",
        next_step=f"leave it empty or write it like {DEFAULT_BASE_URL}",
    )
