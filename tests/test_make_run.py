"""What `make run` does for a person: one real run of the DAG by Airflow, its exit status, its words."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cursor_usage.settings import PROJECT_DIR
from tests.cursor_api_simulator import Simulator

TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="module")
def simulator():
    with Simulator(seed=3, seats=12, events_per_day=60, clock=TODAY) as running:
        yield running


def connection(simulator: Simulator, key: str, team_id: str) -> str:
    extra = {"team_id": team_id, "requests_per_minute": 6000}
    return json.dumps({"conn_type": "cursor", "host": simulator.url, "password": key, "extra": extra})


def run(data: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "CURSOR"))}
    return subprocess.run(
        [sys.executable, "-m", "cursor_usage.console", "run", *arguments],
        cwd=PROJECT_DIR,
        env={**inherited, "CURSOR_DATA_DIR": str(data), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def marts(data: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every published mart but the publications, without the instants that are each run's own."""
    with duckdb.connect() as session:
        session.execute(f"attach '{data}/published/marts.duckdb' as published (read_only)")
        names = session.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
        return {
            name: session.execute(
                "select columns(c -> c not in "
                "('snapshot_at', 'closing_snapshot_at', 'last_checked_at', 'last_granted_at')) "
                f"from published.marts.{name} order by all"
            ).fetchall()
            for (name,) in names
            if name != "publications"
        }


def words(done: subprocess.CompletedProcess[str]) -> str:
    """Everything that was printed, with line breaks as spaces."""
    return " ".join((done.stdout + done.stderr).split())


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The first run of somebody who has no key."""
    data = tmp_path_factory.mktemp("demo") / "data"
    done = run(data)
    assert done.returncode == 0, words(done)[-3000:]
    return data, done


def test_the_demo_says_what_it_is_and_ends_with_a_matched_verdict(demo):
    data, done = demo
    text = words(done)
    assert "No connection is set: this is a demo." in text
    assert "Verdict: MATCHED" in text
    for shown in ("usage_events", "Data quality", "Adoption gap", "Model mix", "Open cycle", str(data)[:20]):
        assert shown in text
    assert duckdb.sql(f"select count(*) > 0 from '{data}/published/usage_costs.parquet'").fetchone() == (True,)
    assert re.search(r"report +\S*report\.html", text)
    assert "Matched to the cent" in (data / "published" / "report.html").read_text()


def test_the_demo_ends_with_cost_waste_overage_and_trust_in_fifteen_lines_at_most(demo):
    _, done = demo
    told = re.search(
        r"== Team demo in (\d+) lines =+ Cost (.+) Waste (.+) Overage (.+) Trust (.+) == Files", words(done)
    )
    assert told is not None
    assert 12 <= int(told[1]) <= 15
    for section, answer in enumerate(("so far in the cycle", "paid seats idle", "to date, about", "matched"), start=2):
        assert answer in told[section]


def test_the_demo_again_on_the_same_day_leaves_every_marts_rows_equal(demo):
    data, _ = demo
    before = marts(data)
    done = run(data)
    assert done.returncode == 0, words(done)[-3000:]
    assert marts(data) == before


def test_a_wrong_key_fails_with_its_next_step_and_changes_nothing(simulator, tmp_path):
    done = run(tmp_path / "data", AIRFLOW_CONN_CURSOR_DEFAULT=connection(simulator, "key_of_another_kind", "acme"))
    text = words(done)
    assert done.returncode == 1
    assert "refused the key" in text
    assert "made by a team admin" in text
    assert "key_of_another_kind" not in text
    assert not (tmp_path / "data" / "published" / "marts.duckdb").exists()


def test_a_second_team_with_a_bad_key_fails_alone(simulator, tmp_path):
    done = run(
        tmp_path / "data",
        CURSOR_CONNECTION_IDS="cursor_a,cursor_b",
        AIRFLOW_CONN_CURSOR_A=connection(simulator, simulator.key, "acme"),
        AIRFLOW_CONN_CURSOR_B=connection(simulator, "wrong", "globex"),
    )
    assert done.returncode == 1
    verdicts = {row[0]: row[1] for row in marts(tmp_path / "data")["verification_verdicts"]}
    assert verdicts == {"acme": "matched", "globex": "inconclusive"}
    assert "Team 'globex' failed" in words(done)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--start", "2026-10-31", "--end", "2026-10-01"), "START"),
        (("--start", str(TODAY), "--end", str(TODAY + timedelta(days=3))), "not over"),
        (("--start", "yesterday"), "not a date"),
    ],
)
def test_days_that_cannot_be_loaded_are_refused_before_anything_is_fetched(simulator, tmp_path, arguments, says):
    before = len(simulator.requests)
    secret = connection(simulator, simulator.key, "acme")
    done = run(tmp_path / "data", *arguments, AIRFLOW_CONN_CURSOR_DEFAULT=secret)
    assert done.returncode == 1
    assert says in words(done)
    assert len(simulator.requests) == before


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    done = run(tmp_path / "file" / "data", AIRFLOW_CONN_CURSOR_DEFAULT='{"conn_type": "cursor", "password": "k"}')
    assert done.returncode == 1
    assert "Set CURSOR_DATA_DIR to a folder that this user may write" in words(done)
