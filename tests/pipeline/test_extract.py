"""Fetching and landing: what a run asks for, and what each kind of bad answer leads to. Nothing is ever lost."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from cursor_usage.cursor_api import (
    CursorAdminClient,
    CursorAnswerError,
    CursorAuthError,
    CursorPlanError,
    CursorRateLimitError,
    CursorRequestError,
    CursorServerError,
    CursorTruncatedAnswerError,
    CursorUnreachableError,
)
from cursor_usage.landing import LandingError
from cursor_usage.pipeline.errors import IncompleteWindowError
from tests.cursor_api_simulator import Simulator
from tests.pipeline.pipeline_runner import PipelineRunner, half_landed, landed_text

TODAY = date(2026, 11, 24)
YESTERDAY = TODAY - timedelta(days=1)


def outcomes(run_file) -> dict[str, str]:
    return {fact.endpoint: fact.outcome for fact in run_file.access}


def days(bodies) -> list[tuple[str, str]]:
    def text(milliseconds: int) -> str:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")[:-6]

    return sorted({(text(body["startDate"]), text(body["endDate"])) for body in bodies})


def test_the_first_run_fetches_the_open_cycle_thirty_days_of_activity_and_the_open_day(pipeline):
    run_file = pipeline.until_load()
    assert outcomes(run_file) == dict.fromkeys(["members", "spend", "daily_usage", "usage_events"], "ok")
    assert days(pipeline.requests("daily_usage")) == [("2026-10-25T00:00:00.000", "2026-11-23T23:59:59.999")]
    # The cycle began on the 3rd at 13:06: its day is the first; the look-back's days are windows of their own.
    assert days(pipeline.requests("usage_events")) == [
        ("2026-11-03T00:00:00.000", "2026-11-09T23:59:59.999"),
        ("2026-11-10T00:00:00.000", "2026-11-16T23:59:59.999"),
        ("2026-11-17T00:00:00.000", "2026-11-20T23:59:59.999"),
        ("2026-11-21T00:00:00.000", "2026-11-21T23:59:59.999"),
        ("2026-11-22T00:00:00.000", "2026-11-22T23:59:59.999"),
        ("2026-11-23T00:00:00.000", "2026-11-23T23:59:59.999"),
        ("2026-11-24T00:00:00.000", "2026-11-24T05:30:00.001"),
    ]
    assert len(pipeline.requests("spend")) == 2  # before and after the open day


def test_raw_holds_exactly_what_the_company_used(pipeline, simulator):
    pipeline.until_load()
    start = int(datetime(2026, 11, 3, tzinfo=UTC).timestamp() * 1000)
    end = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp() * 1000) - 1
    events = simulator.company.events(start, end, simulator.clock.now_ms())
    expected = sorted((event["timestamp"], event.get("userEmail") or "") for event in events)
    found = pipeline.raw("select epoch_ms(event_at)::varchar, coalesce(user_email, '') from raw.cursor_usage_events")
    assert sorted(found) == expected


def test_a_later_run_fetches_the_look_back_and_every_day_that_is_missing(pipeline, simulator):
    pipeline.until_load()
    simulator.clock.set("2026-11-28T05:30:00Z")
    before = len(pipeline.requests("usage_events"))
    pipeline.until_load()
    # 22 and 23 November were last fetched before they were settled; the 24th is missing; 25 to 27 are the look-back.
    assert days(pipeline.requests("usage_events")[before:])[:4] == [
        ("2026-11-22T00:00:00.000", "2026-11-24T23:59:59.999"),
        ("2026-11-25T00:00:00.000", "2026-11-25T23:59:59.999"),
        ("2026-11-26T00:00:00.000", "2026-11-26T23:59:59.999"),
        ("2026-11-27T00:00:00.000", "2026-11-27T23:59:59.999"),
    ]


def test_a_restated_day_ends_at_its_newest_answer(pipeline, simulator, tmp_path):
    pipeline.until_load()
    simulator.clock.set("2026-11-26T05:30:00Z")
    pipeline.until_load()
    fresh = PipelineRunner(simulator, tmp_path / "fresh")
    fresh.until_load(start=date(2026, 11, 3), end=date(2026, 11, 25))
    old, new = pipeline.raw_rows(), fresh.raw_rows()
    assert old["cursor_usage_events"] == new["cursor_usage_events"]


def test_a_back_fill_and_daily_runs_may_overlap_in_any_order(pipeline, simulator, tmp_path):
    pipeline.until_load(start=date(2026, 11, 8), end=date(2026, 11, 12))
    pipeline.until_load()
    pipeline.until_load(start=date(2026, 11, 1), end=date(2026, 11, 9))
    other = PipelineRunner(simulator, tmp_path / "other")
    other.until_load(start=date(2026, 11, 1), end=YESTERDAY)
    assert pipeline.raw_rows()["cursor_usage_events"] == other.raw_rows()["cursor_usage_events"]


def test_the_same_run_again_fetches_no_closed_window_twice(pipeline):
    task = pipeline.task()
    first = pipeline.extract(task)
    before = len(pipeline.requests("usage_events"))
    again = pipeline.extract(task)
    assert days(pipeline.requests("usage_events")[before:]) == [("2026-11-24T00:00:00.000", "2026-11-24T05:30:00.001")]
    assert len(again.fetches) == len(first.fetches)


def test_a_wrong_key_fails_at_once_and_names_the_next_step(pipeline):
    pipeline.key = "key_of_somebody_else"
    task = pipeline.task()
    with pytest.raises(CursorAuthError, match="team Admin API key"):
        pipeline.extract(task)
    assert len(pipeline.simulator.requests) == 1
    run_file = pipeline.run_file(task)
    assert outcomes(run_file)["members"] == "refused"
    assert "refused the key" in run_file.error


def test_a_plan_without_the_api_is_said_once_for_all_endpoints(pipeline, simulator):
    simulator.access = replace(simulator.access, plan="pro")
    task = pipeline.task()
    with pytest.raises(
        CursorPlanError, match=r"Cursor Teams \(Business\) or Enterprise is needed, or leave this team out"
    ):
        pipeline.extract(task)
    assert set(outcomes(pipeline.run_file(task)).values()) == {"refused"}


@pytest.mark.parametrize("endpoint", ["members", "spend", "daily_usage", "usage_events"])
def test_one_refused_endpoint_is_noted_and_the_rest_goes_on(pipeline, simulator, endpoint):
    simulator.access = replace(simulator.access, refused={endpoint: 403})
    run_file = pipeline.until_load()
    assert outcomes(run_file) == {
        name: "refused" if name == endpoint else "ok" for name in ("members", "spend", "daily_usage", "usage_events")
    }
    access = pipeline.raw("select outcome, status_code from raw.endpoint_access where endpoint = '" + endpoint + "'")
    assert access == [("refused", 403)]
    loaded = {name for (name,) in pipeline.raw("select distinct endpoint from raw.loads")}
    assert loaded == {"members", "spend", "daily_usage", "usage_events"} - {endpoint}


BROKEN = {
    "a server error": ("status", {"code": 503}, CursorServerError),
    "dropped connections": ("drop_before", {}, CursorUnreachableError),
    "truncated bodies": ("drop_midway", {}, CursorTruncatedAnswerError),
    "HTML with status 200": ("html", {}, CursorAnswerError),
    "JSON of another shape": ("other_shape", {}, CursorAnswerError),
    "paging without an end": ("endless_paging", {}, CursorAnswerError),
    "empty pages that promise more": ("empty_page", {}, CursorAnswerError),
    "an absurdly long Retry-After": ("rate_limited", {"retry_after": "absurd"}, CursorRateLimitError),
    "a refused request": ("status", {"code": 400}, CursorRequestError),
}


@pytest.mark.parametrize("case", BROKEN)
def test_an_endpoint_that_stays_broken_fails_the_team_and_loses_nothing(pipeline, simulator, case):
    fault, params, error = BROKEN[case]
    pipeline.until_load()
    before = pipeline.raw_rows()
    simulator.faults.add(fault, endpoint="usage_events", times=None, **params)
    task = pipeline.task()
    with pytest.raises(error):
        pipeline.extract(task)
    run_file = pipeline.run_file(task)
    assert run_file.error
    assert outcomes(run_file)["usage_events"] == "failed"
    assert pipeline.raw_rows() == before
    simulator.faults.clear()
    pipeline.until_load()
    assert half_landed(pipeline.data) == []
    assert pipeline.raw_rows()["cursor_usage_events"] == before["cursor_usage_events"]


@pytest.mark.parametrize(
    ("fault", "params"),
    [
        ("status", {"code": 500}),
        ("status", {"code": 409}),
        ("drop_before", {}),
        ("drop_midway", {}),
        ("cut_json", {}),
        ("rate_limited", {}),
        ("rate_limited", {"retry_after": None}),
        ("rate_limited", {"retry_after": "7.5"}),
        ("rate_limited", {"retry_after": "Tue, 24 Nov 2026 05:31:10 GMT"}),
        ("count_off", {}),
    ],
)
def test_a_fault_that_passes_leaves_no_trace(pipeline, simulator, tmp_path, fault, params):
    simulator.faults.add(fault, endpoint="usage_events", nth=2, **params)
    pipeline.until_load()
    simulator.faults.clear()
    undisturbed = PipelineRunner(simulator, tmp_path / "undisturbed")
    undisturbed.until_load()
    assert pipeline.raw_rows() == undisturbed.raw_rows()


def test_a_row_that_arrives_while_a_window_is_paged_is_neither_lost_nor_doubled(tmp_path):
    with Simulator(seed=3, seats=12, events_per_day=400, clock="2026-11-24T05:30:00Z") as simulator:
        pipeline = PipelineRunner(simulator, tmp_path / "data")
        fault = simulator.faults.add("row_added_while_paging", "usage_events", page=1, start_date="2026-11-10")
        pipeline.until_load()
        simulator.faults.clear()
        undisturbed = PipelineRunner(simulator, tmp_path / "undisturbed")
        undisturbed.until_load()
        assert fault.struck == 1
        assert max(body["page"] for body in pipeline.requests("usage_events")) > 1
        assert pipeline.raw_rows() == undisturbed.raw_rows()


def test_a_count_that_never_fits_fails_after_bounded_tries(pipeline, simulator):
    simulator.faults.add("count_off", endpoint="usage_events", start_date="2026-11-22", times=None)
    task = pipeline.task()
    with pytest.raises(IncompleteWindowError, match="announced another number of usage_events for 2026-11-22"):
        pipeline.extract(task)
    tried = [body for body in pipeline.requests("usage_events") if days([body])[0][0].startswith("2026-11-22")]
    assert len(tried) == 3
    assert not pipeline.data.warehouse.exists()


def test_an_open_day_that_never_holds_still_costs_no_closed_day(pipeline, simulator):
    simulator.faults.add("count_off", endpoint="usage_events", start_date="2026-11-24", times=None)
    pipeline.until_load()
    assert pipeline.raw("select count(*) from raw.loads where is_open_day") == [(0,)]
    assert pipeline.raw("select count(*) > 0 from raw.cursor_usage_events") == [(True,)]


def test_a_cycle_that_begins_while_the_run_fetches_has_its_open_day_fetched_again(tmp_path):
    with Simulator(seed=3, seats=12, events_per_day=60, clock="2026-12-03T13:06:20Z") as simulator:
        pipeline = PipelineRunner(simulator, tmp_path / "data")

        def roll_over(_request) -> None:
            simulator.clock.set("2026-12-03T13:07:00Z")

        simulator.faults.add("call", endpoint="usage_events", start_date="2026-12-03", function=roll_over)
        pipeline.until_load()
        rows = pipeline.raw(
            "select endpoint, cycle_start_at, covered_until_at from raw.loads "
            "where endpoint = 'spend' or is_open_day order by fetch_started_at, endpoint"
        )
    starts = [row[1] for row in rows if row[0] == "spend"]
    assert starts[0] == datetime(2026, 11, 3, 13, 6, 28)  # noqa: DTZ001  # DuckDB's timestamp has no zone
    assert starts[-1] == datetime(2026, 12, 3, 13, 6, 28)  # noqa: DTZ001  # see above
    assert rows[-1][0] == "spend" or rows[-2][0] == "spend"
    assert max(row[2] for row in rows if row[0] == "usage_events") >= datetime(2026, 12, 3, 13, 7)  # noqa: DTZ001


def test_another_host_may_not_write_into_a_teams_landing(pipeline, simulator, tmp_path):
    pipeline.until_load()
    with Simulator(seed=4, seats=3, clock=simulator.clock) as stranger:
        other = PipelineRunner(stranger, pipeline.data.root, pipeline.team.team_id)
        with pytest.raises(LandingError, match="so that two sources never mix"):
            other.extract(other.task())


def test_the_key_is_nowhere_but_in_the_request(pipeline, simulator, caplog):
    with caplog.at_level("DEBUG"):
        pipeline.until_load()
        simulator.faults.add("status", code=503, times=None)
        with pytest.raises(CursorServerError):
            pipeline.extract(pipeline.task())
    encoded = base64.b64encode(f"{pipeline.key}:".encode()).decode()
    for text in (landed_text(pipeline), caplog.text):
        assert pipeline.key not in text
        assert encoded not in text


def test_a_spend_list_that_never_has_the_announced_length_is_taken_with_a_warning(pipeline, simulator):
    """Removed members with spend are in the list, whether they are counted or not."""
    simulator.faults.add("count_off", endpoint="spend", times=None)
    task = pipeline.task()
    run_file = pipeline.extract(task)
    assert outcomes(run_file) == dict.fromkeys(["members", "spend", "daily_usage", "usage_events"], "ok")
    assert len(pipeline.requests("spend")) == 2 * 3, "each snapshot is tried three times"
    warnings = [fact.text for fact in pipeline.judge(task).findings if fact.severity == "warning"]
    assert "spend of snapshot: the API announced 16 records and 15 came. The same in 1 more window." in warnings
    pipeline.load(task)
    loads = pipeline.raw("select records_announced, records_received from raw.loads where endpoint = 'spend'")
    assert loads == [(16, 15)] * 2
    assert pipeline.raw("select count(*) > 0 from raw.cursor_usage_events") == [(True,)]


def test_a_spend_list_that_has_the_announced_length_in_the_end_is_taken_without_one(pipeline, simulator):
    simulator.faults.add("count_off", endpoint="spend", times=2)
    pipeline.until_load()
    loads = pipeline.raw("select records_announced = records_received from raw.loads where endpoint = 'spend'")
    assert loads == [(True,)] * 2


def test_a_second_spend_snapshot_without_a_page_costs_no_closed_day(pipeline, monkeypatch):
    real, asked = CursorAdminClient.spend, []

    async def spend(client):
        asked.append(1)
        if len(asked) == 1:
            async for page in real(client):
                yield page

    monkeypatch.setattr(CursorAdminClient, "spend", spend)
    pipeline.until_load()
    assert len(asked) == 2
    assert pipeline.raw("select count(*) from raw.loads where endpoint = 'spend'") == [(1,)]
    assert pipeline.raw("select count(*) > 0 from raw.cursor_usage_events") == [(True,)]
