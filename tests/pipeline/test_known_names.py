"""The names that judging takes for known are those that the marts know."""

from __future__ import annotations

import pytest

from cursor_usage.pipeline.build import DBT_PROJECT
from cursor_usage.pipeline.known_names import known_kind, known_model

SEEDS = DBT_PROJECT / "seeds"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Usage-based", True),
        ("USAGE_EVENT_KIND_USAGE_BASED", True),
        ("usage_event_kind_errored_not_charged", True),
        (" On-Demand ", True),
        ("Promotional Bundle", False),
        ("", False),
    ],
)
def test_a_kind_is_known_as_label_enum_and_short_form(kind, expected):
    assert known_kind(SEEDS)(kind) is expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-5", True),
        ("Claude-4.6-Opus-high-thinking", True),
        ("gpt-5-fast", True),
        ("gpt-5-unheard-of", False),
        ("-high", False),
        ("Cursor Grok 4.6 (Auto Balanced)", False),
    ],
)
def test_a_model_is_known_with_or_without_its_suffixes(model, expected):
    assert known_model(SEEDS, DBT_PROJECT)(model) is expected
