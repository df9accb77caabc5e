"""A world of two teams, the seed, and what was injected."""

from __future__ import annotations

import pytest

from tests.faults.tally import Tally


@pytest.fixture(scope="session")
def fault_seed(request) -> int:
    """What all randomness follows from; printed where a test fails."""
    return int(request.config.getoption("--seed"))


@pytest.fixture
def tally(request):
    """The test's own count, which the terminal's summary adds up over all test processes."""
    counts = Tally()
    yield counts
    request.node.user_properties.append(counts.as_property())
