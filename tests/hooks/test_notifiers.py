"""Who is told of what: the setting read, its mistakes named, and each notifier called with the run's report."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.sdk import BaseNotifier

from cursor_usage.hooks.notifiers import (
    EXAMPLE,
    SETTING,
    NotifierSettingError,
    TellPeople,
    check_notifiers,
    notifier_settings,
)
from cursor_usage.hooks.run_report import REPORT_KEY
from cursor_usage.settings import PROJECT_DIR

MAIL = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
HERE = "tests.hooks.test_notifiers"
DRIFT = {"events": ["drift"], "subject": "Cursor usage: drift (acme)", "message": "Team acme: drift."}


class Remembers(BaseNotifier):
    """A notifier as a provider's, whose text is called as Slack's is."""

    template_fields = ("text", "channel")
    told: list[tuple[str, str]] = []  # noqa: RUF012 - all of a test's are counted

    def __init__(self, text: str = "This is a default message", channel: str = "#general") -> None:
        super().__init__()
        self.text = text
        self.channel = channel

    def notify(self, context: Any) -> None:
        self.told.append((self.channel, self.text))


class Breaks(Remembers):
    def notify(self, context: Any) -> None:
        raise ConnectionError("the channel is gone")


class TaskInstance:
    """As much of Airflow's as a callback asks for; its XCom is what the run left."""

    task_id = "conclude"
    log_url = "http://localhost:8080/run"

    def __init__(self, report: dict[str, Any] | None) -> None:
        self._report = report

    def xcom_pull(self, *, task_ids: str, key: str) -> dict[str, Any] | None:
        assert (task_ids, key) == ("conclude", REPORT_KEY)
        return self._report


@pytest.fixture(autouse=True)
def told():
    Remembers.told.clear()
    return Remembers.told


def tell(report: dict[str, Any] | None, *, failed: bool = False, exception: str | None = None) -> None:
    context: Any = {"ti": TaskInstance(report), "run_id": "manual__1"}
    if exception is not None:
        context["exception"] = RuntimeError(exception)
    TellPeople(failed=failed)(context)


def configure(monkeypatch: pytest.MonkeyPatch, *entries: dict[str, Any]) -> None:
    monkeypatch.setenv(SETTING, json.dumps(entries))


def test_nothing_is_needed(monkeypatch, told):
    monkeypatch.delenv(SETTING, raising=False)
    check_notifiers({})
    tell(None, failed=True)
    assert told == []


def test_the_example_that_mistakes_are_answered_with_is_right():
    (setting,) = notifier_settings({SETTING: EXAMPLE})
    notifier = setting.make()
    assert isinstance(notifier, SmtpNotifier)
    assert (notifier.subject, notifier.html_content) == ("{{ cursor.subject }}", "{{ cursor.message_html }}")


def test_the_lists_in_the_guide_are_right():
    guide = (PROJECT_DIR / "docs" / "connect.md").read_text(encoding="utf-8")
    mail, slack = (notifier_settings({SETTING: text}) for text in re.findall(r"```json\n(.+?)```", guide, re.DOTALL))
    assert [setting.make().template_fields[:2] for setting in mail] == [("from_email", "to")]
    assert [sorted(setting.events) for setting in slack] == [["failure"], ["drift"]]


def test_each_is_told_of_what_it_wants_to_hear(monkeypatch, told):
    configure(
        monkeypatch,
        {"notifier": f"{HERE}.Remembers", "arguments": {"channel": "#all"}},
        {"notifier": f"{HERE}.Remembers", "on": ["failure"], "arguments": {"channel": "#failures"}},
        {"notifier": f"{HERE}.Remembers", "on": ["drift"], "arguments": {"channel": "#drift"}},
    )
    tell(DRIFT)
    assert [channel for channel, _ in told] == ["#all", "#drift"]
    assert told[0][1].startswith("Cursor usage: drift (acme)\nTeam acme: drift.\nRun manual__1: http://")
    told.clear()
    tell({**DRIFT, "events": ["failure"]}, failed=True, exception="no")
    assert [channel for channel, _ in told] == ["#all", "#failures"]
    told.clear()
    tell({**DRIFT, "events": []})
    assert told == []


def test_own_words_are_templates_over_the_report(monkeypatch, told):
    configure(monkeypatch, {"notifier": f"{HERE}.Remembers", "arguments": {"text": "<!here> {{ cursor.subject }}"}})
    tell(DRIFT)
    assert told == [("#general", "<!here> Cursor usage: drift (acme)")]


def test_a_task_that_left_no_report_is_told_with_its_error_or_that_it_was_ended(monkeypatch, told):
    configure(monkeypatch, {"notifier": f"{HERE}.Remembers"})
    tell(None, failed=True, exception="The warehouse is open in DBeaver.")
    assert "The run failed. The warehouse is open in DBeaver." in told[0][1]
    tell(None, failed=True)
    assert "ended from outside" in told[1][1]


@pytest.mark.parametrize(
    ("report", "subject"),
    [(DRIFT, "the run failed, drift"), ({**DRIFT, "events": []}, "the run failed"), (None, "the run failed")],
)
def test_a_run_that_failed_after_it_left_its_report_is_told_as_failed(monkeypatch, told, report, subject):
    configure(monkeypatch, {"notifier": f"{HERE}.Remembers"})
    tell(report, failed=True)
    assert told[0][1].splitlines()[0] == f"Cursor usage: {subject}"


def test_one_that_fails_keeps_no_other_from_being_told_and_is_said(monkeypatch, told):
    configure(monkeypatch, {"notifier": f"{HERE}.Breaks"}, {"notifier": f"{HERE}.Remembers"})
    with pytest.raises(RuntimeError, match=f"1 of 2 notifiers of {SETTING} failed"):
        tell(DRIFT)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not valid JSON"),
        ('{"notifier": "x"}', "is no list"),
        ("[1]", "has an entry without a notifier"),
        ('[{"notifier": 1}]', "has an entry without a notifier"),
        (f'[{{"notifier": "{MAIL}", "to": "you@example.com"}}]', "has the unknown field 'to'"),
        (f'[{{"notifier": "{MAIL}", "on": ["success"]}}]', "There are failure and drift"),
        (f'[{{"notifier": "{MAIL}", "on": "drift"}}]', "There are failure and drift"),
        (f'[{{"notifier": "{MAIL}", "on": []}}]', "There are failure and drift"),
        (f'[{{"notifier": "{MAIL}", "arguments": ["to"]}}]', "are no JSON object"),
        (f'[{{"notifier": "{MAIL}"}}]', "cannot be made"),
        (f'[{{"notifier": "{MAIL}x"}}]', "cannot be imported"),
        ('[{"notifier": "no_such_module.Notifier"}]', "Install the provider that has it"),
        ('[{"notifier": "Notifier"}]', "cannot be imported"),
        ('[{"notifier": "os.path.join"}]', "is no notifier of Airflow's"),
        ('[{"notifier": "builtins.dict"}]', "is no notifier of Airflow's"),
    ],
)
def test_a_mistake_is_named_with_what_to_write(text, said):
    with pytest.raises(NotifierSettingError, match=rf"^{SETTING}.*{said}.*\.$"):
        check_notifiers({SETTING: text})


def test_arguments_are_in_no_repr():
    (setting,) = notifier_settings({SETTING: f'[{{"notifier": "{MAIL}", "arguments": {{"to": "secret"}}}}]'})
    assert "secret" not in repr(setting)
