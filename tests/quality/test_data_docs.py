"""The data docs, and that a crash inside Great Expectations is never a pass."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import textwrap
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cursor_usage.quality import QualityError, data_docs, judge
from tests.quality.landed import DAILY, EVENT, KNOWN, MEMBER, SPEND, changed, landed


def windows_of(folder):
    private = {"userEmail": "secret.person@example.com", "conversationId": "secret-conversation"}
    return [
        landed(
            folder, "members", "snapshot", [changed(MEMBER, name="Secret Person", email="secret.person@example.com")]
        ),
        landed(folder, "spend", "snapshot", [changed(SPEND, name="Secret Person", spendCents="secret")]),
        landed(folder, "daily_usage", "2026-11-02 to 2026-11-04", [changed(DAILY, userId="secret-id", day="secret")]),
        landed(
            folder,
            "usage_events",
            "2026-11-02",
            [changed(EVENT, **private, kind="<b>New Kind</b>", timestamp="secret")],
        ),
    ]


def judge_into(docs_dir, windows, *, run_id="manual__2026-11-24T10:00:00+00:00", team_id="demo"):
    return judge(windows, docs_dir=docs_dir, run_id=run_id, team_id=team_id, **KNOWN)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("landing")
    judgement = judge_into(folder / "docs", windows_of(folder))
    assert not judgement.passed
    return judgement, folder / "docs"


def texts(docs):
    return {path: path.read_text(encoding="utf-8") for path in docs.rglob("*") if path.is_file()}


def test_each_endpoint_has_a_page_that_the_indexes_lead_to(site):
    judgement, docs = site
    assert judgement.docs_path == docs / "data_quality/demo/index.html"
    assert 'href="demo/index.html"' in (docs / "data_quality/index.html").read_text()
    links = re.findall(r'href="([^"]+)"', judgement.docs_path.read_text())
    assert [Path(link).name for link in links] == [
        "members.html",
        "spend.html",
        "daily_usage.html",
        "usage_events.html",
    ]
    for link in links:
        page = (judgement.docs_path.parent / link).read_text()
        assert "Evaluated Expectations" in page
        assert 'href="../index.html"' in page


def test_the_index_says_what_was_found(site):
    judgement, _ = site
    index = judgement.docs_path.read_text()
    assert "failed" in index
    assert "manual__2026-11-24T10:00:00+00:00" in index
    assert "values have another type than is known of their field: timestamp (1)." in index
    assert "&lt;b&gt;New Kind&lt;/b&gt; (1)" in index
    assert "<b>New" not in index


def test_no_personal_value_is_in_the_docs_or_the_findings(site):
    judgement, docs = site
    for path, text in texts(docs).items():
        assert "secret" not in text.lower(), path
    for finding in [*judgement.critical, *judgement.warnings]:
        assert "secret" not in finding.sentence.lower()


def test_the_pages_load_nothing_and_run_nothing(site):
    for path, text in texts(site[1]).items():
        assert not re.search(r"https?:|<script|<link|<img|url\(|@import", text), path


def test_nothing_is_left_beside_the_docs(site):
    _, docs = site
    assert not [path for path in docs.rglob("*") if path.name.startswith(".")]
    assert {path.suffix for path in texts(docs)} == {".html", ".json"}
    assert sum(map(len, texts(docs).values())) < 400_000


def test_runs_are_kept_up_to_a_bound_newest_first(tmp_path, monkeypatch):
    monkeypatch.setattr(data_docs, "RUNS_KEPT", 2)
    window = landed(tmp_path, "members", "snapshot", [MEMBER])
    for run_id in ("first", "second", "third", "third"):
        judgement = judge_into(tmp_path / "docs", [window], run_id=run_id)
    judge_into(tmp_path / "docs", [window], run_id="other", team_id="other")
    runs = [path.name for path in judgement.docs_path.parent.iterdir() if path.is_dir()]
    assert [name.partition("Z_")[2] for name in sorted(runs)] == ["third", "third"]
    assert re.findall(r"<code>(\w+)</code>", judgement.docs_path.read_text()) == ["third", "third"]
    assert "passed" in judgement.docs_path.read_text()
    assert re.findall(r'href="(\w+)/index.html"', (tmp_path / "docs/data_quality/index.html").read_text()) == [
        "demo",
        "other",
    ]


def test_what_a_killed_run_left_is_taken_away_a_day_later(tmp_path):
    team_dir = tmp_path / "docs/data_quality/demo"
    old, young = (team_dir / f".2026112{n}T000000000000Z_run" for n in (2, 3))
    for folder in (old, young):
        (folder / "validations").mkdir(parents=True)
    os.utime(old, (0, 0))
    judge_into(tmp_path / "docs", [landed(tmp_path, "members", "snapshot", [MEMBER])])
    assert not old.exists()
    assert young.exists()


@pytest.mark.parametrize("team_id", ["../../escape", ".hidden", "a/b", "team one", "ünï", "a" * 300])
def test_any_team_id_stays_inside_the_docs(tmp_path, team_id):
    judgement = judge_into(
        tmp_path / "docs", [landed(tmp_path, "members", "snapshot", [MEMBER])], run_id="../../up", team_id=team_id
    )
    assert judgement.docs_path.parent.parent == tmp_path / "docs/data_quality"
    assert judgement.docs_path.resolve().is_relative_to(tmp_path / "docs/data_quality")
    assert {path.name for path in tmp_path.iterdir()} == {"docs", "team=demo"}


def test_team_ids_that_look_alike_have_folders_of_their_own():
    names = {data_docs._file_name(team_id) for team_id in ("a b", "a-b", "a/b", ".a-b", "A-b")}
    assert len(names) == 5


def test_docs_that_cannot_be_written_are_an_error(tmp_path):
    (tmp_path / "docs").write_text("a file where the folder should be")
    with pytest.raises(QualityError, match=r"data docs cannot be written below .*docs"):
        judge_into(tmp_path / "docs", [landed(tmp_path, "members", "snapshot", [MEMBER])])


def test_a_page_that_is_not_rendered_is_an_error(tmp_path, monkeypatch):
    def crash(*_args, **_kwargs):
        raise RuntimeError("no page today")

    monkeypatch.setattr("great_expectations.render.renderer.ValidationResultsPageRenderer.render", crash)
    with pytest.raises(QualityError, match="rendered 0 pages of members"):
        judge_into(tmp_path / "docs", [landed(tmp_path, "members", "snapshot", [MEMBER])])
    assert not [path for path in (tmp_path / "docs").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "expectation",
    ["ExpectColumnValuesToBeInSet", "ExpectColumnPairValuesAToBeGreaterThanB", "ExpectTableRowCountToEqual"],
)
def test_a_crash_in_great_expectations_is_an_error_and_no_pass(tmp_path, monkeypatch, expectation):
    import great_expectations.expectations as gxe  # noqa: PLC0415 - takes seconds

    def crash(*_args, **_kwargs):
        raise RuntimeError("nothing was judged")

    monkeypatch.setattr(getattr(gxe, expectation), "_validate", crash)
    with pytest.raises(QualityError, match="could not evaluate the check"):
        judge_into(tmp_path / "docs", [landed(tmp_path, "members", "snapshot", [MEMBER])])


def test_a_count_that_is_missing_is_an_error_and_no_pass(tmp_path, monkeypatch):
    from cursor_usage.quality import profile  # noqa: PLC0415 - beside its only use

    whole = profile._profile

    def without_a_count(*args):
        result = whole(*args)
        counts = {**result.counts, "records_without_id": None}
        return replace(result, counts=counts)  # type: ignore[arg-type]  # the mistake under test

    monkeypatch.setattr(profile, "_profile", without_a_count)
    with pytest.raises((TypeError, ValueError)):
        judge_into(tmp_path / "docs", [landed(tmp_path, "members", "snapshot", [MEMBER])])


def test_a_row_or_column_that_is_missing_fails(tmp_path, monkeypatch):
    from cursor_usage.quality import expectations  # noqa: PLC0415 - beside its only use

    whole = expectations._frame
    window = landed(tmp_path, "members", "snapshot", [MEMBER])
    monkeypatch.setattr(expectations, "_frame", lambda *args: whole(*args).head(0))
    empty = judge_into(tmp_path / "docs", [window])
    assert [finding.check for finding in empty.critical] == ["all_windows_are_judged"]
    monkeypatch.setattr(expectations, "_frame", lambda *args: whole(*args).assign(uncounted=0))
    wider = judge_into(tmp_path / "docs", [window])
    assert [finding.check for finding in wider.critical] == ["everything_was_counted"]


def test_importing_the_package_does_not_import_great_expectations():
    program = "import sys, cursor_usage.quality; print('great_expectations' in sys.modules, 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_judging_reaches_no_network(tmp_path):
    """In a process of its own, so that Great Expectations' import is watched too."""
    program = textwrap.dedent(
        f"""
        import socket
        from pathlib import Path

        def refuse(*args, **kwargs):
            raise SystemExit("a connection was tried")

        socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
        from cursor_usage.quality import judge
        from tests.quality.landed import MEMBER, landed

        folder = Path({str(tmp_path)!r})
        judge([landed(folder, "members", "snapshot", [MEMBER])], docs_dir=folder / "docs", run_id="r", team_id="t",
              is_known_kind=bool, is_known_model=bool)
        """
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "")


def test_a_full_disk_is_said_to_be_one(tmp_path):
    def write():
        with data_docs.docs_of_run(tmp_path, team_id="acme", run_id="run", judged_at=datetime.now(UTC)) as docs:
            assert docs.site_dir.is_dir()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left"):
        write()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
