"""The summary on hand-made published files. What is checked is what a person reads."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from cursor_usage.console.run_summary import Access, Finding, Loaded, RunSummary
from cursor_usage.console.summary import print_summary
from cursor_usage.pipeline.run import AccessFact, FindingFact, TeamRunFile
from cursor_usage.wording import count, money

MONEY, COUNT = "decimal(38, 8)", "bigint"
MARTS = {
    "verification_totals": f"""team_id varchar, window_start_date date, window_end_date date, measure varchar,
        measure_order bigint, unit varchar, warehouse_value {MONEY}, reference_source varchar, reference_value {MONEY},
        difference {MONEY}, tolerance_share double, verdict varchar, explanation varchar""",
    "verification_verdicts": f"""team_id varchar, verdict varchar, matched_count {COUNT},
        matched_within_tolerance_count {COUNT}, drift_count {COUNT}, inconclusive_count {COUNT},
        not_compared_count {COUNT}, sentence varchar, newest_loaded_date date, snapshot_at timestamp""",
    "adoption_gaps": f"""team_id varchar, email varchar, name varchar, role varchar, seat_type varchar,
        monthly_seat_fee_usd {MONEY}, first_seen_date date, is_tenure_known boolean, last_active_date date,
        days_since_last_activity {COUNT}, observed_days {COUNT}, activity_status varchar, is_adoption_gap boolean,
        reclaim_tier varchar, reason varchar, earliest_saving_date date, monthly_saving_usd {MONEY},
        seat_price_source varchar""",
    "model_mix": f"""team_id varchar, window_start_date date, window_end_date date, email varchar, model varchar,
        model_tier varchar, requests {COUNT}, request_share double, input_tokens {COUNT}, output_tokens {COUNT},
        cache_write_tokens {COUNT}, cache_read_tokens {COUNT}, usage_value_usd {MONEY}, other_usage_usd {MONEY},
        usage_value_share double, max_mode_requests {COUNT}, simple_premium_model_requests {COUNT}""",
    "usage_costs": f"""team_id varchar, cycle_start_at timestamp, cycle_end_at timestamp, is_open_cycle boolean,
        is_fully_covered boolean, email varchar, seat_type varchar, seat_fee_usd {MONEY}, included_usage_usd {MONEY},
        on_demand_usd {MONEY}, cash_cost_usd {MONEY}, usage_value_usd {MONEY}, other_usage_usd {MONEY},
        on_demand_share double, requests {COUNT}, input_tokens {COUNT}, output_tokens {COUNT},
        cache_write_tokens {COUNT}, cache_read_tokens {COUNT}, seat_price_source varchar""",
    "publications": "mart varchar, row_count bigint, run_id varchar, published_at timestamp",
}
# Some of the measures, in the mart's order.
MEASURES = (
    "requests",
    "input_tokens",
    "on_demand_usd",
    "active_developers",
    "cycle_included_usage_usd",
    "cycle_on_demand_usd",
    "cycle_usage_value_usd",
    "previous_cycle_on_demand_usd",
    "closed_cycle_on_demand_usd",
    "paid_seats",
)
CYCLE = {
    "cycle_start_at": datetime.fromisoformat("2026-11-03T13:06:28"),
    "cycle_end_at": datetime.fromisoformat("2026-12-03T13:06:28"),
}
WINDOW = {"window_start_date": date(2026, 11, 10), "window_end_date": date(2026, 11, 23)}


class Published:
    """A published folder whose marts are filled row by row; a column that is not given is null."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "marts.duckdb"
        with duckdb.connect(self.path) as connection:
            connection.execute("create schema marts")
            for mart, columns in MARTS.items():
                connection.execute(f"create table marts.marts.{mart} ({columns})")

    def put(self, mart, team_id="acme", **values):
        values = {"team_id": team_id, **values}
        self.run(
            f"insert into marts.marts.{mart} ({', '.join(values)}) values ({', '.join('?' * len(values))})",
            *values.values(),
        )

    def run(self, statement, *values):
        with duckdb.connect(self.path) as connection:
            connection.execute(statement, values)

    def verdict(self, verdict="matched", sentence="All compared totals match.", **more):
        self.put("verification_verdicts", verdict=verdict, sentence=sentence, **more)

    def total(self, measure, value, reference=None, source=None, verdict="not_compared", *, explanation=None, **more):
        difference = None if reference is None else Decimal(value) - Decimal(reference)
        self.put(
            "verification_totals",
            **{
                **WINDOW,
                "measure": measure,
                "measure_order": MEASURES.index(measure) if measure in MEASURES else len(MEASURES),
                "unit": "usd" if measure.endswith("_usd") else "count",
                "warehouse_value": value,
                "reference_value": reference,
                "reference_source": source,
                "difference": difference,
                "verdict": verdict,
                "explanation": explanation,
                **more,
            },
        )

    def seat(self, email="ann@example.com", status="active", tier=None, fee=40, **more):
        is_gap = status in ("idle", "never_active")
        self.put(
            "adoption_gaps",
            **{
                "email": email,
                "activity_status": status,
                "is_adoption_gap": is_gap,
                "reclaim_tier": tier,
                "monthly_seat_fee_usd": fee,
                "monthly_saving_usd": fee if is_gap else 0,
                "observed_days": 30,
                "earliest_saving_date": date(2026, 11, 24) if is_gap else None,
                **more,
            },
        )

    def cost(self, email, fee, on_demand, included=0, requests=1, **more):
        self.put(
            "usage_costs",
            **{
                **CYCLE,
                "is_open_cycle": True,
                "is_fully_covered": True,
                "email": email,
                "seat_fee_usd": fee,
                "on_demand_usd": on_demand,
                "included_usage_usd": included,
                "usage_value_usd": Decimal(on_demand) + Decimal(included),
                "cash_cost_usd": None if fee is None else Decimal(fee) + Decimal(on_demand),
                "requests": requests,
                **more,
            },
        )

    def mix(self, model, tier, requests, value, simple=0, **more):
        self.put(
            "model_mix",
            **{
                **WINDOW,
                "email": "ann@example.com",
                "model": model,
                "model_tier": tier,
                "requests": requests,
                "usage_value_usd": value,
                "simple_premium_model_requests": simple,
                **more,
            },
        )


