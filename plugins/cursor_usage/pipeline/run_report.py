"""How a run ended, in words: for its note in Airflow's UI, and for whoever is to be told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from cursor_usage.pipeline.publish import MARTS_NAME, newest_publication
from cursor_usage.settings import DRIFT, FAILURE, DataDir
from cursor_usage.sql_text import literal
from cursor_usage.wording import words


class TeamVerdict(msgspec.Struct, frozen=True):
    """A row of ``verification_verdicts``, as far as people are told of it."""

    team_id: str
    verdict: str
    sentence: str


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a run; passed between Airflow's processes as plain JSON values, without any personal value.

    Attributes:
        events: what of it somebody wants to be told: ``failure``, ``drift``, both, or nothing.
        subject: one line.
        message: plain text, a line a fact.
        note: the same in Markdown, for the note of the run.
    """

    events: list[str]
    subject: str
    message: str
    note: str


def report_values(data: DataDir, run_id: str, failure: str | None) -> dict[str, Any]:
    """The :class:`RunReport` of a run that ended with the sentence ``failure``, or well, as plain JSON values.

    Raises:
        duckdb.Error: what is published cannot be read.
    """
    publication = newest_publication(data.published)
    is_own = publication is not None and publication[0] == run_id
    verdicts = published_verdicts(data.published) if publication else []
    values: dict[str, Any] = msgspec.to_builtins(compose(verdicts, failure, is_own=is_own))
    return values


def published_verdicts(published: Path) -> list[TeamVerdict]:
    """Each team's verdict in the published marts, which must be there."""
    # A second connect() to a path in one process returns the file as it was: attach it to a fresh session each time.
    with duckdb.connect() as session:
        session.execute(f"attach {literal(published / MARTS_NAME)} as published (read_only)")
        rows = session.execute(
            "select team_id, verdict, sentence from published.marts.verification_verdicts order by team_id"
        ).fetchall()
    return [TeamVerdict(*row) for row in rows]


def compose(verdicts: Sequence[TeamVerdict], failure: str | None, *, is_own: bool) -> RunReport:
    """The report. ``is_own``: this run published the verdicts; else they are of a run before, which told of a drift."""
    drifting = [one.team_id for one in verdicts if one.verdict == DRIFT] if is_own else []
    events = [event for event, happened in ((FAILURE, failure is not None), (DRIFT, bool(drifting))) if happened]
    return RunReport(
        events=events,
        subject=_subject(verdicts, failure, drifting),
        message="\n".join(_message_lines(verdicts, failure, is_own=is_own)),
        note="  \n".join(_note_lines(verdicts, failure, is_own=is_own)),
    )


def _subject(verdicts: Sequence[TeamVerdict], failure: str | None, drifting: Sequence[str]) -> str:
    parts = []
    if failure is not None:
        parts.append("the run failed")
    if drifting:
        parts.append(f"drift ({', '.join(drifting)})")
    if not parts:
        parts = sorted({words(one.verdict) for one in verdicts}) or ["nothing is published"]
    return f"Cursor usage: {', '.join(parts)}"


def _message_lines(verdicts: Sequence[TeamVerdict], failure: str | None, *, is_own: bool) -> list[str]:
    lines = [] if failure is None else [f"The run failed. {failure}"]
    if verdicts and not is_own:
        lines.append("What is published is that of a run before:")
    lines += [f"Team {one.team_id}: {words(one.verdict)}. {one.sentence}" for one in verdicts]
    if any(one.verdict == DRIFT for one in verdicts):
        lines.append(
            "What to do: read verification_causes, it names the part of the difference that each cause proves."
        )
    return lines or ["Nothing is published yet."]


def _note_lines(verdicts: Sequence[TeamVerdict], failure: str | None, *, is_own: bool) -> list[str]:
    lines = [] if failure is None else [f"**Run failed.** {failure}"]
    whose = "" if is_own else " (of a run before)"
    lines += [f"`{one.team_id}`: **{words(one.verdict)}**{whose}. {one.sentence}" for one in verdicts]
    return lines or ["Nothing is published yet."]
