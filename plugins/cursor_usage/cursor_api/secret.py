"""The key: held in one object that shows itself to nobody."""

from __future__ import annotations

import base64

import httpx

from cursor_usage.cursor_api.errors import CursorAuthError

_HIDDEN = "***"
# Below this length a "key" is a word that may stand in any sentence.
_SHORTEST_SCRUBBED_KEY = 4


class ApiKey:
    """A team Admin API key. Opaque: never judged by its prefix.

    Raises:
        CursorAuthError: the key is empty, or has blanks or line breaks inside (a paste that went wrong).
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value.strip()
        del value
        if not self._value:
            raise CursorAuthError("The connection has no key")
        if any(character.isspace() or not character.isprintable() for character in self._value):
            raise CursorAuthError("The key has blanks or line breaks inside")

    def __repr__(self) -> str:
        return f"ApiKey({_HIDDEN})"

    # A default reduce would put the key into any pickle.
    def __reduce__(self) -> str:
        raise TypeError("A key is not to be pickled")

    def basic_auth(self) -> httpx.Auth:
        """Key as the user name, empty password."""
        return httpx.BasicAuth(self._value, "")

    def scrub(self, text: str) -> str:
        """The text without the key in any form it is sent in."""
        if len(self._value) < _SHORTEST_SCRUBBED_KEY:
            return text
        encoded = base64.b64encode(f"{self._value}:".encode()).decode()
        # Without the tail, whose letters depend on what follows the key.
        stem = base64.b64encode(self._value.encode()).decode().rstrip("=")[:-2]
        for form in (self._value, encoded, stem):
            text = text.replace(form, _HIDDEN)
        return text
