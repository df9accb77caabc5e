"""``make verify`` as an administrator says it: the dashboard's figures of this moment against what is loaded."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from rich.console import Console

from cursor_usage.console.verify import verify_dashboard
from cursor_usage.pipeline import replay as replay_module
from cursor_usage.pipeline import verify as verify_module
from cursor_usage.pipeline.build import DBT_PROJECT
from cursor_usage.pipeline.errors import BuildError
from cursor_usage.pipeline.seeds import merge_seeds
from cursor_usage.warehouse.connection import writer
from tests.cursor_api_simulator import Simulator
from tests.pipeline.pipeline_runner import PipelineRunner

pytestmark = pytest.mark.timeout(900)  # a run and two builds

NOW = datetime(2026, 11, 24, 5, 45, tzinfo=UTC)


@pytest.fixture(scope="module")
def two_teams(tmp_path_factory):
    """Two teams, loaded a quarter of an hour ago and published."""
    with Simulator(seed=3, seats=8, events_per_day=40, clock="2026-11-24T05:30:00Z") as simulator:
        data = tmp_path_factory.mktemp("verified") / "data"
        PipelineRunner(simulator, data, "globex").until_load()
        runner = PipelineRunner(simulator, data)
        runner.run()
        yield runner


@pytest.fixture
def published(two_teams, monkeypatch):
    monkeypatch.setenv("CURSOR_DATA_DIR", str(two_teams.data.root))
    monkeypatch.delenv("CURSOR_SEEDS_DIR", raising=False)
    return two_teams


@pytest.fixture
def console():
    return Console(file=io.StringIO(), width=200)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def known(runner: PipelineRunner, measure: str, source: str | None = None) -> Decimal:
    reference = f"'{source}'" if source else "null"
    [(value,)] = runner.mart(
        f"select warehouse_value from verification_totals where team_id = 'acme' and measure = '{measure}' "
        f"and reference_source is not distinct from {reference}"
    )
    return Decimal(value)


def test_figures_of_now_are_compared_published_and_kept_for_later_runs(published, console):
    on_demand = known(published, "cycle_on_demand_usd", "cursor_spend_api").quantize(Decimal("0.01"), ROUND_HALF_UP)
    included = known(published, "cycle_included_usage_usd", "cursor_spend_api").quantize(Decimal("0.01"), ROUND_HALF_UP)
    requests = int(known(published, "requests"))
    texts = {
        "ON_DEMAND": f"${on_demand:,}",
        "INCLUDED": f"{included + 100}",
        "USAGE_VALUE": "",
        "SEATS": str(int(known(published, "paid_seats"))),
        "REQUESTS": f"{2 * requests:,}",
    }
    assert verify_dashboard(texts, "acme", console, read_at=NOW) == 0
    text = text_of(console)
    assert f"here ${on_demand:,}, on the dashboard ${on_demand:,}" in text
    assert text.count("MATCHED: Equal") == 2
    assert f"here ${included:,}, on the dashboard ${included + 100:,}, difference -$100.00" in text
    assert f"  here {requests:,}, on the dashboard {2 * requests:,}, difference {-requests:,}" in text
    assert f"DRIFT: Differs by {requests}, " in text
    assert f"unexplained: {-requests} is not explained: no rows prove a cause." in text
    assert "unexplained: -$" in text
    assert "not settled: Up to $" in text
    assert "The team's verdict: Not matched: " in text

    # The report is of the same state as the marts.
    assert "Not matched: " in (published.data.published / "report.html").read_text()

    # Published, and of this team only; the dates are those of the open cycle, of the window and of its last day.
    rows = published.mart(
        "select measure, window_start_date::varchar, window_end_date::varchar, verdict from verification_totals "
        "where reference_source = 'dashboard' order by 1"
    )
    window = published.mart(
        "select distinct window_start_date::varchar, window_end_date::varchar from verification_totals "
        "where team_id = 'acme' and measure = 'input_tokens'"
    )[0]
    [(cycle_start,)] = published.mart(
        "select window_start_date::varchar from verification_totals where team_id = 'acme' "
        "and measure = 'cycle_on_demand_usd' and reference_source = 'cursor_spend_api'"
    )
    assert [row[:3] for row in rows] == [
        ("cycle_included_usage_usd", cycle_start, "2026-11-24"),
        ("cycle_on_demand_usd", cycle_start, "2026-11-24"),
        ("paid_seats", "2026-11-23", "2026-11-23"),
        ("requests", *window),
    ]
    assert [row[3] for row in rows if row[0] in ("cycle_on_demand_usd", "paid_seats")] == ["matched"] * 2
    with (published.data.seeds / "dashboard_totals.csv").open(newline="") as file:
        written = list(csv.DictReader(file))
    assert {row["team_id"] for row in written} == {"acme"}
    assert {row["read_at"] for row in written} == {"2026-11-24 05:45:00"}
    assert len(written) == 4
    # What a build said is history, also where no run was its reason.
    assert published.mart(
        "select count(*) from verification_history where reference_source = 'dashboard' and is_current"
    ) == [(4,)]
    assert published.raw("select count(*) from raw.verdicts where reference_source = 'dashboard'") == [(4,)]


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({}, "Say at least one figure that the Team Admin dashboard shows now: ON_DEMAND= on-demand usage"),
        ({"ON_DEMAND": " ", "SEATS": ""}, "Say at least one figure"),
        ({"ON_DEMAND": "twelve"}, r"ON_DEMAND=twelve is no figure: write on-demand usage .* as 1234\.56\."),
        ({"INCLUDED": "-1"}, "INCLUDED=-1 is no figure"),
        ({"ON_DEMAND": "123,45"}, "ON_DEMAND=123,45 is no figure"),
        ({"ON_DEMAND": "1.234,56"}, r"ON_DEMAND=1\.234,56 is no figure"),
        ({"ON_DEMAND": ",234.56"}, r"ON_DEMAND=,234\.56 is no figure"),
        ({"SEATS": "1_000"}, "SEATS=1_000 is no figure"),
        ({"USAGE_VALUE": "nan"}, "USAGE_VALUE=nan is no figure"),
        ({"USAGE_VALUE": "1e20"}, "USAGE_VALUE=1e20 is no figure"),
        ({"USAGE_VALUE": "0.123456789"}, "USAGE_VALUE=0.123456789 is no figure"),
        ({"SEATS": "7.5"}, r"SEATS=7\.5 is no whole number: write paid seats as 1234\."),
        ({"REQUESTS": "10 000"}, r"REQUESTS=10 000 is no figure: .* as 1234\."),
    ],
)
def test_a_figure_that_cannot_be_read_ends_with_a_sentence(console, texts, says):
    with pytest.raises(SystemExit, match=says):
        verify_dashboard(texts, "", console)


def test_without_anything_published_it_says_so_and_makes_nothing(console, tmp_path, monkeypatch):
    monkeypatch.setenv("CURSOR_DATA_DIR", str(tmp_path / "data"))
    with pytest.raises(SystemExit, match=r"There is nothing to verify: .*published\. `make run` loads and publishes"):
        verify_dashboard({"SEATS": "7"}, "", console)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("team", "says"),
    [
        ("", "There are 2 teams: say of which one the figures are, TEAM= one of acme, globex"),
        ("initech", "There is no team 'initech' in what is published: TEAM= is one of acme, globex"),
    ],
)
def test_the_team_has_to_be_named_among_several(published, console, team, says):
    before = sorted(published.data.seeds.glob("*"))
    with pytest.raises(SystemExit, match=says):
        verify_dashboard({"SEATS": "7"}, team, console, read_at=NOW)
    assert sorted(published.data.seeds.glob("*")) == before


def test_a_build_that_fails_leaves_the_users_file_as_it_was(published, console, monkeypatch, tmp_path):
    def fails(*_):
        raise BuildError("dbt failed: a test.")

    monkeypatch.setattr(verify_module, "build_marts", fails)
    monkeypatch.setenv("CURSOR_SEEDS_DIR", str(tmp_path))
    with pytest.raises(SystemExit, match="dbt failed: a test"):
        verify_dashboard({"SEATS": "7"}, "acme", console, read_at=NOW)
    assert list(tmp_path.iterdir()) == []
    # As a spreadsheet writes it, without a line end after the last row.
    mine = tmp_path / "dashboard_totals.csv"
    content = (
        b"\xef\xbb\xbfteam_id,measure,start_date,end_date,value,read_at\r\nacme,paid_seats,2026-11-01,2026-11-01,7,"
    )
    mine.write_bytes(content)
    with pytest.raises(SystemExit, match="dbt failed: a test"):
        verify_dashboard({"SEATS": "7"}, "acme", console, read_at=NOW)
    assert mine.read_bytes() == content
    while_building = []

    def looks_and_fails(*_):
        while_building.append(mine.read_bytes())
        fails()

    monkeypatch.setattr(verify_module, "build_marts", looks_and_fails)
    with pytest.raises(SystemExit, match="dbt failed"):
        verify_dashboard({"SEATS": "7"}, "acme", console, read_at=NOW)
    row = b"acme,paid_seats,2026-11-23,2026-11-23,7,2026-11-24 05:45:00\r\n"
    assert while_building == [content + b"\r\n" + row]


def test_what_the_user_writes_during_a_build_that_fails_is_kept(published, console, monkeypatch, tmp_path, caplog):
    mine = tmp_path / "mine.csv"
    mine.write_text("team_id,measure,start_date,end_date,value,read_at\n")
    (tmp_path / "dashboard_totals.csv").symlink_to(mine)
    monkeypatch.setenv("CURSOR_SEEDS_DIR", str(tmp_path))

    def edits_and_fails(*_):
        mine.write_text("mine\n")
        raise BuildError("dbt failed: a test.")

    monkeypatch.setattr(verify_module, "build_marts", edits_and_fails)
    with pytest.raises(SystemExit, match="dbt failed: a test"):
        verify_dashboard({"SEATS": "7"}, "acme", console, read_at=NOW)
    assert mine.read_text() == "mine\n"
    assert (tmp_path / "dashboard_totals.csv").is_symlink()
    assert "was changed meanwhile" in caplog.text


def test_a_figure_of_a_cycle_that_is_not_loaded_yet_is_refused(published, console):
    with pytest.raises(SystemExit, match=r"ended at 2026-12-03 13:06 UTC, .* `make run`, then read and verify again"):
        verify_dashboard({"ON_DEMAND": "0"}, "acme", console, read_at=datetime(2026, 12, 3, 14, tzinfo=UTC))
    assert not (published.data.seeds / "dashboard_totals.csv").exists() or (
        "2026-12-03" not in (published.data.seeds / "dashboard_totals.csv").read_text()
    )


def test_a_users_file_with_other_columns_is_named_and_not_written(published, console, monkeypatch, tmp_path):
    mine = tmp_path / "dashboard_totals.csv"
    mine.write_text("team,value\n")
    monkeypatch.setenv("CURSOR_SEEDS_DIR", str(tmp_path))
    with pytest.raises(SystemExit, match=r"dashboard_totals\.csv must have the header team_id,measure"):
        verify_dashboard({"SEATS": "7"}, "acme", console, read_at=NOW)
    assert mine.read_text() == "team,value\n"
    monkeypatch.setenv("CURSOR_SEEDS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(SystemExit, match=r"CURSOR_SEEDS_DIR is .*nowhere, which is not a folder"):
        verify_dashboard({"SEATS": "7"}, "acme", console, read_at=NOW)


def test_it_waits_for_who_writes_the_warehouse(published, console, monkeypatch):
    monkeypatch.setattr(verify_module, "writer", lambda path, **words: writer(path, **words, wait_seconds=0.1))
    held = writer(published.data.warehouse, purpose="loading acme, run 7")
    with held, pytest.raises(SystemExit, match=r"is being written by process \d+ \(loading acme, run 7"):
        verify_dashboard({"SEATS": "7"}, "acme", console, read_at=NOW)


def test_the_data_directorys_own_seeds_are_read_by_every_build(published, monkeypatch, tmp_path):
    """The file that ``make verify`` writes where no folder is set; a replay builds elsewhere, and reads it too."""
    own = tmp_path / "seeds"
    own.mkdir()
    (own / "dashboard_totals.csv").write_text("team_id,measure,start_date,end_date,value,read_at\nacme,requests,,,1,\n")
    merged = merge_seeds(DBT_PROJECT / "seeds", tmp_path / "merged", own)
    assert "acme,requests" in (merged / "dashboard_totals.csv").read_text()
    assert (merged / "seat_prices.csv").read_text() == (DBT_PROJECT / "seeds" / "seat_prices.csv").read_text()
    (tmp_path / "mine").mkdir()
    monkeypatch.setenv("CURSOR_SEEDS_DIR", str(tmp_path / "mine"))
    merged = merge_seeds(DBT_PROJECT / "seeds", tmp_path / "merged", own)
    assert "acme,requests" not in (merged / "dashboard_totals.csv").read_text()

    built_with = []
    monkeypatch.setattr(replay_module, "build_marts", lambda *arguments: built_with.append(arguments[3]))
    monkeypatch.setattr(replay_module, "publish", lambda *_: {})
    replay_module.replay(published.data)
    assert built_with == [published.data.seeds]
