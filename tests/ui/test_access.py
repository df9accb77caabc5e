"""Airflow's own auth before the page, in Airflow's own app: 401 without a session, 403 without the right, else 200."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from cursor_usage.settings import PROJECT_DIR
from cursor_usage.ui.plugin import CursorPagePlugin
from tests.ui.published_marts import PublishedMarts

PERSON = "developer00000@example.com"
PAGES = ("/cursor/", "/cursor/reclaim.csv")
CLOSED = (*PAGES, "/cursor/report.html", "/cursor/docs/x", "/cursor/nowhere")
BY = ("cookie", "bearer")


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What Airflow answers to each user at each address, in a process with a home and a database of its own."""
    home = tmp_path_factory.mktemp("airflow")
    with PublishedMarts(home / "data" / "published") as marts:
        marts.add_team("acme")
    (home / "data" / "published" / "report.html").write_text(PERSON)
    done = subprocess.run(
        [sys.executable, "-m", "tests.ui.airflow_answers"],
        cwd=PROJECT_DIR,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "CURSOR"))},
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_DIR / "plugins"),
            "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of this test, long enough for the algorithm that signs with it",
            "CURSOR_DATA_DIR": str(home / "data"),
            "PYTHONPATH": os.pathsep.join([str(PROJECT_DIR), str(PROJECT_DIR / "plugins")]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert PERSON not in done.stderr
    return found


@pytest.mark.parametrize("address", CLOSED)
def test_without_a_session_nothing_is_answered(answers, address):
    answer = answers[f"nobody {address}"]
    assert answer["status"] == 401
    assert PERSON not in answer["text"]


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("address", CLOSED)
@pytest.mark.parametrize(("who", "statuses"), [("no role", {403}), ("expired", {401}), ("forged", {401, 403})])
def test_without_the_right_nothing_is_answered(answers, who, statuses, by, address):
    answer = answers[f"{who} by {by} {address}"]
    assert answer["status"] in statuses
    assert PERSON not in answer["text"]


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("who", ["viewer", "admin"])
def test_who_may_view_the_dag_reads_the_page(answers, who, by):
    page = answers[f"{who} by {by} /cursor/"]
    assert (page["status"], page["type"]) == (200, "text/html; charset=utf-8")
    assert PERSON in page["text"]
    table = answers[f"{who} by {by} /cursor/reclaim.csv"]
    assert (table["status"], table["type"]) == (200, "text/csv; charset=utf-8")
    assert "example.com" in table["text"]
    assert answers[f"{who} by {by} /cursor/report.html"]["text"] == PERSON
    assert answers[f"{who} by {by} /cursor/nowhere"]["status"] == 404


def test_static_files_are_open(answers):
    assert answers["nobody /cursor/static/echarts.min.js"]["status"] == 200


def test_the_page_is_in_the_navigation(answers):
    views = [view for plugin in answers["plugins"]["plugins"] for view in plugin["external_views"]]
    assert [(view["name"], view["href"], view["destination"]) for view in views] == [("Cursor", "cursor/", "nav")]
    # Relative too, so that both hold behind a base URL with a path.
    assert [view["icon"] for view in views] == ["cursor/static/icon.svg"]
    assert answers["nobody /cursor/static/icon.svg"]["status"] == 200


def test_airflow_finds_the_plugin_by_its_entry_point():
    (found,) = [point for point in entry_points(group="airflow.plugins") if point.name == "cursor_usage_page"]
    assert found.load() is CursorPagePlugin