@pytest.fixture
def published(tmp_path):
    return Published(tmp_path)


def printed(folder, run=None, width=100, encoding="utf-8"):
    """What a terminal without colour shows."""
    written = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_summary(folder, console=Console(file=written, width=width), run=run)
    written.seek(0)
    return written.read()


def line_with(text, words):
    lines = [line for line in text.splitlines() if words in f"\n{line}"]
    assert len(lines) == 1, f"{len(lines)} lines with {words!r} in:\n{text}"
    return lines[0].split()


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("1234.56", "$1,234.56"),
        ("0", "$0.00"),
        ("-0.001", "$0.00"),
        ("-1234.5", "-$1,234.50"),
        ("0.00500000", "$0.01"),
        ("1234567.89500000", "$1,234,567.90"),
        (None, "-"),
    ],
)
def test_money_has_dollars_separators_and_two_decimals(amount, shown):
    assert money(None if amount is None else Decimal(amount)) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [(1234567, "1,234,567"), (Decimal("12.00000000"), "12"), (Decimal("0.50000000"), "0.5"), (None, "-")],
)
def test_counts_have_separators(number, shown):
    assert count(number) == shown


def test_the_verdict_is_a_sentence_and_a_table_of_what_was_compared_first(published):
    published.verdict(sentence="Cursor's spend and the events agree to the cent.")
    published.total("requests", 12345)
    published.total(
        "cycle_on_demand_usd",
        "1234.5",
        "1240",
        "cursor_spend_api",
        "matched_within_tolerance",
        window_start_date=date(2026, 11, 3),
        window_end_date=date(2026, 11, 24),
    )
    text = printed(published.folder)
    assert "Verdict: MATCHED" in text
    assert "Cursor's spend and the events agree to the cent." in text
    assert "Do the totals tie? (window 2026-11-10 to 2026-11-23, open cycle 2026-11-03 to 2026-11-24)" in text
    assert line_with(text, "cycle_on_demand_usd") == [
        "cycle_on_demand_usd",
        "$1,234.50",
        "$1,240.00",
        "-$5.50",
        "spend",
        "matched",
        "within",
        "tolerance",
    ]
    assert line_with(text, "12,345") == ["requests", "12,345", "-", "-", "not", "compared"]
    assert text.index("cycle_on_demand_usd") < text.index("12,345")


