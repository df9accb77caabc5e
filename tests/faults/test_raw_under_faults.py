"""Fetching and loading, killed and failed in random sequences: raw and its history end as in an undisturbed twin.

The fewest faults that each test of this folder asks for add up to 200.
"""

from __future__ import annotations

import pytest

from tests.faults.sequences import Sequence, points_of
from tests.faults.world import World


@pytest.mark.parametrize("number", range(3))
def test_raw_and_its_history_equal_the_twins_after_the_next_good_runs(tmp_path, fault_seed, tally, number):
    seed = fault_seed + number
    with World(seed) as world:
        Sequence(world, tmp_path, seed, tally).strike_raw(27, moments=3, points=points_of("extract", "load"))
    assert tally.total >= 20
