"""The page over HTTP: good and bad requests, and a published file that is not as it should be."""

from __future__ import annotations

import csv
import io
import re
import shutil
import threading

import duckdb
import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient

from cursor_usage.ui.app import make_app
from cursor_usage.ui.page import TABLES
from cursor_usage.ui.published import PublishedFile
from tests.ui.published_marts import LAST_DAY, PublishedMarts

INJECTIONS = (
    "'; drop table marts.usage_costs; --",
    "x' or '1'='1",
    "1) union select current_setting('secret_directory') --",
    "(select content from read_text('/etc/passwd'))",
    "email desc; attach '/tmp/x.duckdb' as y",
    '"email"',
    "$1",
    "\x00",
    "%27%20or%201=1",
    "é" * 400,
)


def rows_of(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text)))


def table(page, key):
    return next(table for section in page.sections for table in section.tables if table.key == key)


# --- what is there ---------------------------------------------------------------------------------------------------


def test_the_page_has_its_sections_in_their_order(client, look):
    assert client.get("/").status_code == 200
    assert [section.key for section in look.page.sections] == [
        "verdict",
        "cost",
        "seats",
        "overage",
        "models",
        "tokens",
        "attribution",
        "freshness",
        "access",
    ]
    assert look.page.headline == "Matched to the cent: on-demand usage of acme."
    assert (look.page.team_id, look.page.window.key, look.page.window.end_date) == ("acme", "14_days", LAST_DAY)
    assert {one.key for section in look.page.sections for one in section.tables} <= set(TABLES)


@pytest.mark.parametrize("window", ["14_days", "open_cycle", "30_days", "90_days", "all"])
def test_a_window_can_be_chosen(client, look, window):
    client.get("/", params={"window": window})
    assert look.page.window.key == window
    assert window in [one.key for one in look.page.windows]


def test_a_window_that_the_team_does_not_have_is_the_default(client, look):
    client.get("/", params={"window": "previous_cycle"})
    assert look.page.window.key == "14_days"


def test_an_empty_team_has_a_page(client, look):
    assert client.get("/", params={"team": "hollow"}).status_code == 200
    assert look.page.headline == "Nothing is loaded yet."
    assert not table(look.page, "reclaim").rows


@pytest.mark.parametrize("team", ["acme", "hollow"])
@pytest.mark.parametrize("key", TABLES)
def test_every_table_can_be_had_as_csv(client, key, team):
    answer = client.get(f"/{key}.csv", params={"team": team})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="cursor-{key}-{team}-14_days.csv"'
    assert answer.text.splitlines()[0].count(",") > 3


def test_a_csv_has_all_rows_in_the_order_that_was_asked_for(tmp_path, look):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme", people=70)
    client = TestClient(make_app(lambda: tmp_path, lambda: None, look))
    asked = {"costs.sort": "-on_demand_usd"}
    rows = rows_of(client.get("/costs.csv", params=asked))
    amounts = [float(row["on_demand_usd"]) for row in rows]
    assert len(rows) == 70
    assert amounts == sorted(amounts, reverse=True)
    pages = []
    for number in range(1, 8):
        client.get("/", params={**asked, "costs.page": number})
        shown = table(look.page, "costs")
        assert shown.total_rows == 70
        pages += [row[0] for row in shown.rows]
    assert pages == [row["email"] for row in rows]
    assert look.page.parameters == {"costs.sort": "-on_demand_usd", "costs.page": "7"}


def test_a_page_beyond_the_last_is_the_last(client, look):
    client.get("/", params={"costs.page": "999999999"})
    assert (table(look.page, "costs").page, table(look.page, "costs").total_rows) == (1, 3)


@pytest.mark.parametrize("page", ["0", "-1", "1e9", "99999999999999999999", "½", "", "1; drop table x"])
def test_a_page_that_is_none_is_the_first(client, look, page):
    assert client.get("/", params={"costs.page": page}).status_code == 200
    assert table(look.page, "costs").page == 1


def test_cells_that_a_spreadsheet_would_run_are_text(published, client):
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "plain"]
    with duckdb.connect(published / "marts.duckdb") as session:
        session.execute("delete from marts.marts.adoption_gaps")
        for name in names:
            session.execute(
                "insert into marts.marts.adoption_gaps (team_id, email, name, is_adoption_gap, monthly_seat_fee_usd) "
                "values ('acme', ?, ?, true, -1.5)",
                [f"{len(name)}@example.com", name],
            )
    rows = rows_of(client.get("/reclaim.csv", params={"reclaim.sort": "name"}))
    assert {row["name"] for row in rows} == {*(f"'{name}" for name in names if name != "plain"), "plain"}
    assert {row["monthly_seat_fee_usd"] for row in rows} == {"-1.50000000"}


def test_a_name_with_html_is_data_all_the_way(published, client, look):
    name = "<script>alert(1)</script>"
    with duckdb.connect(published / "marts.duckdb") as session:
        session.execute("update marts.marts.adoption_gaps set name = ? where is_adoption_gap", [name])
    client.get("/")
    shown = table(look.page, "reclaim")
    assert name in shown.rows[0]
    assert rows_of(client.get("/reclaim.csv"))[0]["name"] == name


