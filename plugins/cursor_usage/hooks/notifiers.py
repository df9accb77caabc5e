"""Who is told how a run ended, through Airflow's own notifiers (e-mail, Slack and so on, each by its provider).

The setting ``CURSOR_NOTIFIERS`` lists them; without it nobody is told, and nothing is needed.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

from cursor_usage.hooks.run_report import REPORT_KEY
from cursor_usage.settings import DRIFT, FAILURE

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

SETTING = "CURSOR_NOTIFIERS"
EVENTS = (FAILURE, DRIFT)
EXAMPLE = (
    '[{"notifier": "airflow.providers.smtp.notifications.smtp.SmtpNotifier", '
    '"arguments": {"to": "you@example.com", "from_email": "airflow@example.com"}}]'
)

# What the notifiers of Airflow's providers call their texts. A template and not the text itself: what an API said may
# look like a template.
_TEXTS = {
    "subject": "{{ cursor.subject }}",
    "title": "{{ cursor.subject }}",
    "summary": "{{ cursor.subject }}",
    "text": "{{ cursor.subject }}\n{{ cursor.message }}",
    "message": "{{ cursor.subject }}\n{{ cursor.message }}",
    "message_body": "{{ cursor.subject }}\n{{ cursor.message }}",
    "body": "{{ cursor.message }}",
    "html_content": "{{ cursor.message_html }}",
}


class NotifierSettingError(Exception):
    """The setting cannot be used; the message says what is wrong with it and what to write."""

    is_retryable = False


@dataclass(frozen=True, slots=True)
class NotifierSetting:
    """One notifier.

    Attributes:
        path: dotted path of its class, a subclass of Airflow's ``BaseNotifier``.
        events: what it is told of.
        arguments: of its class. Texts may be templates over Airflow's context and ``cursor`` (``subject``,
            ``message``, ``message_html``, ``events``); texts that are left out are filled in.
    """

    path: str
    events: frozenset[str]
    arguments: dict[str, Any] = field(repr=False)

    def make(self) -> BaseNotifier:
        """The notifier.

        Raises:
            NotifierSettingError: there is no such class, or it does not take these arguments.
        """
        kind = self._class()
        taken = inspect.signature(kind.__init__).parameters
        texts = {name: text for name, text in _TEXTS.items() if name in taken and name in kind.template_fields}
        try:
            return kind(**{**texts, **self.arguments})
        # Each provider's class refuses arguments in its own way.
        except Exception as error:  # noqa: BLE001
            problem = f"{type(error).__name__}: {error}"
        raise NotifierSettingError(f"{SETTING}: {self.path} cannot be made ({problem}). Mend its arguments.")

    def _class(self) -> type[BaseNotifier]:
        module, _, name = self.path.rpartition(".")
        try:
            found = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise NotifierSettingError(
                f"{SETTING}: {self.path} cannot be imported ({error}). Install the provider that has it "
                f"(for Slack: apache-airflow-providers-slack), or mend the path."
            ) from None
        if not (isinstance(found, type) and issubclass(found, BaseNotifier)):
            raise NotifierSettingError(f"{SETTING}: {self.path} is no notifier of Airflow's. Name a class that is one.")
        return found


def notifier_settings(environment: Mapping[str, str] = os.environ) -> list[NotifierSetting]:
    """What the setting lists.

    Raises:
        NotifierSettingError: it is not a JSON list of notifiers.
    """
    text = environment.get(SETTING, "").strip()
    if not text:
        return []
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise NotifierSettingError(f"{SETTING} is not valid JSON ({error}). Write it like {EXAMPLE}.") from None
    if not isinstance(entries, list):
        raise NotifierSettingError(f"{SETTING} is no list. Write it like {EXAMPLE}.")
    return [_setting(entry) for entry in entries]


def check_notifiers(environment: Mapping[str, str] = os.environ) -> None:
    """Makes each notifier once and sends nothing, so that a mistake is known before there is something to tell.

    Raises:
        NotifierSettingError: the setting cannot be used.
    """
    for setting in notifier_settings(environment):
        setting.make()


class TellPeople(BaseNotifier):
    """Callback of a run's last task: hands its report to each notifier that is to hear of what happened.

    Args:
        failed: whether it stands for the task's failure, or for its success.
    """

    def __init__(self, *, failed: bool) -> None:
        super().__init__()
        self.failed = failed

    def notify(self, context: Context) -> None:
        """Tells everybody, also where telling one of them fails.

        Raises:
            NotifierSettingError: the setting cannot be used.
            RuntimeError: somebody could not be told; the log says who and why.
        """
        settings = notifier_settings()
        if not settings:
            return
        report = self._report(context)
        happened = frozenset(report["events"])
        not_told = 0
        for setting in settings:
            if not setting.events & happened:
                continue
            try:
                setting.make()({**context, "cursor": report})
            # Sending fails in each provider's own way; the next one may still be told.
            except Exception:
                self.log.exception("Telling through %s failed", setting.path)
                not_told += 1
        if not_told:
            raise RuntimeError(f"{not_told} of {len(settings)} notifiers of {SETTING} failed.")

    def _report(self, context: Context) -> dict[str, Any]:
        ti = context["ti"]
        report = ti.xcom_pull(task_ids=ti.task_id, key=REPORT_KEY) or {}
        events, message = list(report.get("events", ())), report.get("message", "")
        subject = report.get("subject") if events else None
        if self.failed and FAILURE not in events:
            # The task came to no report, or was ended from outside after it.
            reason = context.get("exception") or "Its last task was ended from outside; the log of the task says more."
            subject = f"Cursor usage: the run failed{', drift' if DRIFT in events else ''}"
            events, message = [FAILURE, *events], f"The run failed. {reason}\n{message}".strip()
        message = f"{message}\nRun {context['run_id']}: {ti.log_url}" if ti.log_url else message
        return {
            "events": events,
            "subject": subject or "Cursor usage: the run failed",
            "message": message,
            "message_html": "<br>\n".join(escape(message).splitlines()),
        }


def _setting(entry: object) -> NotifierSetting:
    if not isinstance(entry, dict) or not isinstance(entry.get("notifier"), str):
        raise NotifierSettingError(f"{SETTING} has an entry without a notifier. Write it like {EXAMPLE}.")
    path = entry["notifier"]
    if unknown := sorted(entry.keys() - {"notifier", "on", "arguments"}):
        raise NotifierSettingError(
            f"{SETTING}: {path} has the unknown field {unknown[0]!r}. There are notifier, on and arguments; what the "
            f"class itself takes goes into arguments."
        )
    events, arguments = entry.get("on", list(EVENTS)), entry.get("arguments", {})
    if not isinstance(events, list) or not events or not all(event in EVENTS for event in events):
        raise NotifierSettingError(f'{SETTING}: {path} is told "on" something unknown. There are failure and drift.')
    if not isinstance(arguments, dict):
        raise NotifierSettingError(f"{SETTING}: the arguments of {path} are no JSON object. Write it like {EXAMPLE}.")
    return NotifierSetting(path, frozenset(events), arguments)