def test_an_earlier_cycle_has_dates_of_its_own(published):
    published.verdict()
    published.total("requests", 5)
    published.total(
        "closed_cycle_on_demand_usd",
        24,
        24,
        "invoice",
        "matched",
        window_start_date=date(2026, 10, 3),
        window_end_date=date(2026, 11, 3),
    )
    text = printed(published.folder)
    assert "Do the totals tie? (window 2026-11-10 to 2026-11-23)" in text
    shown = ["closed_cycle_on_demand_usd", "$24.00", "$24.00", "$0.00", "invoice", "matched"]
    assert line_with(text, "closed_cycle_on_demand_usd") == shown


def test_what_did_not_match_is_explained_once(published):
    published.verdict("drift", "One total drifts.")
    for measure in ("cycle_on_demand_usd", "cycle_usage_value_usd"):
        published.total(measure, 2, 1, "cursor_spend_api", "drift", explanation="1.00 dollar more in events.")
    published.total("cycle_included_usage_usd", 1, 1, "cursor_spend_api", "matched", explanation="Equal to the cent.")
    text = printed(published.folder)
    assert "cycle_on_demand_usd, cycle_usage_value_usd: 1.00 dollar more in events." in text
    assert "Equal to the cent." not in text


def test_the_adoption_gap_names_the_surest_candidates_and_how_many_more(published):
    published.verdict()
    published.seat("ann@example.com", seat_price_source="assumed_list")
    published.seat("new@example.com", "new")
    for number in range(3):
        published.seat(f"idle{number}@example.com", "idle", "probable", last_active_date=date(2026, 10, 1 + number))
    for number in range(4):
        published.seat(f"never{number}@example.com", "never_active", "certain", fee=120 if number == 3 else 40)
    published.seat("leave@example.com", "idle", "excluded", monthly_saving_usd=0)
    text = printed(published.folder)
    assert "Paid seats 10: active 1, new 1, idle 4, never active 4" in text
    assert "$400.00 of $480.00 in 8 seats without recent" in text
    assert "$360.00 could be saved (list prices, assumed)" in " ".join(text.split())
    assert line_with(text, "never3@") == [
        "certain",
        "never3@example.com",
        "not",
        "in",
        "30",
        "days",
        "2026-11-24",
        "$120.00",
    ]
    assert line_with(text, "idle0@") == ["probable", "idle0@example.com", "2026-10-01", "2026-11-24", "$40.00"]
    assert text.index("never3@") < text.index("never0@") < text.index("idle0@")
    assert "idle1@" not in text
    assert "leave@" not in text
    assert "and 2 more in marts.adoption_gaps" in text


def test_the_model_mix_is_by_tier_and_by_model(published):
    published.verdict()
    published.mix("claude-4.6-opus", "premium", 1000, "500", simple=120)
    published.mix("claude-4.6-opus", "premium", 200, "100", simple=3, email="bo@example.com")
    for number in range(5):
        published.mix(f"model-{number}", "unknown", 10, number)
    text = printed(published.folder)
    assert line_with(text, "\n  premium  ") == ["premium", "1,200", "$600.00"]
    assert line_with(text, "\n  unknown  ") == ["unknown", "50", "$10.00"]
    assert "Simple work on premium models: 123 of 1,200 premium-model requests" in text
    assert line_with(text, "claude-4.6-opus") == ["claude-4.6-opus", "premium", "1,200", "$600.00"]
    assert line_with(text, "model-4") == ["model-4", "unknown", "10", "$4.00"]
    assert "model-0" not in text
    assert "and 1 more in marts.model_mix" in text


def test_the_open_cycle_says_what_is_paid_and_that_included_usage_is_not(published):
    published.verdict(newest_loaded_date=date(2026, 11, 23))
    published.seat("ann@example.com")
    published.seat("bo@example.com")
    published.cost("ann@example.com", 40, "60.004", included=20, requests=1500)
    published.cost("bo@example.com", 40, 0, seat_price_source="configured")
    published.cost(None, 0, 10)
    published.cost("old@example.com", None, 99, is_open_cycle=False)
    text = printed(published.folder)
    assert "Open cycle so far (2026-11-03 to 2026-12-03, closed days up to 2026-11-23)" in text
    assert line_with(text, "seat fees  ")[2] == "$80.00"
    assert line_with(text, "on-demand usage")[2] == "$70.00"
    assert line_with(text, "cash cost") == ["cash", "cost", "$150.00", "$75.00", "per", "paid", "seat", "(2)"]
    assert line_with(text, "included usage")[2:6] == ["$20.00", "covered", "by", "the"]
    ann = line_with(text, "\n  ann@example.com")
    assert ann == ["ann@example.com", "$40.00", "$60.00", "$100.00", "$20.00", "1,500"]
    assert line_with(text, "\n  (unattributed)")[1:4] == ["$0.00", "$10.00", "$10.00"]
    assert "old@example.com" not in text
    assert "lower bound" not in text


