"""The note of a run: what a person wrote stays, the newest report is there once, and it always fits."""

from __future__ import annotations

from airflow.models.dagrun import DagRunNote
from hypothesis import given
from hypothesis import strategies as st

from cursor_usage.hooks.run_note_plugin import DAG_ID, HEADING, LAST_TASK_ID, MAX_NOTE_CHARACTERS, note_with
from cursor_usage.settings import PROJECT_DIR


def test_the_newest_report_takes_the_place_of_the_one_before_and_what_a_person_wrote_stays():
    first = note_with("Asked finance about this one.\n\nThey know.", "`acme`: **drift**.")
    second = note_with(first + "\n\nMended in the seeds.", "`acme`: **matched**.")
    assert second == (
        f"Asked finance about this one.\n\nThey know.\n\nMended in the seeds.\n\n{HEADING}`acme`: **matched**."
    )


def test_without_a_note_before_it_is_the_report_alone():
    assert note_with(None, "`acme`: **matched**.") == f"{HEADING}`acme`: **matched**."


@given(st.text(max_size=1000), st.text(min_size=1, max_size=3000))
def test_it_always_fits_airflows_column_and_is_stable(written, report):
    note = note_with(written, report)
    assert len(note) <= max(MAX_NOTE_CHARACTERS, len(written))
    assert note_with(note, report) == note


def test_a_report_that_is_too_long_is_cut_not_the_persons_words():
    written = "x" * 900
    note = note_with(written, "y" * 500)
    assert note.startswith(written)
    assert len(note) == MAX_NOTE_CHARACTERS
    assert note.endswith("…")


def test_the_limit_is_that_of_airflows_column():
    assert DagRunNote.__table__.c.content.type.length == MAX_NOTE_CHARACTERS


def test_the_dag_and_its_last_task_have_the_names_that_are_listened_for():
    text = (PROJECT_DIR / "dags" / "cursor_usage_daily.py").read_text()
    assert f'dag_id="{DAG_ID}"' in text
    assert f"def {LAST_TASK_ID}(" in text
