"""Every named step until loading once in each way, and retries that come when time has moved on."""

from __future__ import annotations

import pytest

from tests.faults.sequences import Sequence, points_of
from tests.faults.world import World


def test_every_step_is_struck(tmp_path, fault_seed, tally):
    points = points_of("extract", "judge", "load")
    with World(fault_seed) as world:
        Sequence(world, tmp_path, fault_seed, tally).strike_each(points)
    assert tally.total == 2 * len(points) == 46


@pytest.mark.parametrize("number", range(2))
def test_raw_equals_the_newest_answer_also_where_time_passes_between_a_run_and_its_retry(
    tmp_path, fault_seed, tally, number
):
    seed = fault_seed + 100 + number
    with World(seed) as world:
        Sequence(world, tmp_path, seed, tally).strike_while_time_passes(32, points_of("extract", "load"))
    assert tally.total >= 25
