"""A made team's page with all that a section can hold: for tests of the look, and to look at.

``python -m tests.ui.sample_page FOLDER`` writes page.html, report.html and problem.html with their static files there.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from cursor_usage.ui.rendering import STATIC, render_page, render_problem, render_report
from cursor_usage.ui.view import (
    Calendar,
    CalendarDay,
    Chart,
    Column,
    Figure,
    Link,
    Page,
    Problem,
    Role,
    Section,
    Series,
    Table,
    Window,
)
from tests.ui.sample_money import cost, overage, verdict
from tests.ui.sample_people import attribution, models, seats
from tests.ui.sample_values import NEWEST, days, wave

DayState = Literal["settled", "loaded", "provisional", "missing", "moved"]


def tokens() -> Section:
    parts: tuple[tuple[str, Role, int], ...] = (
        ("Input", "input_tokens", 9),
        ("Output", "output_tokens", 1),
        ("Cache write", "cache_write_tokens", 5),
        ("Cache read", "cache_read_tokens", 30),
    )
    return Section(
        "tokens",
        "Tokens",
        "Cache reads are 66.1 % of all tokens; output is 2.1 %.",
        figures=(
            Figure("Input", 135_855_922, "tokens"),
            Figure("Output", 13_164_384, "tokens"),
            Figure("Cache write", 70_886_958, "tokens"),
            Figure("Cache read", 1_204_223_411, "tokens"),
        ),
        charts=(
            Chart(
                "tokens_daily",
                "Tokens by day",
                "time",
                "tokens",
                days(NEWEST, 14),
                tuple(
                    Series(
                        label,
                        role,
                        tuple(int(wave(at + 13, str(size)) * 1_000_000) for at in range(14)),
                        stack="tokens",
                    )
                    for label, role, size in parts
                ),
                "UTC day",
                "Weekdays need about 45 million tokens, weekends 8 million.",
            ),
            Chart(
                "cache_share",
                "Input that came from cache",
                "time",
                "share",
                days(NEWEST, 14),
                (
                    Series(
                        "From cache",
                        "cache_read_tokens",
                        tuple(None if at == 5 else 0.6 + (at * 3 % 7) / 40 for at in range(14)),
                        "line",
                    ),
                ),
                "UTC day",
                "Between 60 and 75 % of input was read from cache; 2026-11-21 has no requests.",
            ),
        ),
    )


def freshness(number: int = 120) -> Section:
    odd: dict[int, DayState] = {
        2: "provisional",
        3: "provisional",
        20: "moved",
        41: "missing",
        42: "missing",
        60: "loaded",
    }
    sentences: dict[DayState, str] = {
        "settled": "Settled: loaded 48 hours after its end.",
        "provisional": "Provisional: its figures may still move.",
        "loaded": "Loaded once, not settled yet.",
        "missing": "Missing: not loaded yet; the next run fetches it.",
        "moved": "Moved: 3 requests and $0.41 were added after it settled.",
    }
    states: list[DayState] = [odd.get(number - at, "settled") for at in range(number)]
    calendar_days = tuple(
        CalendarDay(day, state, sentences[state]) for day, state in zip(days(NEWEST, number), states, strict=True)
    )
    columns = (
        Column("usage_date", "Day", "date"),
        Column("moved_requests", "Requests moved", "count"),
        Column("moved_usage_value_usd", "Value moved", "usd"),
        Column("last_restated_at", "Last", "instant"),
    )
    rows = ((date(2026, 11, 10), 3, Decimal("0.41"), datetime.fromisoformat("2026-11-14 02:31:09")),)
    return Section(
        "freshness",
        "Freshness",
        f"{number - 6} of {number} days are settled; 2 are missing.",
        "warning",
        calendars=(
            Calendar(
                "coverage",
                "Days of usage events",
                calendar_days,
                f"From {calendar_days[0].day} to {NEWEST}: 2 days are missing, 2 are provisional.",
            ),
        ),
        tables=(Table("restatements", "Days that moved after they were first complete", columns, rows, 1),),
    )


def access() -> Section:
    columns = (
        Column("endpoint", "Endpoint", "text"),
        Column("access", "Access", "text"),
        Column("since", "Since", "instant"),
        Column("empty_marts", "Stay empty because of it", "text"),
    )
    since = datetime.fromisoformat("2026-11-30 00:29:15")
    rows = (
        ("/teams/members", "granted", since, None),
        ("/teams/spend", "granted", since, None),
        ("/analytics/team/models", "refused", since, "the adoption of models by week"),
    )
    return Section(
        "access",
        "Access",
        "The key may read 2 of 3 endpoints.",
        tables=(Table("endpoints", "Endpoints", columns, rows, 3),),
    )


def made_page(
    team_id: str = "demo",
    *,
    has_people: bool = True,
    teams: Sequence[str] = ("demo", "payments", "a team with a long name"),
) -> Page:
    window = Window("14_days", "The verified 14 days", NEWEST - timedelta(days=13), NEWEST)
    others = (
        ("open_cycle", "Open billing cycle, from 2026-11-03"),
        ("previous_cycle", "Billing cycle before, from 2026-10-03"),
        ("30_days", "Last 30 days"),
        ("90_days", "Last 90 days"),
        ("all", "All loaded days"),
    )
    return Page(
        team_id=team_id,
        window=window,
        headline=(
            "Matched to the cent: on-demand usage in the open cycle since 2026-11-03, $559.49 here and $559.49 in "
            "Cursor's spend figures. Seat fees use assumed list prices."
        ),
        tone="good",
        run_id="scheduled__2026-11-30T00:15:00+00:00",
        published_at=datetime.fromisoformat("2026-11-30 00:35:12"),
        newest_loaded_date=NEWEST,
        sections=(verdict(), cost(), seats(), overage(), models(), tokens(), attribution(), freshness(), access()),
        team_ids=tuple(teams),
        windows=(window, *(replace(window, key=key, label=label) for key, label in others)),
        links=(
            Link("report.html", "Report", "All teams in one file, for mail and archive."),
            Link(
                "docs/data_quality/index.html", "Data quality", "What each run expected of the data, and what it found."
            ),
            Link("docs/dbt/index.html", "Models and lineage", "Every column, where it comes from and what is tested."),
        ),
        parameters={"costs.sort": "-cash_cost_usd", "costs.page": "2"},
        has_people=has_people,
    )


PROBLEM = Problem(
    "Nothing is published yet",
    "The first run of the DAG cursor_usage_daily has not finished, so there is no file to read.",
    "Unpause the DAG cursor_usage_daily or trigger it, and load this page again when the run is green.",
)


def write_samples(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(STATIC, folder / "static", dirs_exist_ok=True)
    other = replace(
        made_page("payments", has_people=False),
        tone="bad",
        headline="Drift: on-demand usage is $12.40 lower here than in Cursor's spend figures.",
    )
    (folder / "page.html").write_text(render_page(made_page()), encoding="utf-8")
    (folder / "report.html").write_text(render_report([made_page(), other]), encoding="utf-8")
    (folder / "problem.html").write_text(render_problem(PROBLEM), encoding="utf-8")


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]))
