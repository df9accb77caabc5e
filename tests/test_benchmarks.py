"""Each benchmark runs, at a tiny size: a figure that nobody can measure again is no figure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks.figures import Figure

PROJECT = Path(__file__).parents[1]
TINY = {
    "ingest": ["--events", "2000", "--dlt", "0"],
    "limited": ["--requests", "12", "--requests-per-minute", "600"],
    "memory": ["--few", "100", "--many", "500"],
    "history": ["--events-a-day", "20", "--long", "14", "--big-days", "5", "--big-events-a-day", "50", "--rounds", "1"],
    "disk": ["--events", "500"],
    "page": ["--developers", "20", "--days", "20", "--rounds", "1"],
}


def test_every_benchmark_is_tried_here():
    assert {benchmark.name for benchmark in bench.BENCHMARKS} == set(TINY)


@pytest.mark.parametrize("name", TINY)
def test_a_benchmark_runs_alone_and_measures_all_it_promises(tmp_path, name):
    figures_file = tmp_path / "figures.json"
    command = [sys.executable, "-m", f"benchmarks.{name}", *TINY[name], "--json", str(figures_file)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = [Figure(**values) for values in json.loads(figures_file.read_text("utf-8"))]
    assert any(figure.target for figure in figures)
    missing = [figure.name for figure in figures if figure.value is None and "dlt" not in figure.name]
    assert not missing


def test_the_page_says_of_each_figure_whether_it_reached_its_target():
    figures = [Figure("fast", 1.5, "times", most=1.8), Figure("slow", 5.9, "times", least=6), Figure("dlt", None, "s")]
    measured = {benchmark.name: figures for benchmark in bench.BENCHMARKS if benchmark.name != "memory"}
    page = bench.readme(measured, {"memory": "stopped after 9 minutes"})
    assert "| fast | 1.50 times | at most 1.8 | reached |" in page
    assert "| slow | 5.90 times | at least 6 | **short** |" in page
    assert "| dlt | - |  | not measured |" in page
    assert "**Not measured:** stopped after 9 minutes." in page
