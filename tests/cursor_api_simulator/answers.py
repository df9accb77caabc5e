"""An answer before it is bytes: the envelope, and the records as the text that goes into it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec

_RECORDS = list[msgspec.Raw]


@dataclass(frozen=True, slots=True)
class Answer:
    """`envelope` in the order of the answer; its `records_key` marks where the records go."""

    envelope: dict[str, Any]
    records_key: str
    joined: bytes  # the records' JSON texts, comma between

    @property
    def records(self) -> list[bytes]:
        return [bytes(raw) for raw in msgspec.json.decode(b"[" + self.joined + b"]", type=_RECORDS)]

    def encode(self) -> bytes:
        parts = []
        for key, value in self.envelope.items():
            text = b"[" + self.joined + b"]" if key == self.records_key else dumps(value)
            parts.append(b'"' + key.encode() + b'":' + text)
        return b"{" + b",".join(parts) + b"}"


def dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
