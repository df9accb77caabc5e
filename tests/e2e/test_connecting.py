"""From the log-in to a green run, as the page docs/connect.md tells it, in a real browser on a real Airflow."""

from __future__ import annotations

import duckdb
import pytest
from playwright.sync_api import expect

from tests.e2e import steps
from tests.e2e.system import DAG_ID, Team


def test_a_wrong_password_is_not_let_in(system, browser):
    context = browser.new_context(base_url=system.url)
    page = context.new_page()
    steps.send_log_in(page, "admin", "not the password")
    expect(page.get_by_text("Invalid credentials")).to_be_visible()
    assert "/auth/login" in page.url
    context.close()


def test_airflow_finds_nothing_wrong_with_the_plugins_and_the_dag(system, page):
    page.goto("/")
    expect(page.get_by_text("Active Dags")).to_be_visible()
    expect(page.get_by_text("Import Error")).to_have_count(0)
    with system.api() as api:
        assert api.get("/plugins/importErrors").json()["import_errors"] == []
        assert api.get("/importErrors").json()["import_errors"] == []


def test_the_connection_form_says_what_each_field_is(page):
    form = steps.open_connection_form(page)
    expect(form.get_by_label("Base URL")).to_have_attribute("placeholder", "https://api.cursor.com")
    # It is typed blind, and the fields that Cursor's API has no use for are not asked for.
    expect(form.get_by_label("Admin API key")).to_have_attribute("type", "password")
    for unused in ("Login", "Port", "Schema"):
        expect(form.get_by_label(unused, exact=True)).to_have_count(0)
    steps.open_part(form, "Extra Fields")
    for label in ("Team ID", "Requests per minute"):
        field = form.get_by_role("group").filter(has_text=label)
        expect(field.get_by_role("textbox")).to_be_visible()
        # More than the label: a sentence stands beside the box.
        assert len(field.inner_text().replace(label, "").strip()) > len(label)


def test_a_wrong_key_is_told_before_anything_runs(system, page):
    wrong = Team("cursor_wrong_key", "wrong-key", system.teams[0].url, "key_that_nobody_made")
    form = steps.open_connection_form(page)
    steps.fill_connection_form(form, wrong)
    steps.save(page, form, wrong.connection_id)
    answer = steps.press_test(page, wrong.connection_id).inner_text()
    with system.api() as api:
        api.delete(f"/connections/{wrong.connection_id}").raise_for_status()
    assert "Failed" in answer
    assert "key" in answer
    assert wrong.key not in answer


def test_test_answers_what_the_key_may_read(system, connected, page):
    assert set(connected) == {team.connection_id for team in system.teams}
    for answer in connected.values():
        assert "Test Connection Successful" in answer
        for endpoint in ("members", "spend", "daily usage", "usage events"):
            assert endpoint in answer


def test_the_key_is_not_shown_again(system, connected, page):
    team = system.teams[0]
    page.goto("/connections")
    steps.row_of(page, team.connection_id).get_by_role("button", name="Edit Connection").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_label("Base URL")).to_have_value(team.url)
    assert form.get_by_label("Admin API key").input_value() != team.key
    assert team.key not in page.content()


def test_before_the_first_run_the_cursor_page_says_what_to_do(system, page, watch):
    if system.published.exists():
        pytest.skip("the system that is kept up has published already")
    page.goto("/")
    page.get_by_role("link", name="Cursor").click()
    cursor = page.frame_locator('iframe[title="Cursor"]')
    expect(cursor.get_by_role("heading", level=1)).to_contain_text("Nothing is published yet")
    expect(cursor.get_by_text(DAG_ID)).to_be_visible()
    # The one complaint is the browser's, of the answer's status.
    assert [error for error in watch.errors if "503" not in error] == []
    watch.errors.clear()


def test_each_parameter_of_a_run_is_explained_in_the_form(system, connected, page):
    with system.api() as api:
        params = api.get(f"/dags/{DAG_ID}/details").raise_for_status().json()["params"]
    form = steps.open_trigger_form(page)
    assert {"connection_ids", "start_date", "end_date"} <= set(params)
    for name, param in params.items():
        steps.open_part(form, param["schema"]["section"])
        field = form.get_by_role("group").filter(has_text=param["schema"].get("title") or name)
        assert len(param["description"]) > 10, name
        expect(field.get_by_text(param["description"]).first).to_be_visible()


def test_the_triggered_run_goes_green(system, green_run, page):
    page.goto(f"/dags/{DAG_ID}/runs/{green_run}")
    expect(steps.run_state(page)).to_have_text("Success")
    with system.api() as api:
        tasks = api.get(f"/dags/{DAG_ID}/dagRuns/{green_run}/taskInstances").raise_for_status().json()["task_instances"]
    # One extract, judge and load for each team, and what they share.
    assert len(tasks) == 4 + 3 * len(system.teams)
    assert {task["state"] for task in tasks} == {"success"}


def test_the_run_published_every_team_with_a_verdict(system, green_run):
    with duckdb.connect() as session:
        session.execute(f"attach '{system.published}' as published (read_only)")
        verdicts = session.execute("select team_id, verdict from published.marts.verification_verdicts").fetchall()
    assert dict(verdicts) == {team.team_id: "matched" for team in system.teams}


def test_the_runs_note_has_each_teams_verdict(system, green_run):
    with system.api() as api:
        note = api.get(f"/dags/{DAG_ID}/dagRuns/{green_run}").raise_for_status().json()["note"]
    with duckdb.connect() as session:
        session.execute(f"attach '{system.published}' as published (read_only)")
        session.execute("use published.marts")
        said = session.execute("select team_id, verdict, sentence from verification_verdicts").fetchall()
    assert len(said) == len(system.teams)
    for team_id, verdict, sentence in said:
        assert f"`{team_id}`: **{verdict}**" in note
        assert sentence in note


def test_no_key_is_in_what_airflow_wrote(system, green_run):
    log = system.data_dir.parent / "airflow.log"
    written = [log, *(path for path in (system.data_dir.parent / "airflow" / "logs").rglob("*") if path.is_file())]
    assert len(written) > 1
    for path in written:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not any(team.key in text for team in system.teams), path
