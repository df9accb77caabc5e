"""Publishing, killed and failed between any two of its files, and read by others all the while."""

from __future__ import annotations

import multiprocessing
import random

import pytest

from tests.faults.invariants import Violation
from tests.faults.points import How, Strike
from tests.faults.publishing import Publisher, build_two
from tests.faults.readers import read_database_until, read_parquet_until
from tests.faults.sequences import points_of, strike_at
from tests.faults.tally import Tally
from tests.faults.world import World

FILES = 9
STATEMENTS = 50
PUBLISHES = 20
HOWS: tuple[How, ...] = ("kill", "error", "disk full")


@pytest.fixture(scope="module")
def world(fault_seed):
    with World(fault_seed) as world:
        yield world


@pytest.fixture(scope="module")
def built(world, tmp_path_factory):
    return build_two(world, tmp_path_factory.mktemp("built"))


def test_what_is_published_is_old_or_new_and_whole_after_every_fault(world, built, tmp_path, fault_seed, tally):
    draw = random.Random(fault_seed)
    parquet = [Strike("publish: before a parquet file", nth) for nth in range(1, FILES)]
    once = [Strike(point, how=how) for point in points_of("publish") for how in HOWS]
    anywhere = [strike_at(draw, "publish: query", STATEMENTS) for _ in range(25)]
    strikes = [*parquet, *once, *anywhere]
    draw.shuffle(strikes)
    Publisher(world, tmp_path / "data", built, tally).strike(built, strikes, draw)
    assert tally.total >= 40
    assert not [point for point in points_of("publish") if not any(name.startswith(point) for name in tally.struck)]


def test_a_publication_that_takes_the_old_file_away_first_is_seen(world, built, tmp_path):
    """The harness sees it: a bug that was put in on purpose, whose faults do not count."""
    publisher = Publisher(world, tmp_path / "data", built, Tally())
    publisher.use(built[0])
    publisher.publish_well(built[0])
    publisher.use(built[1])
    with pytest.raises(Violation, match=r"marts.duckdb was there and is gone"):
        publisher.publish(built[1], Strike("publish: before marts.duckdb"), bugs=("old_file_taken_away_first",))


def test_readers_see_one_whole_state_while_runs_publish(world, built, tmp_path, tally):
    publisher = Publisher(world, tmp_path / "data", built, tally)
    publisher.use(built[0])
    publisher.publish_well(built[0])
    processes = multiprocessing.get_context("forkserver")
    stop, answers = processes.Event(), processes.Queue()
    states = [state.marts for state in built]
    readers = [
        processes.Process(target=read, args=(publisher.data.published, states, stop, answers), daemon=True)
        for read in (read_database_until, read_database_until, read_parquet_until)
    ]
    for reader in readers:
        reader.start()
    try:
        for number in range(PUBLISHES):
            publisher.use(built[number % 2])
            publisher.publish_well(built[number % 2])
    finally:
        stop.set()
    seen = [answers.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join(30)
    assert [answer.problem for answer in seen] == [None] * len(readers)
    # Both states were seen by each reader, so that none has looked at one open file all the time.
    assert all(answer.reads_by_state[state] > 0 for answer in seen for state in (0, 1)), seen
