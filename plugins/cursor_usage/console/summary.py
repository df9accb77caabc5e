"""What a person wants to see after a run, team by team: verdict, adoption gap, model mix and cost, as published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cursor_usage.console.brief import brief
from cursor_usage.console.marts import Marts, MissingMartError, Row, of_team
from cursor_usage.console.run_summary import RunSummary
from cursor_usage.console.summary_rows import (
    COST_COLUMNS,
    MIX_COLUMNS,
    RECLAIM_TIERS,
    SEAT_COLUMNS,
    TOTALS_COLUMNS,
    VERDICT_COLUMNS,
    answer_of,
    assumed,
    dates_of,
    explained,
    figure,
    place_in_contract,
    reclaim_order,
    summed,
)
from cursor_usage.pipeline.drift import NOTICE
from cursor_usage.settings import PUBLISHED_FILE
from cursor_usage.wording import count, first_line, money, plural, printable, total, words

MAX_WIDTH = 100
SHOWN_CANDIDATES = 5
SHOWN_MODELS = 5
SHOWN_DEVELOPERS = 5

ENDPOINTS = ("members", "spend", "daily_usage", "usage_events")
REFERENCES = {
    "cursor_spend_api": "spend",
    "cursor_daily_usage_api": "daily usage",
    "dashboard": "dashboard",
    "invoice": "invoice",
}
MODEL_TIERS = ("premium", "standard", "entry", "unknown")


def print_summary(published: Path, *, console: Console, run: RunSummary | None = None) -> None:
    """Prints every published team, and what ``run`` says of it. Never raises for what is missing in the file.

    Args:
        published: the folder with ``marts.duckdb``.
        console: where to print; at most 100 columns of it are used.
        run: what the run did, if there was one.
    """
    Summary(published, console, run).print()


class Summary:
    """One printing of the published marts."""

    def __init__(self, published: Path, console: Console, run: RunSummary | None) -> None:
        self._published = published
        self._path = published / PUBLISHED_FILE
        self._console = console
        self._run = run
        self._width = min(console.width, MAX_WIDTH)

    def print(self) -> None:
        if self._run is not None:
            self._say(f"Run {self._run.run_id}")
        run_teams = sorted(self._run.team_ids) if self._run is not None else []
        if not self._path.exists():
            for team_id in run_teams:
                self._print_run(team_id)
            self._say(f"Nothing is published yet: there is no {self._path}.")
            return
        try:
            marts = Marts(self._path)
        except duckdb.Error as error:
            for team_id in run_teams:
                self._print_run(team_id)
            self._say(f"{self._path} cannot be read as a DuckDB file: {first_line(error)}")
            return
        with marts:
            self._print_briefs(marts, self._print_teams(marts, run_teams))
            self._print_places(marts)

    def _print_briefs(self, marts: Marts, team_ids: Sequence[str]) -> None:
        """Last, where a terminal shows it without scrolling."""
        for team_id in team_ids:
            lines = brief(marts, team_id)
            if lines:
                self._heading(f"Team {team_id} in {plural(len(lines), 'line')}")
                table = self._table("", "")
                table.show_header = False
                said = ""
                for section, line in lines:
                    add_row(table, section if section != said else "", line)
                    said = section
                self._print(table)

    def _print_teams(self, marts: Marts, run_teams: Sequence[str]) -> list[str]:
        try:
            verdicts = {row["team_id"]: row for row in marts.rows("verification_verdicts", VERDICT_COLUMNS)}
        except MissingMartError as error:
            self._say(str(error))
            verdicts = {}
        team_ids = sorted({*verdicts, *run_teams, *self._teams_with_seats(marts)})
        if not team_ids:
            self._say("The published marts have no team yet.")
        for team_id in team_ids:
            self._print_run(team_id)
            for section in (self._verification, self._adoption, self._model_mix, self._cost):
                try:
                    section(marts, team_id, verdicts.get(team_id))
                except MissingMartError as error:
                    self._say(str(error), indent=2)
        return team_ids

    def _teams_with_seats(self, marts: Marts) -> set[str]:
        try:
            return {row["team_id"] for row in marts.rows("adoption_gaps", ("team_id",))}
        except MissingMartError:
            return set()

    # --- what the run did --------------------------------------------------------------------------------------------

    def _print_run(self, team_id: str) -> None:
        self._heading(f"Team {team_id}")
        if self._run is None:
            return
        error = self._run.errors.get(team_id)
        if error:
            self._say(f"FAILED in this run: {error}")
            self._say("What is shown of this team is from before this run.")
        access = {row.endpoint: row for row in self._run.access if row.team_id == team_id}
        loads = {row.endpoint: row for row in self._run.loads if row.team_id == team_id}
        if access or loads:
            table = self._table("endpoint", "answer", numbers=("windows", "unchanged", "new records"))
            for endpoint in [*ENDPOINTS, *sorted((access.keys() | loads.keys()) - set(ENDPOINTS))]:
                if endpoint in access or endpoint in loads:
                    load = loads.get(endpoint)
                    counts = (load.windows, load.unchanged, load.records) if load else (None, None, None)
                    add_row(table, endpoint, answer_of(access.get(endpoint)), *(count(number) for number in counts))
            self._print(table)
        self._print_quality(self._run, team_id)

    def _print_quality(self, run: RunSummary, team_id: str) -> None:
        told = [finding for finding in run.findings if finding.team_id == team_id]
        findings = [finding for finding in told if finding.severity != NOTICE]
        checks = run.checks.get(team_id)
        if checks is not None or findings:
            made = f"{checks:,} checks" if checks is not None else "checked"
            self._say(f"Data quality: {made}, {plural(len(findings), 'finding') if findings else 'no findings'}")
        for finding in told:
            self._say(f"{finding.severity}: {finding.sentence}", indent=2)

    # --- what the marts say ------------------------------------------------------------------------------------------

    def _verification(self, marts: Marts, team_id: str, verdict: Row | None) -> None:
        rows = of_team(marts.rows("verification_totals", TOTALS_COLUMNS), team_id)
        if verdict is None and not rows:
            self._say("No figures of this team are published yet.")
            return
        if verdict is not None:
            self._say(f"Verdict: {words(verdict['verdict']).upper()}", bold=True)
            self._say(verdict["sentence"])
        if not rows:
            self._say("verification_totals has no rows of this team.", indent=2)
            return
        self._title("Do the totals tie?", dates_of(rows))
        table = self._table("measure", numbers=("warehouse", "reference", "difference"), last=("of", "verdict"))
        for row in sorted(rows, key=place_in_contract):
            add_row(
                table,
                row["measure"],
                figure(row, "warehouse_value"),
                figure(row, "reference_value"),
                figure(row, "difference"),
                REFERENCES.get(row["reference_source"], row["reference_source"] or ""),
                words(row["verdict"]),
            )
        self._print(table)
        for explanation, measures in explained(rows):
            self._say(f"{', '.join(measures)}: {explanation}", indent=2)

    def _adoption(self, marts: Marts, team_id: str, _: Row | None) -> None:
        seats = of_team(marts.rows("adoption_gaps", SEAT_COLUMNS, ("seat_price_source",)), team_id)
        if not seats:
            return
        self._title("Adoption gap")
        by_status = {
            status: sum(seat["activity_status"] == status for seat in seats)
            for status in ("active", "new", "idle", "never_active", "removed")
        }
        counted = ", ".join(
            f"{words(status)} {number:,}" for status, number in by_status.items() if number or status != "removed"
        )
        self._say(f"Paid seats {len(seats):,}: {counted}", indent=2)
        gaps = [seat for seat in seats if seat["is_adoption_gap"]]
        exposed = total(gap["monthly_seat_fee_usd"] for gap in gaps)
        paid = total(seat["monthly_seat_fee_usd"] for seat in seats)
        saved = total(gap["monthly_saving_usd"] for gap in gaps)
        self._say(
            f"Fee exposed per month: {money(exposed)} of {money(paid)} in {plural(len(gaps), 'seat')} without recent "
            f"activity; {money(saved)} could be saved{assumed(seats)}",
            indent=2,
        )
        self._candidates([gap for gap in gaps if gap["reclaim_tier"] in RECLAIM_TIERS])

    def _candidates(self, candidates: list[Row]) -> None:
        if not candidates:
            return
        candidates.sort(key=reclaim_order)
        table = self._table("reclaim", "seat", "last active", "saves from", numbers=("per month",))
        for seat in candidates[:SHOWN_CANDIDATES]:
            add_row(
                table,
                seat["reclaim_tier"],
                seat["email"] or seat["name"] or "(no e-mail)",
                str(seat["last_active_date"] or f"not in {plural(seat['observed_days'] or 0, 'day')}"),
                str(seat["earliest_saving_date"] or "-"),
                money(seat["monthly_saving_usd"]),
            )
        self._print(table)
        self._and_more(len(candidates) - SHOWN_CANDIDATES, "in marts.adoption_gaps")

    def _model_mix(self, marts: Marts, team_id: str, _: Row | None) -> None:
        mix = of_team(marts.rows("model_mix", MIX_COLUMNS), team_id)
        if not mix:
            return
        self._title("Model mix", f"{mix[0]['window_start_date']} to {mix[0]['window_end_date']}")
        table = self._table("tier", numbers=("requests", "usage value"))
        for tier in MODEL_TIERS:
            of_tier = [row for row in mix if row["model_tier"] == tier]
            if of_tier:
                requests, value = sum(row["requests"] for row in of_tier), total(r["usage_value_usd"] for r in of_tier)
                add_row(table, tier, count(requests), money(value))
        self._print(table)
        premium = sum(row["requests"] for row in mix if row["model_tier"] == "premium")
        simple = sum(row["simple_premium_model_requests"] for row in mix)
        self._say(f"Simple work on premium models: {simple:,} of {premium:,} premium-model requests", indent=2)
        models = summed(mix, "model", ("requests", "usage_value_usd"))
        models.sort(key=lambda row: (-row["usage_value_usd"], -row["requests"], str(row["model"])))
        table = self._table("model", "tier", numbers=("requests", "usage value"))
        tier_of = {row["model"]: row["model_tier"] for row in mix}
        for row in models[:SHOWN_MODELS]:
            model = row["model"]
            add_row(
                table, model or "(not named)", tier_of[model], count(row["requests"]), money(row["usage_value_usd"])
            )
        self._print(table)
        self._and_more(len(models) - SHOWN_MODELS, "in marts.model_mix")

    def _cost(self, marts: Marts, team_id: str, verdict: Row | None) -> None:
        rows = of_team(marts.rows("usage_costs", COST_COLUMNS, ("seat_price_source",)), team_id)
        rows = [row for row in rows if row["is_open_cycle"]]
        if not rows:
            return
        # The verdict's figures of the same cycle reach into the open day, to the spend snapshot.
        newest = verdict["newest_loaded_date"] if verdict is not None else None
        until = f", closed days up to {newest}" if newest is not None else ""
        dates = f"{rows[0]['cycle_start_at']:%Y-%m-%d} to {rows[0]['cycle_end_at']:%Y-%m-%d}"
        self._title("Open cycle so far", dates + until)
        fees, included, on_demand, cash = (
            total(row[column] for row in rows)
            for column in ("seat_fee_usd", "included_usage_usd", "on_demand_usd", "cash_cost_usd")
        )
        paid_seats = len(of_team(marts.rows("adoption_gaps", ("team_id",)), team_id))
        per_seat = f"{money(cash / paid_seats)} per paid seat ({paid_seats:,})" if paid_seats else ""
        table = self._table("", numbers=("",), last=("",))
        for name, amount, note in (
            ("seat fees", fees, assumed(rows).strip()),
            ("on-demand usage", on_demand, ""),
            ("cash cost", cash, per_seat),
            ("included usage", included, "covered by the seat fees, not paid again"),
        ):
            add_row(table, name, money(amount), note)
        table.show_header = False
        self._print(table)
        if not all(row["is_fully_covered"] for row in rows):
            self._say("Days of this cycle are not loaded: usage is a lower bound.", indent=2)
        developers = sorted(rows, key=lambda row: (-(row["cash_cost_usd"] or 0), -row["usage_value_usd"]))
        table = self._table("developer", numbers=("seat fee", "on-demand", "cash", "included", "requests"))
        for row in developers[:SHOWN_DEVELOPERS]:
            add_row(
                table,
                row["email"] or "(unattributed)",
                *(
                    money(row[name])
                    for name in ("seat_fee_usd", "on_demand_usd", "cash_cost_usd", "included_usage_usd")
                ),
                count(row["requests"]),
            )
        self._print(table)
        self._and_more(len(developers) - SHOWN_DEVELOPERS, "in marts.usage_costs")

    def _print_places(self, marts: Marts) -> None:
        self._heading("Files")
        try:
            publications = marts.rows("publications", ("run_id", "published_at"))
        except MissingMartError:
            publications = []
        said = ""
        if publications:
            newest = max(publications, key=lambda row: row["published_at"])
            said = f" (run {newest['run_id']}, {newest['published_at']:%Y-%m-%d %H:%M} UTC)"
        self._say(f"marts    {self._path}{said}")
        parquet = sorted(self._published.glob("*.parquet"))
        if parquet:
            self._say(f"parquet  {self._published}/*.parquet ({plural(len(parquet), 'file')})")
        for name, path in (self._run.places if self._run is not None else {}).items():
            self._say(f"{name:<8} {path}")

    # --- how it looks ------------------------------------------------------------------------------------------------

    def _print(self, table: Table) -> None:
        self._console.print(table, width=self._width)

    def _say(self, sentence: object, *, indent: int = 0, bold: bool = False) -> None:
        # Text and never markup: an e-mail or a model may hold brackets.
        text = Text(printable(sentence), style="bold" if bold else "", overflow="fold")
        self._console.print(Padding(text, (0, 0, 0, indent), expand=False), width=self._width)

    def _heading(self, words_of_it: str) -> None:
        line = f"== {printable(words_of_it)} "
        self._console.print()
        self._console.print(Text(line.ljust(self._width, "="), style="bold", overflow="fold"), width=self._width)

    def _title(self, words_of_it: str, dates: str = "") -> None:
        self._console.print()
        self._say(f"{words_of_it} ({dates})" if dates else words_of_it, bold=True)

    def _table(self, *texts: str, numbers: Sequence[str] = (), last: Sequence[str] = ()) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("", width=0)  # the sections' indent
        for name in texts:
            table.add_column(name, overflow="fold")
        for name in numbers:
            table.add_column(name, justify="right", overflow="fold")
        for name in last:
            table.add_column(name, overflow="fold")
        return table

    def _and_more(self, number: int, where: str) -> None:
        if number > 0:
            self._say(f"and {number:,} more {where}", indent=2)


def add_row(table: Table, *cells: object) -> None:
    table.add_row("", *(Text(printable(cell), overflow="fold") for cell in cells))
