from __future__ import annotations

import os
import tempfile

import pytest
from fastapi.testclient import TestClient

from cursor_usage.ui.app import make_app
from tests.ui.published_marts import PublishedMarts

# Before Airflow is imported, so that it leaves the user's own home alone.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))


class PlainText:
    """Pages as their data, so that tests of what is said do not depend on how it looks."""

    def render_page(self, page) -> str:
        self.page = page
        return repr(page)

    def render_problem(self, problem, *, to_root) -> str:
        self.to_root = to_root
        return f"{problem.title}|{problem.sentence}|{problem.next_step}"


@pytest.fixture
def published(tmp_path):
    """The folder of a published file with a team, and with one of which nothing was loaded."""
    folder = tmp_path / "published"
    with PublishedMarts(folder) as marts:
        marts.add_team("acme")
        marts.add_empty_team("hollow")
    return folder


@pytest.fixture
def look():
    return PlainText()


@pytest.fixture
def client(published, look):
    """Everybody is let in: who is not is tested with Airflow's own auth."""
    return TestClient(make_app(lambda: published, lambda: None, look))
