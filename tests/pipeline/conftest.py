"""A simulator and a pipeline over a data directory of its own."""

from __future__ import annotations

import pytest

from tests.cursor_api_simulator import Simulator
from tests.pipeline.pipeline_runner import PipelineRunner

MORNING = "2026-11-24T05:30:00Z"


@pytest.fixture
def simulator():
    with Simulator(seed=3, seats=12, events_per_day=60, clock=MORNING) as running:
        yield running


@pytest.fixture
def pipeline(simulator, tmp_path):
    return PipelineRunner(simulator, tmp_path / "data")
