"""The fault harness for as long as is asked: ``python -m tests.faults.soak --minutes 10 --seed 7``.

Each sequence follows from its own seed, which is counted on from the first; a failure prints the one that repeats it.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.invariants import Violation
from tests.faults.points import Strike
from tests.faults.publishing import Publisher, build_two
from tests.faults.seeds import seeds_that_fail_a_test
from tests.faults.sequences import Sequence, points_of, strike_at
from tests.faults.tally import Tally, table
from tests.faults.world import ApiStrike, World

EXTRACT_TO_LOAD = points_of("extract", "judge", "load")
DBT_NODES = 170
STATEMENTS = 50


def raw_with_history(root: Path, seed: int, tally: Tally) -> None:
    with World(seed) as world:
        Sequence(world, root, seed, tally).strike_raw(30, moments=3, points=EXTRACT_TO_LOAD)


def raw_while_time_passes(root: Path, seed: int, tally: Tally) -> None:
    with World(seed) as world:
        Sequence(world, root, seed, tally).strike_while_time_passes(30, EXTRACT_TO_LOAD)


def whole_runs(root: Path, seed: int, tally: Tally) -> None:
    draw = random.Random(seed)
    strikes = [
        *(Strike("build: dbt node", draw.randint(1, DBT_NODES), draw.choice(("kill", "dbt dies"))) for _ in range(3)),
        strike_at(draw, draw.choice(points_of("build"))),
        strike_at(draw, draw.choice(points_of("publish"))),
        strike_at(draw, draw.choice(points_of("conclude")), most=5),
        draw.choice((seeds_that_fail_a_test(root / "seeds"), ApiStrike("globex", "wrong_key"))),
    ]
    draw.shuffle(strikes)
    with World(seed) as world:
        Sequence(world, root, seed, tally).strike_whole_runs(strikes, moments=2)


def publishing(root: Path, seed: int, tally: Tally) -> None:
    draw = random.Random(seed)
    points = points_of("publish")
    strikes = [strike_at(draw, draw.choice(points), STATEMENTS if at % 2 else 8) for at in range(40)]
    with World(seed) as world:
        built = build_two(world, root)
        Publisher(world, root / "published", built, tally).strike(built, strikes, draw)


KINDS: tuple[Callable[[Path, int, Tally], None], ...] = (
    raw_with_history,
    raw_while_time_passes,
    whole_runs,
    publishing,
)


def main() -> int:
    """Zero where nothing was found."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=10, help="no sequence begins after so many (default 10)")
    arguments.add_argument("--seed", type=int, help="the first sequence's; drawn where none is given")
    asked = arguments.parse_args()
    first = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
    tally, failures, sequences = Tally(), [], 0
    until = time.monotonic() + asked.minutes * 60
    while time.monotonic() < until or not sequences:
        seed = first + sequences
        kind = KINDS[seed % len(KINDS)]
        sequences += 1
        with tempfile.TemporaryDirectory(prefix="faults-") as folder:
            try:
                kind(Path(folder), seed, tally)
            except Violation as violation:
                failures.append(f"make soak MINUTES=0 SEED={seed}  ({kind.__name__})")
                _say(f"{kind.__name__}, seed {seed}: {violation}")
        _say(
            f"{sequences} sequences, {tally.total} faults, {len(failures)} failures "
            f"(last: {kind.__name__}, seed {seed})"
        )
    _say("\n".join(table(tally)))
    _say("\n".join(["To repeat a failure:", *failures]) if failures else "No promise was broken.")
    return 1 if failures else 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
