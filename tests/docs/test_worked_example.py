"""The new mart of docs/develop.md, added to a copy of the project as the page says, builds, and says what it should."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest

from cursor_usage.settings import PROJECT_DIR
from tests.dbt_project.warehouse_builder import DBT_PROJECT, WarehouseBuilder, daily, event, member, spend

PAGE = PROJECT_DIR / "docs" / "develop.md"
MART = "weekly_active_developers"
_NAMED_BLOCK = re.compile(r"^`(?P<path>[\w/]+\.\w+)`\n\n```\w+\n(?P<text>.*?)^```$", flags=re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.timeout(600)


def files() -> dict[str, str]:
    """The example's files by their path in the project."""
    return {found["path"]: found["text"] for found in _NAMED_BLOCK.finditer(PAGE.read_text(encoding="utf-8"))}


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> WarehouseBuilder:
    folder = tmp_path_factory.mktemp("example")
    project = folder / "dbt_project"
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    for path, text in files().items():
        if path.startswith("dbt_project/"):
            target = folder / path
            assert not target.exists(), f"the example would write over {path}"
            target.write_text(text, encoding="utf-8")
    (folder / "warehouse").mkdir()
    return WarehouseBuilder(folder / "warehouse", project=project)


def test_the_page_shows_every_file_of_the_example() -> None:
    assert set(files()) == {
        "dbt_project/models/marts/_weekly.yml",
        "dbt_project/models/marts/_weekly__unit_tests.yml",
        f"dbt_project/models/marts/{MART}.sql",
        "dbt_project/models/_weekly_exposure.yml",
        "tests/oracle/weekly.py",
    }


def test_the_mart_builds_with_its_tests_and_counts_each_person_once_a_week(builder: WarehouseBuilder) -> None:
    builder.add_team_run()
    week = ("2026-11-01", "2026-11-08")
    events = [
        event("2026-11-01 12:00", "ann@example.com", 1),
        event("2026-11-02 00:00", "ann@example.com", 1, model="claude-4.5-sonnet"),
        event("2026-11-08 23:59", "ann@example.com", 1),
        event("2026-11-08 23:59", None, 1),
        event("2026-11-08 12:00", "bob@example.com", 0, kind="Errored, Not Charged"),
    ]
    builder.add_events(week, events)
    builder.add_daily(week, [daily("2026-11-01", "ann@example.com")])
    builder.add_members_snapshot("2026-11-09 06:00", [member("ann@example.com"), member("bob@example.com")])
    builder.add_spend_snapshot("2026-11-09 06:00", "2026-10-20 09:00", [spend("ann@example.com", 5)])
    builder.write()
    # Cautious: a test that compares this model's ancestors with other marts has nothing to compare here.
    chosen = ("--select", f"+{MART}", "--indirect-selection", "cautious", "--exclude-resource-type", "unit_test")
    built = builder.dbt("build", *chosen)
    assert built.is_green, built.output
    assert builder.query(f"select * exclude (team_id) from marts.{MART} order by week_start_date") == [
        {"week_start_date": date(2026, 10, 26), "active_developers": 1, "requests": 1},
        {"week_start_date": date(2026, 11, 2), "active_developers": 1, "requests": 3},
    ]
    assert built.statuses()[f"{MART}_has_one_row_per_team_and_week"] == "pass"

    unit_tests = builder.dbt("test", "--select", f"{MART},test_type:unit")
    assert unit_tests.is_green, unit_tests.output
    assert set(unit_tests.statuses().values()) == {"pass"}

    exposures = built.artifact("manifest")["exposures"].values()
    read = {name for exposure in exposures for name in exposure["depends_on"]["nodes"]}
    assert f"model.cursor_usage.{MART}" in read


def test_the_second_computation_lists_the_mart(tmp_path: Path) -> None:
    names: dict[str, object] = {}
    exec(compile(files()["tests/oracle/weekly.py"], "weekly.py", "exec"), names)  # noqa: S102  # our own page
    assert list(names["MARTS"]) == [MART]  # type: ignore[call-overload]  # a dict, see the page
