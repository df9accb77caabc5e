"""What the API does not know (prices, tiers …): the project's seeds, each replaced by a user's file of that name."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

from cursor_usage.pipeline.errors import SeedError


def merge_seeds(project_seeds: Path, target: Path) -> Path:
    """Copies the project's seeds to ``target``, with the files of CURSOR_SEEDS_DIR in place of their namesakes.

    Raises:
        SeedError: a user's file has no namesake, cannot be read, or has other columns.
    """
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(project_seeds, target)
    user_dir = os.environ.get("CURSOR_SEEDS_DIR")
    if user_dir:
        _replace(Path(user_dir).expanduser(), project_seeds, target)
    return target


def _replace(user_dir: Path, project_seeds: Path, target: Path) -> None:
    if not user_dir.is_dir():
        raise SeedError(f"CURSOR_SEEDS_DIR is {user_dir}, which is not a folder. Correct it, or unset it.")
    known = sorted(path.name for path in project_seeds.glob("*.csv"))
    for path in sorted(user_dir.glob("*.csv")):
        if path.name not in known:
            raise SeedError(
                f"{path} has no namesake among the project's seeds: {', '.join(known)}. Rename or remove it."
            )
        ours, theirs = _header(project_seeds / path.name), _header(path)
        if theirs != ours:
            raise SeedError(f"{path} must have the header {','.join(ours)} and has {','.join(theirs) or 'none'}.")
        shutil.copyfile(path, target / path.name)


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [name.strip() for name in next(csv.reader(file), [])]
    except (OSError, UnicodeDecodeError) as error:
        raise SeedError(f"{path} cannot be read as a UTF-8 CSV file: {error}.") from None


def seed_rows(seeds: Path, name: str) -> list[dict[str, str]]:
    """Rows of a seed by its name without ending, each by column name."""
    with (seeds / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
