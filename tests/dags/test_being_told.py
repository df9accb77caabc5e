"""How a run ended, as people hear of it: real runs by Airflow, its own mail notifier, a mail server, the run's note."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cursor_usage.settings import PROJECT_DIR
from tests.mail_server import MailServer, text_of

DAG_FILE = PROJECT_DIR / "dags" / "cursor_usage_daily.py"
TODAY = datetime.now(UTC).date()
# The last task alone, with a report as a run that ended well leaves it.
DRIFT_DAG = """
from airflow.sdk import dag, task
from cursor_usage.hooks.notifiers import TellPeople
from cursor_usage.hooks.run_report import leaving_report
from cursor_usage.pipeline.run_report import TeamVerdict, compose
import msgspec

VERDICTS = [
    TeamVerdict("acme", "drift", "Not matched: <b>on-demand</b> usage, $1.00 here and $2.00 in Cursor, $1.00 apart."),
    TeamVerdict("globex", "matched", "Matched to the cent: {{ 7 * 6 }}."),
]

@dag(dag_id="cursor_usage_daily")
def drifting():
    @task(on_success_callback=TellPeople(failed=False), on_failure_callback=TellPeople(failed=True))
    def conclude():
        with leaving_report(lambda failure: msgspec.to_builtins(compose(VERDICTS, failure, is_own=True))):
            pass
    conclude()
drifting()
"""

# What the scheduler does with a run whose tasks have all ended (`airflow dags test` has it done outside of a session).
END_AS_THE_SCHEDULER_DOES = """
from airflow.models.dagbag import DBDagBag
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from sqlalchemy import select

with create_session() as session:
    run = session.scalars(select(DagRun).order_by(DagRun.id.desc())).first()
    run.state = DagRunState.RUNNING
    run.dag = DBDagBag().get_dag_for_run(dag_run=run, session=session)
    run.update_state(session=session, execute_callbacks=False)
"""


class AirflowHome:
    """A home of Airflow's own with a migrated database, in which a DAG is run."""

    def __init__(self, root: Path, mail_port: int) -> None:
        self.root = root
        (root / "dags").mkdir()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "CURSOR"))}
        smtp = {"conn_type": "smtp", "host": "127.0.0.1", "port": mail_port}
        notifier = {
            "notifier": "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
            "arguments": {"to": "finance@example.com", "from_email": "airflow@example.com"},
        }
        self.environment = {
            **inherited,
            "AIRFLOW_HOME": str(root),
            "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_DIR / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps({**smtp, "extra": {"disable_tls": True, "disable_ssl": True}}),
            "AIRFLOW_CONN_CURSOR_DEFAULT": '{"conn_type": "cursor", "password": "never-used"}',
            "CURSOR_DATA_DIR": str(root / "data"),
            "CURSOR_NOTIFIERS": json.dumps([notifier]),
            "CURSOR_TASK_RETRIES": "0",
        }
        assert self.airflow("db", "migrate").returncode == 0
        self.airflow("pools", "set", "duckdb_writer", "1", "Whoever writes the warehouse")

    def airflow(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).with_name("airflow")), *arguments],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, conf: dict[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
        return self.airflow("dags", "test", "cursor_usage_daily", "--conf", json.dumps(conf), **environment)

    def newest_note(self) -> str:
        """The newest run's note, after the scheduler has seen the run's end once more."""
        python = [sys.executable, "-c", END_AS_THE_SCHEDULER_DOES]
        done = subprocess.run(python, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        with sqlite3.connect(self.root / "airflow.db") as database:
            row = database.execute(
                "select n.content from dag_run r left join dag_run_note n on n.dag_run_id = r.id order by r.id desc"
            ).fetchone()
        assert row is not None
        assert row[0] is not None
        return str(row[0])


@pytest.fixture(scope="module")
def mail_server():
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory, mail_server):
    return AirflowHome(tmp_path_factory.mktemp("airflow"), mail_server.port)


@pytest.fixture
def mails(mail_server):
    mail_server.mails.clear()
    return mail_server.mails


@pytest.fixture
def real_dag(home):
    shutil.copy(DAG_FILE, home.root / "dags" / "dag.py")


@pytest.mark.usefixtures("real_dag")
def test_a_run_that_fails_at_its_first_step_is_told_with_that_steps_sentence(home, mails):
    done = home.run({"start_date": str(TODAY)})
    assert done.returncode != 0
    said = f"prepare failed: START={TODAY} is not over yet"
    (mail,) = mails
    assert (mail["Subject"], mail["To"]) == ("Cursor usage: the run failed", "finance@example.com")
    assert said in text_of(mail)
    note = home.newest_note()
    assert note.startswith("**Cursor usage:**")
    assert "**Run failed.**" in note
    assert said in note
    assert "never-used" not in done.stdout + done.stderr + note + text_of(mail)


@pytest.mark.usefixtures("real_dag")
def test_a_notifier_that_cannot_be_used_stops_the_run_before_it_fetches(home, mails):
    done = home.run({}, CURSOR_NOTIFIERS='[{"notifier": "airflow.providers.slack.Nothing"}]')
    assert done.returncode != 0
    assert mails == []
    note = home.newest_note()
    assert "prepare failed: CURSOR_NOTIFIERS: airflow.providers.slack.Nothing cannot be imported" in note
    assert not (home.root / "data" / "landing").exists()


def test_a_green_run_with_drift_is_told_and_noted_with_each_teams_sentence(home, mails):
    (home.root / "dags" / "dag.py").write_text(DRIFT_DAG)
    done = home.run({})
    assert done.returncode == 0, done.stdout[-3000:]
    (mail,) = mails
    assert mail["Subject"] == "Cursor usage: drift (acme)"
    text = text_of(mail)
    assert "Team acme: drift. Not matched: &lt;b&gt;on-demand&lt;/b&gt; usage, $1.00 here" in text
    # What was said is told as it was said: it is no template.
    assert "Team globex: matched. Matched to the cent: {{ 7 * 6 }}." in text
    note = home.newest_note()
    assert "`acme`: **drift**. Not matched:" in note
    assert "`globex`: **matched**." in note
    assert home.newest_note() == note, "seen again, it is not said twice"
