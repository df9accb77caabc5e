"""An answer is split into its records and the rest as a plain reading of it would, whichever way it is scanned."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from cursor_usage.cursor_api.endpoints import USAGE_EVENTS
from cursor_usage.cursor_api.envelope import _scanned_once, decode_envelope

KEY = USAGE_EVENTS.records_key

# Few and short, so that members hold the text of records at times.
values = st.recursive(
    st.sampled_from([0, "", "}],[{", None]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
rows = st.dictionaries(st.sampled_from("ab"), values, max_size=2)
answers = st.tuples(st.lists(rows, max_size=4), st.dictionaries(st.sampled_from(["b", "pagination"]), values)).flatmap(
    lambda parts: st.permutations([(KEY, parts[0]), *parts[1].items()])
)


def text_of(members, *, is_spaced=False):
    return json.dumps(dict(members), separators=None if is_spaced else (",", ":")).encode()


@given(members=answers, is_spaced=st.booleans())
@example(members=[("b", [{}]), (KEY, [{}]), ("pagination", [{}])], is_spaced=False)
@example(members=[(KEY, [{"a": 0}, {"b": 0}]), ("pagination", {"a": {"b": 0}})], is_spaced=False)
def test_records_and_rest_are_those_of_a_plain_reading(members, is_spaced):
    content = text_of(members, is_spaced=is_spaced)
    found = decode_envelope(content, USAGE_EVENTS)
    expected = dict(members)
    assert json.loads(bytes(found.raw_records)) == expected[KEY]
    assert [json.loads(bytes(record)) for record in found.records] == expected.pop(KEY)
    assert found.rest == expected


def test_an_answer_as_cursor_writes_it_is_scanned_once():
    """Were none, nothing but the time would tell."""
    assert _scanned_once(text_of([("totalUsageEventsCount", 2), (KEY, [{"a": 1}, {"a": 2}]), ("period", {})]), KEY)


def test_of_a_key_that_comes_twice_the_last_counts():
    found = decode_envelope(b'{"%b":[{"a":1}],"%b":[{"a":2},{"a":3}]}' % (KEY.encode(), KEY.encode()), USAGE_EVENTS)
    assert [bytes(record) for record in found.records] == [b'{"a":2}', b'{"a":3}']
    assert (bytes(found.raw_records), found.rest) == (b'[{"a":2},{"a":3}]', {})