def test_the_page_as_it_looks_has_a_name_with_html_as_text(published):
    name = "</script><script>alert(1)</script>"
    with duckdb.connect(published / "marts.duckdb") as session:
        session.execute("update marts.marts.adoption_gaps set name = ? where is_adoption_gap", [name])
        session.execute("update marts.marts.model_mix_daily set model = ?", [name])
    client = TestClient(make_app(lambda: published, lambda: None))
    answer = client.get("/")
    assert answer.status_code == 200
    assert "alert(1)" in answer.text
    assert "<script>alert" not in answer.text
    missing = client.get("/", params={"team": "<script>alert(1)</script>"})
    assert (missing.status_code, "<script>alert" in missing.text) == (404, False)


# --- SQL in every parameter ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", INJECTIONS)
def test_sql_in_every_parameter_changes_nothing(client, look, text):
    client.get("/")
    plain = look.page
    names = ["window", *(f"{key}.{part}" for key in TABLES for part in ("sort", "page"))]
    answer = client.get("/", params=dict.fromkeys(names, text))
    assert answer.status_code == 200
    assert [one.tables for one in look.page.sections] == [one.tables for one in plain.sections]


@pytest.mark.parametrize("text", INJECTIONS)
def test_sql_as_a_team_is_no_team(client, text):
    answer = client.get("/", params={"team": text})
    assert (answer.status_code, answer.text.split("|")[0]) == (404, "There is no such team")


@pytest.mark.parametrize("text", ["publications", "usage_costs", "totals'--", "../marts", "%2e%2e%2fmarts"])
def test_what_is_no_table_of_the_page_has_no_csv(client, text):
    assert client.get(f"/{text}.csv").status_code == 404


