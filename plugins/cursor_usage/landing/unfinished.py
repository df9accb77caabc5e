"""A fetch that broke off, and how far it came: enough to go on with it behind its last whole page.

Beside the records stands a file of notes: how the fetch began, then a line a page with the checksum of everything up to
it. After a kill, or even after a power cut that lost some of either file, exactly the pages whose checksum still
fits are taken over; the rest is fetched again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from cursor_usage.landing.manifest import RECORDS_NAME, Window

NOTES_NAME = "pages.jsonl"


class Beginning(msgspec.Struct, frozen=True):
    """How a fetch began. A fetch that begins otherwise cannot go on with its pages."""

    window: Window
    request: dict[str, Any]
    host: str
    page_size: int
    records_announced: int
    started_at: datetime
    first_envelope: dict[str, Any]


class PageNote(msgspec.Struct, frozen=True):
    """One page that was written: its sizes, its own digest, and the checksum of all lines up to its end."""

    records: int
    lines_bytes: int
    bytes_received: int
    digest: str
    checksum: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A fetch that broke off."""

    folder: Path
    beginning: Beginning
    notes: tuple[PageNote, ...]

    @classmethod
    def read(cls, folder: Path) -> Unfinished | None:
        """What the folder holds; None where nothing of it can be used."""
        if not (folder / RECORDS_NAME).exists():
            return None
        try:
            first, *lines = (folder / NOTES_NAME).read_bytes().split(b"\n")
            return cls(folder, msgspec.json.decode(first, type=Beginning), tuple(_notes(lines)))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def pages(self) -> Iterator[tuple[PageNote, bytes]]:
        """The pages that are whole, each with its lines, but never all that were announced.

        One is left to be fetched: its answer tells whether the announced count still holds.
        """
        checksum, received = hashlib.sha256(), 0
        with (self.folder / RECORDS_NAME).open("rb") as file:
            lines_of_all = zstandard.ZstdDecompressor().stream_reader(file)
            for note in self.notes:
                received += note.records
                lines = _read_exactly(lines_of_all, note.lines_bytes)
                checksum.update(lines)
                if received >= self.beginning.records_announced or checksum.hexdigest() != note.checksum:
                    return
                yield note, lines


def _notes(lines: list[bytes]) -> Iterator[PageNote]:
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=PageNote)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return  # the last line, half written


def _read_exactly(source: zstandard.ZstdDecompressionReader, size: int) -> bytes:
    """So many bytes, or fewer where there are no more that can be read."""
    buffer = io.BytesIO()
    while (left := size - buffer.tell()) > 0:
        try:
            chunk = source.read(left)
        except zstandard.ZstdError:
            break
        if not chunk:
            break
        buffer.write(chunk)
    return buffer.getvalue()
