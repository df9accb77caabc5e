"""What the API does not know (prices, tiers …): the project's seeds, each replaced by a user's file of that name."""

from __future__ import annotations

import csv
import io
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cursor_usage.disk import write_durably
from cursor_usage.pipeline.errors import SeedError

log = logging.getLogger(__name__)


def merge_seeds(project_seeds: Path, target: Path, default_dir: Path | None = None) -> Path:
    """Copies the project's seeds to ``target``, with the user's files in place of their namesakes.

    The user's are in CURSOR_SEEDS_DIR, or in ``default_dir`` where that is not set.

    Raises:
        SeedError: a user's file has no namesake, cannot be read, or has other columns.
    """
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(project_seeds, target)
    user_dir = _configured_dir()
    if user_dir is not None and not user_dir.is_dir():
        raise SeedError(f"CURSOR_SEEDS_DIR is {user_dir}, which is not a folder. Correct it, or unset it.")
    user_dir = user_dir or default_dir
    if user_dir is not None and user_dir.is_dir():
        _replace(user_dir, project_seeds, target)
    return target


def _configured_dir() -> Path | None:
    configured = os.environ.get("CURSOR_SEEDS_DIR")
    return Path(configured).expanduser() if configured else None


@contextmanager
def added_seed_rows(
    project_seeds: Path, default_dir: Path, name: str, rows: Sequence[Mapping[str, object]]
) -> Iterator[Path]:
    """Adds rows to the user's file of a seed, which is made where it is missing; as it was where the body fails.

    Yields:
        The file.

    Raises:
        SeedError: CURSOR_SEEDS_DIR is no folder, or the user's file has other columns or cannot be read.
        OSError: the file cannot be written.
    """
    folder = _configured_dir() or default_dir
    if folder != default_dir and not folder.is_dir():
        raise SeedError(f"CURSOR_SEEDS_DIR is {folder}, which is not a folder. Correct it, or unset it.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path, ours = (folder / f"{name}.csv").resolve(), _header(project_seeds / f"{name}.csv")
    before = path.read_bytes() if path.exists() else None
    if before is not None and _header(path) != ours:
        raise SeedError(
            f"{path} must have the header {','.join(ours)} and has {','.join(_header(path)) or 'none'}. "
            f"Correct its first line."
        )
    # What is there stays as it is: a file from a spreadsheet may have a byte order mark and its own line ends.
    kept = before if before is not None else f"{','.join(ours)}\n".encode()
    line_end = "\r\n" if b"\r\n" in kept else "\n"
    text = io.StringIO()
    csv.DictWriter(text, ours, lineterminator=line_end).writerows(dict(row) for row in rows)
    written = kept + (b"" if kept.endswith(b"\n") else line_end.encode()) + text.getvalue().encode()
    try:
        write_durably(path, written)
        yield path
    except BaseException:
        if path.exists() and path.read_bytes() not in (before, written):
            log.warning("%s was changed meanwhile, and is left so: the rows that were added are not taken back", path)
        elif before is None:
            path.unlink(missing_ok=True)
        else:
            write_durably(path, before)
        raise


def _replace(user_dir: Path, project_seeds: Path, target: Path) -> None:
    known = sorted(path.name for path in project_seeds.glob("*.csv"))
    for path in sorted(user_dir.glob("*.csv")):
        if path.name not in known:
            raise SeedError(
                f"{path} has no namesake among the project's seeds: {', '.join(known)}. Rename or remove it."
            )
        ours, theirs = _header(project_seeds / path.name), _header(path)
        if theirs != ours:
            raise SeedError(
                f"{path} must have the header {','.join(ours)} and has {','.join(theirs) or 'none'}. "
                f"Correct its first line."
            )
        shutil.copyfile(path, target / path.name)


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [name.strip() for name in next(csv.reader(file), [])]
    except (OSError, UnicodeDecodeError) as error:
        raise SeedError(f"{path} cannot be read as a UTF-8 CSV file: {error}. Save it as one.") from None


def seed_rows(seeds: Path, name: str) -> list[dict[str, str]]:
    """Rows of a seed by its name without ending, each by column name."""
    with (seeds / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
