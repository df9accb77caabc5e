"""The harness is worth something only if it sees bugs: each is put in on purpose, and must be reported."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.faults.child import ALL_STEPS, Run
from tests.faults.company import Restatement
from tests.faults.comparing import compare_raw
from tests.faults.invariants import Violation
from tests.faults.points import Strike
from tests.faults.sequences import UNTIL_LOAD, Sequence
from tests.faults.tally import Tally
from tests.faults.world import World

RUN = Run("struck", 0, datetime(2026, 1, 1, tzinfo=UTC), (), UNTIL_LOAD)


@pytest.fixture
def world(fault_seed):
    with World(fault_seed) as world:
        yield world


@pytest.fixture
def loaded(world, tmp_path, fault_seed):
    """Both directories are loaded; since then a day was restated. What strikes a pipeline with bugs does not count."""
    sequence = Sequence(world, tmp_path, fault_seed, Tally())
    sequence.load_well()
    world.clock.advance(timedelta(days=1))
    for company in world.companies.values():
        company.restatements[date(2026, 11, 23)] = Restatement(percent=50)
    return sequence


def test_a_deletion_outside_the_transaction_is_seen(loaded):
    struck = replace(RUN, strike=Strike("load: after delete"))
    with pytest.raises(Violation, match=r"are not those of the fetch that was loaded last .* missing"):
        loaded.go(replace(struck, bugs=("delete_without_transaction",)))


def test_a_deletion_inside_the_transaction_is_not(loaded):
    assert loaded.go(replace(RUN, strike=Strike("load: after delete"))).was_killed


def test_an_amount_in_the_key_is_seen(loaded):
    with pytest.raises(Violation, match=r"usage_events of .* rows too many"):
        loaded.go(replace(RUN, bugs=("cost_in_the_key",)))


def test_a_publication_before_the_tests_is_seen(loaded):
    """The build dies among the tests of marts that are built; what is published then was never tested."""
    struck = replace(RUN, steps=ALL_STEPS, strike=Strike("build: dbt node", 150, "dbt dies"))
    with pytest.raises(Violation, match="was published, and the newest build has not passed its tests"):
        loaded.go(replace(struck, bugs=("publish_before_tests",)))


def test_a_twin_that_was_loaded_otherwise_is_seen(loaded):
    """What compares raw at the end sees one load more of a day that has changed, and nothing where both have it."""
    loaded.go(RUN)
    with pytest.raises(Violation, match="rows that the twin has not"):
        compare_raw(loaded.struck, loaded.twin)
    loaded.load_well()
    compare_raw(loaded.struck, loaded.twin)