def test_a_cycle_with_days_missing_is_called_a_lower_bound(published):
    published.verdict()
    published.cost("ann@example.com", 40, 0, is_fully_covered=False)
    assert "usage is a lower bound" in printed(published.folder)


def test_teams_stand_apart(published):
    published.verdict(sentence="Acme is fine.")
    published.put("verification_verdicts", "other", verdict="inconclusive", sentence="Other is not loaded.")
    published.total("requests", 5)
    text = printed(published.folder)
    assert text.index("Team acme") < text.index("Acme is fine.") < text.index("Team other") < text.index("Other is not")
    assert text.count("requests  ") == 1


def test_markup_and_control_characters_are_shown_as_they_are(published):
    published.verdict(sentence="[bold]No[/bold] [/] \\[x] :smile:")
    published.seat("[red]x[/]@example.com", "never_active", "certain")
    published.seat("evil\x1b[31m@example.com", "never_active", "certain")
    published.cost("[link=x]y@example.com", 1, 1)
    published.mix("[/nothing]", "unknown", 1, 1)
    text = printed(published.folder, RunSummary("run[1]", errors={"acme": "[/] it broke"}))
    for shown in ("[bold]No[/bold] [/] \\[x] :smile:", "[red]x[/]@example.com", "[link=x]y@example.com", "[/nothing]"):
        assert shown in text
    assert "evil [31m@example.com" in text
    assert "\x1b" not in text
    assert "FAILED in this run: [/] it broke" in text


@pytest.mark.parametrize("width", [100, 80, 140])
def test_it_fits_whatever_is_in_it(published, width):
    published.verdict(sentence="Sentence of many words. " * 20)
    published.total(
        "paid_seats_without_activity", 123_456_789, 1, "dashboard", "inconclusive", explanation="Because. " * 30
    )
    published.total(
        "cycle_included_usage_usd", "123456789.12", "-123456789.12", "cursor_spend_api", "drift", explanation="Off."
    )
    published.seat("a" * 120 + "@example.com", "never_active", "certain")
    published.cost("b" * 120 + "@example.com", 40, 123456)
    published.mix("m" * 150, "unknown", 10**9, 10**9)
    run = RunSummary(
        "r" * 120,
        access=[Access("acme", "members", "refused", 403, "Enterprise access required " * 6)],
        findings=[Finding("acme", "warning", "Unknown kind " * 20)],
    )
    text = printed(published.folder, run, width=width)
    assert max(len(line) for line in text.splitlines()) <= min(width, 100)
    assert "a" * 30 in text
    assert "…" not in text


def test_a_terminal_without_unicode_can_show_it(published):
    published.verdict()
    published.total("requests", 5, 4, "dashboard", "drift", explanation="One more.")
    published.seat(status="never_active", tier="certain")
    assert "Verdict" in printed(published.folder, encoding="ascii")


def test_what_the_run_did_is_told_endpoint_by_endpoint(published):
    published.verdict()
    run = RunSummary(
        "manual__2026-11-24",
        access=[
            Access("acme", "usage_events", "ok", 200),
            Access("acme", "spend", "refused", 403, "Enterprise access required"),
            Access("acme", "members", "not_tried"),
        ],
        loads=[Loaded("acme", "usage_events", 14, 12_345, 3)],
        checks={"acme": 41},
        findings=[Finding("acme", "warning", "2 unknown models")],
        places={"docs": Path("/data/docs/index.html")},
    )
    text = printed(published.folder, run)
    assert "Run manual__2026-11-24" in text
    assert line_with(text, "usage_events") == ["usage_events", "ok", "14", "3", "12,345"]
    assert line_with(text, "Enterprise")[:3] == ["spend", "refused", "(403):"]
    assert line_with(text, "not tried")[0] == "members"
    assert "Data quality: 41 checks, 1 finding" in text
    assert "warning: 2 unknown models" in text
    assert "docs     /data/docs/index.html" in text