def test_sql_reaches_the_attached_file_and_nothing_else(published, tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    with PublishedFile(published / "marts.duckdb") as marts:
        for statement in (
            f"select * from read_text('{tmp_path}/secret.txt')",
            f"copy (select 1) to '{tmp_path}/written.csv'",
            f"attach '{tmp_path}/other.duckdb' as other",
            "delete from usage_costs_daily",
        ):
            with pytest.raises(Exception, match=r".") as caught:
                marts.rows(statement)
            assert "secret" not in str(caught.value)
    assert not (tmp_path / "written.csv").exists()


# --- a published file that is not as it should be --------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/", "/reclaim.csv"])
def test_nothing_published_is_said(tmp_path, look, address):
    answer = TestClient(make_app(lambda: tmp_path / "nowhere", lambda: None, look)).get(address)
    assert answer.status_code == 503
    assert answer.text.startswith("Nothing is published yet|")
    assert "Trigger the DAG cursor_usage_daily" in answer.text


@pytest.mark.parametrize("content", [b"", b"not a database", b"\x00" * 20_000])
def test_a_file_that_is_no_database_is_said(tmp_path, look, content):
    (tmp_path / "marts.duckdb").write_bytes(content)
    answer = TestClient(make_app(lambda: tmp_path, lambda: None, look)).get("/")
    assert answer.status_code == 503
    assert not re.search("Traceback|duckdb.Error|IO Error", answer.text)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_said(published, client, share):
    path = published / "marts.duckdb"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    answer = client.get("/")
    assert answer.status_code == 503
    assert answer.text.startswith("The published file cannot be read|")


def test_an_older_file_shows_what_it_has(tmp_path, look):
    with PublishedMarts(tmp_path) as marts:
        marts.add_team("acme")
        marts.sql("drop table overage_forecasts")
        marts.sql("alter table adoption_gaps drop column saved_at_next_renewal_usd")
    client = TestClient(make_app(lambda: tmp_path, lambda: None, look))
    assert client.get("/").status_code == 200
    leads = {section.key: section.lead for section in look.page.sections}
    assert "another version" in leads["overage"]
    assert "another version" in leads["seats"]
    assert leads["tokens"].startswith("30,800 tokens")
    answer = client.get("/reclaim.csv")
    assert (answer.status_code, answer.text.split("|")[0]) == (503, "The published file is of another version")


def test_a_file_without_a_verdict_at_all_is_said(tmp_path, look):
    with PublishedMarts(tmp_path, without=["verification_verdicts"]):
        pass
    answer = TestClient(make_app(lambda: tmp_path, lambda: None, look)).get("/")
    assert (answer.status_code, answer.text.split("|")[0]) == (503, "The published file is of another version")


def test_a_file_without_teams_is_said(tmp_path, look):
    with PublishedMarts(tmp_path):
        pass
    answer = TestClient(make_app(lambda: tmp_path, lambda: None, look)).get("/")
    assert answer.text.startswith("There is no team|")


def test_a_new_publish_is_seen_by_the_next_request(tmp_path, client, published, look):
    client.get("/")
    assert look.page.team_ids == ("acme", "hollow")
    with PublishedMarts(tmp_path / "next") as marts:
        marts.add_team("other")
    (tmp_path / "next" / "marts.duckdb").replace(published / "marts.duckdb")
    client.get("/")
    assert look.page.team_ids == ("other",)


def test_a_request_during_which_the_file_is_replaced_ends_with_the_file_it_began_with(tmp_path, published):
    with PublishedMarts(tmp_path / "next") as marts:
        marts.add_team("other", people=7)
    with PublishedFile(published / "marts.duckdb") as marts:
        assert marts.row("select count(*) as seats from adoption_gaps") == {"seats": 3}
        (tmp_path / "next" / "marts.duckdb").replace(published / "marts.duckdb")
        assert marts.row("select count(*) as seats, any_value(team_id) as team from adoption_gaps") == {
            "seats": 3,
            "team": "acme",
        }
        with PublishedFile(published / "marts.duckdb") as after:
            assert after.row("select count(*) as seats from adoption_gaps") == {"seats": 7}


def test_requests_and_publishes_side_by_side_never_see_half_a_file(tmp_path, published, client):
    states = []
    for number in (3, 8):
        with PublishedMarts(tmp_path / str(number)) as marts:
            marts.add_team("acme", people=number)
        states.append(tmp_path / str(number) / "marts.duckdb")
    done = threading.Event()

    def publish() -> None:
        turn = 0
        while not done.is_set():
            partial = published / "marts.duckdb.partial"
            shutil.copyfile(states[turn % 2], partial)
            partial.replace(published / "marts.duckdb")
            turn += 1

    publishing = threading.Thread(target=publish)
    publishing.start()
    try:
        counts = {len(rows_of(client.get("/costs.csv", params={"team": "acme"}))) for _ in range(30)}
    finally:
        done.set()
        publishing.join()
    assert counts <= {3, 8}


def test_an_error_that_nobody_expected_shows_no_trace(published, look):
    def fail(_page) -> str:
        raise RuntimeError("secret detail")

    look.render_page = fail
    app = make_app(lambda: published, lambda: None, look)
    answer = TestClient(app, raise_server_exceptions=False).get("/")
    assert answer.status_code == 500
    assert answer.text.startswith("The request was not answered|")
    assert "secret detail" not in answer.text


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def docs(published):
    root = published.parent
    (root / "docs" / "data_quality" / "acme").mkdir(parents=True)
    (root / "docs" / "data_quality" / "index.html").write_text("quality")
    (root / "docs" / "data_quality" / "acme" / "index.html").write_text("quality of acme")
    (root / "secret.txt").write_text("secret")
    (root / "docs" / "link.txt").symlink_to(root / "secret.txt")
    return root / "docs"


def test_docs_are_served_and_linked(docs, client, look):
    assert client.get("/docs/data_quality/index.html").text == "quality"
    client.get("/")
    assert [link.href for link in look.page.links] == ["docs/data_quality/index.html"]


@pytest.mark.parametrize("address", ["/docs/data_quality", "/docs/data_quality/", "/docs/data_quality/acme"])
def test_a_folder_of_docs_leads_to_its_index(docs, client, address):
    assert client.get(address).text in ("quality", "quality of acme")


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "data_quality/../../secret.txt",
        "data_quality/%2e%2e/%2e%2e/secret.txt",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "link.txt",
        "%00",
        "x" * 5_000,
        "",
    ],
)
def test_no_path_leads_out_of_docs(docs, client, path):
    answer = client.get(f"/docs/{path}")
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_the_report_is_served_and_linked(published, client, look):
    assert client.get("/report.html").status_code == 404
    (published / "report.html").write_text("the report")
    answer = client.get("/report.html")
    assert answer.text == "the report"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    client.get("/")
    assert [link.href for link in look.page.links] == ["report.html"]


# --- who may read, and headers ---------------------------------------------------------------------------------------

ADDRESSES = (
    "/",
    "/reclaim.csv",
    "/nothing.csv",
    "/report.html",
    "/docs/data_quality/index.html",
    "/docs/x",
    "/nowhere",
)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("address", ADDRESSES)
def test_who_may_not_read_gets_nothing_but_the_reason(published, docs, look, address, status):
    def refuse() -> None:
        raise HTTPException(status)

    (published / "report.html").write_text("acme")
    answer = TestClient(make_app(lambda: published, refuse, look)).get(address)
    assert answer.status_code == status
    assert "acme" not in answer.text
    assert answer.text.split("|")[0] in ("You are not signed in", "You may not see this page")


def test_static_files_are_open_and_hold_no_data(published, look):
    def refuse() -> None:
        raise HTTPException(401)

    client = TestClient(make_app(lambda: published, refuse, look))
    answer = client.get("/static/echarts.min.js")
    assert answer.status_code == 200
    assert answer.headers["cache-control"].startswith("public")
    assert client.get("/static/../app.py").status_code in (401, 404)
    assert client.get("/static/%2e%2e/app.py").status_code == 404


@pytest.mark.parametrize("address", ["/openapi.json", "/redoc", "/docs/oauth2-redirect"])
def test_the_app_describes_itself_to_nobody(client, address):
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("address", ["/", "/reclaim.csv", "/nowhere"])
def test_answers_are_kept_by_nobody_and_run_nothing_foreign(client, address):
    headers = client.get(address).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy
