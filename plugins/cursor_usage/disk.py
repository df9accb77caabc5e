"""Files that are there as a whole or not at all, and what a full disk looks like: as an error, and in words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

# A quota and a limit on the size of files end a write just as a full disk does, and the mend is the same.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_WORDS = tuple(os.strerror(number) for number in _FULL)


def write_durably(path: Path, content: bytes) -> None:
    """Writes beside the path and renames; what a killed process left of it is written over by the next one."""
    scratch = path.with_name(f".{path.name}.partial")
    scratch.write_bytes(content)
    sync(scratch)
    scratch.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Waits until the file, or the folder's list of names, has reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_full(error: BaseException) -> bool:
    """Whether the error says that nothing more could be written."""
    return getattr(error, "errno", None) in _FULL or says_full(str(error))


def says_full(text: str) -> bool:
    """Whether a message (of DuckDB, of dbt) says that nothing more could be written."""
    return any(words in text for words in _WORDS)
