"""Whole runs with dbt and publishing in them, killed and failed: raw, marts and what is published end as in a twin."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.points import Strike
from tests.faults.seeds import seeds_that_fail_a_test
from tests.faults.sequences import Sequence
from tests.faults.world import ApiStrike, World

pytestmark = pytest.mark.timeout(900)  # some thirty builds

# Of the nodes that dbt starts: seeds come first, marts and their tests last.
DBT_NODES = (2, 150, 290)


def test_marts_and_what_is_published_equal_the_twins_after_the_next_good_run(tmp_path, fault_seed, tally):
    strikes: list[Strike | ApiStrike | Path] = [
        *(Strike("build: dbt node", nth, "dbt dies" if nth == DBT_NODES[1] else "kill") for nth in DBT_NODES),
        Strike("build: begun", how="disk full"),
        Strike("build: dbt passed"),
        Strike("build: after pass"),
        seeds_that_fail_a_test(tmp_path / "seeds"),
        ApiStrike("globex", "wrong_key"),
    ]
    random.Random(fault_seed).shuffle(strikes)
    with World(fault_seed) as world:
        Sequence(world, tmp_path, fault_seed, tally).strike_whole_runs(strikes, moments=1)
    assert tally.total == len(strikes) == 8
