"""The one sentence that the Test button, `check` and the run print."""

from __future__ import annotations

import asyncio

import pytest

from cursor_usage.cursor_api import AccessSummary, CursorAdminClient, summarise_access
from tests.cursor_api.fault_server import FakeClock, FaultServer, Reply
from tests.cursor_api.reading import client_of

PLAN = Reply({"message": "Enterprise access required"}, 403)
KEY_REFUSED = Reply({"code": "error", "message": "Invalid Team API Key"}, 401)
LIMITED = Reply({"error": "Rate limit exceeded"}, 429, {"Retry-After": "60"})
BROKEN = Reply({"error": "Internal"}, 500)
HTML = Reply(b"<html>", headers={"Content-Type": "text/html"})

KEY_SENTENCE = (
    'Cursor refused the key (401, "Invalid Team API Key"): it is wrong or of another kind; put a team Admin API key, '
    "made by a team admin in the Cursor dashboard, into the connection's password."
)
PLAN_SENTENCE = (
    "This plan does not support the Admin API: Cursor Teams (Business) or Enterprise is needed, or leave this "
    'team out (Cursor answered 403, "Enterprise access required").'
)
LIMITED_SENTENCE = (
    "Cursor limits the rate of this team's requests (429) and asks to wait 60 s; wait and try again, with a lower "
    "requests_per_minute where something else uses this team's limit too."
)
BROKEN_SENTENCE = 'Cursor failed to answer (500, "Internal"); this is on Cursor\'s side, try again later.'
HTML_SENTENCE = (
    "What answers is not the Cursor Admin API: the answer is an HTML page; check that the connection's "
    "Base URL (host) is the Cursor Admin API and no proxy answers for it."
)


async def _summary(client: CursorAdminClient) -> AccessSummary:
    async with client:
        return summarise_access(await client.probe())


def summary(server: FaultServer) -> AccessSummary:
    return asyncio.run(_summary(client_of(server, FakeClock())))


def test_all(server: FaultServer):
    assert summary(server) == AccessSummary(
        is_usable=True,
        is_complete=True,
        sentence="The key reads all endpoints: members, spend, daily usage and usage events.",
    )


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (KEY_REFUSED, KEY_SENTENCE),
        (PLAN, PLAN_SENTENCE),
        (LIMITED, LIMITED_SENTENCE),
        (BROKEN, BROKEN_SENTENCE),
        (HTML, HTML_SENTENCE),
    ],
)
def test_nothing_for_one_reason(server: FaultServer, reply: Reply, sentence: str):
    server.script_all(reply)
    assert summary(server) == AccessSummary(is_usable=False, is_complete=False, sentence=sentence)


def test_nothing_for_several_reasons_names_each_and_the_most_urgent_step(server: FaultServer):
    server.script_all(PLAN)
    server.script("usage_events", KEY_REFUSED)
    found = summary(server)
    assert not found.is_usable
    assert 'members (not in this plan: "Enterprise access required")' in found.sentence
    assert 'usage events (key refused: "Invalid Team API Key")' in found.sentence
    assert found.sentence.endswith("into the connection's password.")


@pytest.mark.parametrize(
    ("refused", "is_usable"),
    [
        (["spend"], True),
        (["spend", "daily_usage"], True),
        (["members", "spend", "daily_usage"], True),
        (["members", "usage_events"], False),
    ],
)
def test_part_of_it_refused(server: FaultServer, refused: list[str], is_usable: bool):  # noqa: FBT001 - a case's column
    for endpoint in refused:
        server.script(endpoint, PLAN)
    found = summary(server)
    assert (found.is_usable, found.is_complete) == (is_usable, False)
    for endpoint in refused:
        assert f'{endpoint.replace("_", " ")} (not in this plan: "Enterprise access required")' in found.sentence
    assert found.sentence.count(".") == 1


def test_part_of_it_broken_is_not_called_usable(server: FaultServer):
    server.script("usage_events", BROKEN)
    found = summary(server)
    assert not found.is_usable
    assert found.sentence == (
        'The key reads members, spend and daily usage but not usage events (Cursor\'s own error: "Internal"); '
        "this is on Cursor's side, try again later."
    )
