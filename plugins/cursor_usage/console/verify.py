"""``verify``: the dashboard's figures of this moment against the warehouse, said in a table, verdicts and causes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from rich.console import Console
from rich.text import Text

from cursor_usage.console.environment import data_dir_of_runs
from cursor_usage.console.maintenance import said
from cursor_usage.console.marts import Marts, Row
from cursor_usage.console.summary_rows import figure
from cursor_usage.pipeline.verify import Verified, verify
from cursor_usage.settings import PUBLISHED_FILE, is_report_without_people
from cursor_usage.ui.report import write_report
from cursor_usage.wording import printable, words

# The option's name, what it is on the dashboard, its measure, and whether it counts.
OPTIONS = {
    "ON_DEMAND": ("on-demand usage of the open cycle in dollars", "cycle_on_demand_usd", False),
    "INCLUDED": ("included usage of the open cycle in dollars", "cycle_included_usage_usd", False),
    "USAGE_VALUE": ("included and on-demand usage of the open cycle in dollars", "cycle_usage_value_usd", False),
    "SEATS": ("paid seats", "paid_seats", True),
    "REQUESTS": ("requests of the 14 days of the window", "requests", True),
}
HIGHEST = Decimal(10) ** 15
# A comma stands between thousands only: 123,45 is not read as another figure.
FIGURE = re.compile(r"[$]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)([.][0-9]{1,8})?")


def verify_dashboard(
    texts: Mapping[str, str], team_id: str, console: Console, *, read_at: datetime | None = None
) -> int:
    """Compares what was typed with what is loaded. Returns the exit status: 0 whatever the verdict is.

    Raises:
        SystemExit: with a sentence, where a figure cannot be read or nothing can be compared.
    """
    values = {OPTIONS[name][1]: _figure(name, text) for name, text in texts.items() if text.strip()}
    if not values:
        known = "; ".join(f"{name}= {what}" for name, (what, _, _) in OPTIONS.items())
        raise SystemExit(f"Say at least one figure that the Team Admin dashboard shows now: {known}.")
    data = data_dir_of_runs()
    with said(console):
        done = verify(data, team_id.strip() or None, values, read_at or datetime.now(UTC))
        write_report(data.published, with_people=not is_report_without_people())
    with Marts(data.published / PUBLISHED_FILE) as marts:
        _print(done, marts, console)
    return 0


def _figure(name: str, text: str) -> Decimal:
    what, _, is_count = OPTIONS[name]
    typed = text.strip()
    value = Decimal(typed.removeprefix("$").replace(",", "")) if FIGURE.fullmatch(typed) else HIGHEST
    if value >= HIGHEST:
        raise SystemExit(f"{name}={text} is no figure: write {what} as 1234{'' if is_count else '.56'}.")
    if is_count and value != value.to_integral_value():
        raise SystemExit(f"{name}={text} is no whole number: write {what} as 1234.")
    return value


def _print(done: Verified, marts: Marts, console: Console) -> None:
    keys = {(reading.measure, reading.start_date, reading.end_date) for reading in done.readings}
    totals = [row for row in marts.rows("verification_totals", TOTALS_COLUMNS) if _is_of(row, done, keys)]
    causes = [row for row in marts.rows("verification_causes", CAUSES_COLUMNS) if _is_of(row, done, keys)]
    _say(console, f"Team {done.team_id}: the dashboard beside the warehouse", "bold")
    for row in sorted(totals, key=lambda row: row["measure_order"]):
        colour = COLOURS.get(row["verdict"], "yellow")
        _say(console, "")
        _say(console, f"{row['label']}, {row['window_start_date']} to {row['window_end_date']}", "bold")
        _say(
            console,
            f"  here {figure(row, 'warehouse_value')}, on the dashboard {figure(row, 'reference_value')}, "
            f"difference {figure(row, 'difference')}",
        )
        _say(console, f"  {words(row['verdict']).upper()}: {row['explanation']}", colour)
        if row["difference"]:
            of_row = [cause for cause in causes if cause["measure"] == row["measure"]]
            for cause in sorted(of_row, key=lambda cause: cause["cause_order"]):
                if cause["difference"] != 0:
                    _say(console, f"  {words(cause['cause'])}: {cause['explanation']}")
    (verdict,) = [
        row for row in marts.rows("verification_verdicts", ("team_id", "sentence")) if row["team_id"] == done.team_id
    ]
    _say(console, "")
    _say(console, f"The team's verdict: {verdict['sentence']}")
    if any(row["verdict"] == "inconclusive" for row in totals):
        _say(console, "To decide what is inconclusive: `make run` fetches up to now; read and verify right after it.")
    _say(console, f"The figures are in {done.seed}: each later run compares them again.")


def _is_of(row: Row, done: Verified, keys: set[tuple[str, date, date]]) -> bool:
    return (
        row["team_id"] == done.team_id
        and row["reference_source"] == "dashboard"
        and (row["measure"], row["window_start_date"], row["window_end_date"]) in keys
    )


def _say(console: Console, sentence: str, style: str = "") -> None:
    # Text and never markup: an e-mail may hold brackets.
    console.print(Text(printable(sentence), style), soft_wrap=True)


COLOURS = {"matched": "green", "matched_within_tolerance": "green", "drift": "red"}
TOTALS_COLUMNS = (
    "team_id",
    "measure",
    "measure_order",
    "label",
    "unit",
    "reference_source",
    "window_start_date",
    "window_end_date",
    "warehouse_value",
    "reference_value",
    "difference",
    "verdict",
    "explanation",
)
CAUSES_COLUMNS = (
    "team_id",
    "measure",
    "reference_source",
    "window_start_date",
    "window_end_date",
    "cause",
    "cause_order",
    "difference",
    "explanation",
)