def test_a_failed_team_says_why_and_that_its_figures_are_old(published):
    published.verdict("inconclusive", "The newest run failed.")
    text = printed(published.folder, RunSummary("r", errors={"acme": "The key is wrong.", "late": "No answer."}))
    assert "FAILED in this run: The key is wrong." in text
    assert "from before this run" in text
    assert "No figures of this team are published yet." in text[text.index("Team late") :]


def test_the_files_of_teams_tell_what_a_run_did():
    at = datetime(2026, 11, 24, tzinfo=UTC)
    file = TeamRunFile(
        run_id="r",
        team_id="acme",
        connection_id="cursor_default",
        started_at=at,
        finished_at=at,
        access=[AccessFact("members", "refused", at, 403, "No")],
        checks=7,
        findings=[FindingFact("warning", "Odd.")],
        rows_loaded={"members": 76},
        windows_loaded={"members": 1},
        windows_unchanged={"members": 0},
        errors={"judge": "It broke."},
    )
    run = RunSummary.of_teams("r", [file])
    assert run.access == [Access("acme", "members", "refused", 403, "No")]
    assert run.loads == [Loaded("acme", "members", windows=1, records=76, unchanged=0)]
    assert (run.checks, run.errors, run.team_ids) == ({"acme": 7}, {"acme": "It broke."}, {"acme"})
    assert run.findings == [Finding("acme", "warning", "Odd.")]


def test_the_places_of_the_files_are_named(published):
    published.verdict()
    published.run("insert into marts.marts.publications values ('usage_costs', 1, 'r1', timestamp '2026-11-24 05:31')")
    (published.folder / "usage_costs.parquet").touch()
    text = printed(published.folder)
    assert "(run r1, 2026-11-24 05:31 UTC)" in " ".join(text.split())
    assert str(published.path) in text.replace("\n", "")
    assert "(1 file)" in " ".join(text.split())


def test_empty_marts_say_so(published):
    assert "The published marts have no team yet." in printed(published.folder)


def test_without_a_file_it_says_so(tmp_path):
    text = printed(tmp_path, RunSummary("r", errors={"acme": "The key is wrong."}))
    assert "Nothing is published yet" in text
    assert "The key is wrong." in text


def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "marts.duckdb").write_text("<html>")
    text = " ".join(printed(tmp_path).split())
    assert "cannot be read as a DuckDB file" in text


def test_an_older_file_shows_what_it_has(published):
    published.verdict()
    published.seat()
    published.run("drop table marts.marts.usage_costs")
    published.run("drop table marts.marts.model_mix")
    published.run("alter table marts.marts.verification_totals drop column explanation")
    published.run("drop table marts.marts.publications")
    text = " ".join(printed(published.folder).split())
    assert "has no mart usage_costs: publish again with this version." in text
    assert "has no mart model_mix: publish again with this version." in text
    assert "mart verification_totals lacks explanation" in text
    assert "Paid seats 1: active 1" in text
    published.run("drop table marts.marts.verification_verdicts")
    text = " ".join(printed(published.folder).split())
    assert "has no mart verification_verdicts" in text
    assert "Paid seats 1: active 1" in text


READER = """
import duckdb, sys
with duckdb.connect() as connection:
    connection.execute(f"attach '{sys.argv[1]}' as mine (read_only)")
    print("open", flush=True)
    sys.stdin.readline()
    print(connection.execute("select count(*) from mine.marts.verification_verdicts").fetchone()[0])
"""


def test_a_reader_in_another_process_is_not_disturbed_and_the_file_stays_as_it_is(published):
    published.verdict()
    before = published.path.read_bytes()
    with subprocess.Popen(
        [sys.executable, "-c", READER, published.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"
        # Whoever opened the file to write would be refused here, or would shut the reader out.
        assert "Verdict: MATCHED" in printed(published.folder)
        assert reader.communicate("go on\n")[0] == "1\n"
    assert published.path.read_bytes() == before


def test_an_unknown_field_is_said_and_is_no_finding(published):
    published.verdict()
    notice = Finding("acme", "notice", "usage events: 3 records have the unknown field newField (text).")
    text = printed(published.folder, RunSummary("run", checks={"acme": 39}, findings=[notice]))
    assert "39 checks, no findings" in text
    assert text.count("notice: usage events: 3 records have the unknown field newField (text).") == 1
