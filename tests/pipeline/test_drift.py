"""Unknown fields are kept, counted and said once a run; never a value of theirs."""

from __future__ import annotations

from datetime import date

import pytest

from cursor_usage.pipeline.drift import FIELDS_SAID_A_RUN

DAY = date(2026, 11, 20)


@pytest.fixture
def came(pipeline, simulator):
    """Loads one day, after the faults that a test has added; returns what was said of unknown fields."""

    def load(**fault):
        if fault:
            simulator.faults.add(times=None, endpoint="usage_events", start_date=str(DAY), **fault)
        run = pipeline.until_load(DAY, DAY)
        simulator.faults.clear()
        return [finding.text for finding in run.findings]

    return load


def noted(pipeline):
    return pipeline.raw("select endpoint, field, is_envelope, json_type, records from raw.unknown_fields order by all")


def events(pipeline) -> int:
    return int(pipeline.raw("select count(*) from raw.cursor_usage_events")[0][0])


def test_known_answers_have_no_drift(pipeline, came):
    assert came() == []
    assert noted(pipeline) == []


def test_an_unknown_field_is_kept_counted_and_said_once(pipeline, came):
    said = came(name="unknown_field", field="reasoningEffort", value="ann@example.com")
    rows = events(pipeline)
    assert noted(pipeline) == [
        ("usage_events", "brandNewEnvelopeField", True, "number", None),
        ("usage_events", "reasoningEffort", False, "text", rows),
    ]
    has, since = "the unknown field", "first seen 2026-11-24 05:30 UTC; it is kept in the"
    assert said == [
        f"usage events: {rows} records have {has} reasoningEffort (text), {since} column rest.",
        f"usage events: the answer has {has} brandNewEnvelopeField (number), {since} manifests.",
    ]
    kept = pipeline.raw("select distinct rest ->> '$.reasoningEffort' from raw.cursor_usage_events")
    assert kept == [("ann@example.com",)]


def test_a_later_run_says_since_when_and_counts_its_own_records(pipeline, simulator, came):
    came(name="unknown_field", field="reasoningEffort", value=1)
    simulator.clock.set("2026-11-25T05:30:00Z")
    said = came(name="unknown_field", field="reasoningEffort", value={"high": True})
    assert (
        f"{events(pipeline)} records have the unknown field reasoningEffort (object), first seen 2026-11-24" in said[0]
    )


def test_a_field_inside_a_known_object_has_its_path(pipeline, came):
    tokens = {"inputTokens": 1, "newTokens": 2.5, "gone": None, "empty": ""}
    came(name="wrong_type", field="tokenUsage", value=tokens)
    assert noted(pipeline) == [("usage_events", "tokenUsage.newTokens", False, "number", 1)]


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_an_empty_text_are_no_field(pipeline, came, nothing):
    came(name="unknown_field", field="reasoningEffort", value=nothing)
    assert [field for _, field, *_ in noted(pipeline)] == ["brandNewEnvelopeField"]


def test_a_name_that_may_be_a_person_is_not_said(came):
    said = came(name="unknown_field", field="ann@example.com", value=1)
    assert "the unknown field a name that is not shown (number)" in said[0]
    assert "ann@" not in " ".join(said)


def test_fields_that_come_and_go_are_no_news(pipeline, simulator):
    simulator.faults.add("unknown_field", endpoint="spend", times=None, field="billingTier", value="standard")
    pipeline.until_load(DAY, DAY)
    assert {field for _, field, *_ in noted(pipeline)} == {"brandNewEnvelopeField"}


def test_many_unknown_fields_are_counted_and_not_all_said(pipeline, came):
    fields = {f"field{number:02d}": number for number in range(FIELDS_SAID_A_RUN + 5)}
    said = came(name="wrong_type", field="tokenUsage", value=fields)
    assert len(said) == FIELDS_SAID_A_RUN + 1
    assert said[-1] == "5 more unknown fields came; raw.unknown_fields lists all."
    assert len(noted(pipeline)) == FIELDS_SAID_A_RUN + 5


def test_a_load_that_is_tried_again_counts_once_and_says_once(pipeline, simulator):
    simulator.faults.add("unknown_field", endpoint="usage_events", start_date=str(DAY), times=None)
    task = pipeline.task(DAY, DAY)
    pipeline.extract(task)
    first = pipeline.load(task)
    before = noted(pipeline)
    again = pipeline.load(task)
    assert noted(pipeline) == before
    assert again.findings == first.findings


def test_an_unchanged_window_is_not_counted_again(pipeline, came):
    came(name="unknown_field", field="reasoningEffort", value=1)
    rows = events(pipeline)
    came(name="unknown_field", field="reasoningEffort", value=1)
    in_rows = [row for row in noted(pipeline) if not row[2]]
    assert in_rows == [("usage_events", "reasoningEffort", False, "number", rows)]
