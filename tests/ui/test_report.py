"""The report's data: all teams, from one state of the published file, whole or not at all, with or without people."""

from __future__ import annotations

import pytest

from cursor_usage.ui.published import ProblemError
from cursor_usage.ui.report import report_pages, write_report
from cursor_usage.ui.view import Page
from tests.ui.published_marts import PublishedMarts


def names(pages: list[Page]) -> str:
    return repr(pages)


def test_the_report_has_a_page_of_each_team(published):
    pages = report_pages(published, with_people=True)
    assert [page.team_id for page in pages] == ["acme", "hollow"]
    assert all(page.has_people for page in pages)
    assert "developer00000@example.com" in names(pages)


def test_without_people_nobody_can_be_told(tmp_path):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme", people=6)
    pages = report_pages(tmp_path, with_people=False)
    assert not any(page.has_people for page in pages)
    said = names(pages)
    assert "example.com" not in said
    assert "Developer " not in said
    kept = {table.key for section in pages[0].sections for table in section.tables}
    assert {"totals", "causes", "restatements"} <= kept
    assert not {"costs", "reclaim", "developers_models", "savings", "missing"} & kept


def test_without_people_no_sentence_names_an_address(tmp_path):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme")
        figure = {"measure": "usage_value_usd", "label": "usage value", "measure_order": 2, "unit": "usd"}
        said = "2 addresses differ; the widest is $34.57 (ann@example.com)"
        marts.add("verification_totals", team_id="acme", **figure, verdict="drift", explanation=said)
        marts.sql("update verification_verdicts set sentence = 'Drift: most of it is of bob@example.com.'")
        marts.sql("update usage_attribution set what_to_do = 'Ask <eve@example.com>, or Cursor.'")
    assert all(
        f"{name}@example.com" in names(report_pages(tmp_path, with_people=True)) for name in ("ann", "bob", "eve")
    )
    (page,) = report_pages(tmp_path, with_people=False)
    assert "@" not in names([page])
    assert page.headline == page.sections[0].lead == "Drift: most of it is of an address."
    assert "2 addresses differ; the widest is $34.57 (an address)" in names([page])
    assert "Ask <an address>, or Cursor." in names([page])


def test_the_figures_are_those_of_the_page_with_people(published):
    with_people = report_pages(published, with_people=True)[0]
    without = report_pages(published, with_people=False)[0]
    assert [one.figures for one in without.sections] == [one.figures for one in with_people.sections]


def test_the_report_is_written_whole_and_only_for_its_owner(published):
    path = write_report(published, with_people=True, render=lambda pages: f"{len(pages)} teams")
    assert path == published / "report.html"
    assert path.read_text() == "2 teams"
    assert path.stat().st_mode & 0o077 == 0
    assert sorted(file.name for file in published.iterdir()) == ["marts.duckdb", "report.html"]


def test_a_report_that_cannot_be_made_leaves_the_old_one(published):
    def fail(_pages: object) -> str:
        raise RuntimeError

    write_report(published, with_people=True, render=lambda _: "old")
    with pytest.raises(RuntimeError):
        write_report(published, with_people=True, render=fail)
    assert (published / "report.html").read_text() == "old"


def test_nothing_published_is_an_error(tmp_path):
    with pytest.raises(ProblemError, match="Nothing is published yet"):
        write_report(tmp_path, with_people=True, render=repr)
