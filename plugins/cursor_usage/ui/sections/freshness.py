"""How new the figures are, which days are loaded, and which moved after they were first complete."""

from __future__ import annotations

from datetime import date, timedelta

from cursor_usage.ui.choice import Choice
from cursor_usage.ui.published import PublishedFile, Row
from cursor_usage.ui.tables import TableQuery, make_table
from cursor_usage.ui.view import Calendar, CalendarDay, Column, Figure, Section
from cursor_usage.wording import money, plural

CALENDAR_DAYS = 371  # 53 weeks
_DAYS = """
select usage_date, is_settled, restatements, restatements_after_settled, moved_usage_value_usd
from restatements
where team_id = ?
"""
_RESTATEMENTS = """
select usage_date, is_settled, restatements, restatements_after_settled, first_complete_at, last_restated_at,
    first_usage_value_usd, usage_value_usd, change_in_usage_value_usd, change_in_on_demand_usd, change_in_requests
from restatements
where team_id = ? and restatements > 0
"""


def restatements(choice: Choice) -> TableQuery:
    return TableQuery(
        key="restatements",
        caption="Days whose figures moved after they were first complete",
        columns=(
            Column("usage_date", "Day", "date"),
            Column("restatements", "Moved", "count", "How often."),
            Column("restatements_after_settled", "After settled", "count", "How often after the day had settled."),
            Column("first_complete_at", "First complete", "instant"),
            Column("last_restated_at", "Last moved", "instant"),
            Column("first_usage_value_usd", "Usage value at first", "usd"),
            Column("usage_value_usd", "Usage value now", "usd"),
            Column("change_in_usage_value_usd", "Change", "usd"),
            Column("change_in_on_demand_usd", "Change in on-demand", "usd"),
            Column("change_in_requests", "Change in requests", "count"),
        ),
        sql=_RESTATEMENTS,
        parameters=[choice.team_id],
        default_sort="usage_date",
        is_default_descending=True,
        empty="No day moved after it was first complete.",
    )


def make(marts: PublishedFile, choice: Choice) -> Section:
    """Coverage of all loaded history (the calendar: at most 53 weeks of it), whatever window is chosen."""
    days = {row["usage_date"]: row for row in marts.rows(_DAYS, [choice.team_id])}
    published = marts.row("select run_id, published_at from publications limit 1") or {}
    verdict = marts.row("select snapshot_at from verification_verdicts where team_id = ?", [choice.team_id]) or {}
    calendar = _calendar(days, verdict["snapshot_at"].date() if verdict.get("snapshot_at") else None)
    missing = (max(days) - min(days)).days + 1 - len(days) if days else 0
    late = sum(row["restatements_after_settled"] > 0 for row in days.values())
    settled = _settled_to(days)
    return Section(
        key="freshness",
        title="Freshness",
        lead=_lead(days, settled, missing, late),
        tone="warning" if missing or late else "good" if days else "neutral",
        figures=(
            Figure("Newest loaded day", choice.newest_loaded_date, "date"),
            Figure("Settled to", settled, "date", "up to here every day is loaded and settled"),
            Figure("Published", published.get("published_at"), "instant"),
            Figure("Loaded days", len(days), "count"),
            Figure("Missing days", missing, "count", "since the first loaded one", "warning" if missing else "neutral"),
            Figure("Days that moved after settling", late, "count", tone="warning" if late else "neutral"),
        ),
        calendars=(
            Calendar(
                key="coverage",
                title="Loaded days",
                days=calendar,
                summary=f"{plural(len(days), 'day')} loaded, {missing:,} missing.",
            ),
        ),
        tables=(make_table(marts, restatements(choice), choice),),
    )


def _settled_to(days: dict[date, Row]) -> date | None:
    """The day before the first one that is missing or not settled; None where that is the first loaded one."""
    settled = None
    for day in sorted(days):
        if not days[day]["is_settled"] or (settled is not None and day - settled > timedelta(days=1)):
            break
        settled = day
    return settled


def _lead(days: dict[date, Row], settled: date | None, missing: int, late: int) -> str:
    if not days:
        return "No day of usage is loaded for this team."
    holes = f"; {plural(missing, 'day')} missing" if missing else ", without a hole"
    moved = f" {plural(late, 'day')} moved after settling." if late else ""
    return f"Loaded from {min(days)} to {max(days)}{holes}; settled to {settled or 'no day yet'}.{moved}"


def _calendar(days: dict[date, Row], snapshot_day: date | None) -> tuple[CalendarDay, ...]:
    if not days:
        return ()
    newest = max(days)
    last = max(newest, snapshot_day or newest)
    first = max(min(days), last - timedelta(days=CALENDAR_DAYS - 1))
    all_days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return tuple(_calendar_day(day, days.get(day), newest) for day in all_days)


def _calendar_day(day: date, row: Row | None, newest: date) -> CalendarDay:
    if row is None and day > newest:
        return CalendarDay(day, "provisional", f"{day}: not closed or not loaded yet; ties the open cycle only.")
    if row is None:
        return CalendarDay(day, "missing", f"{day}: not loaded. The next run fetches it.")
    if row["restatements_after_settled"] > 0:
        moved = money(row["moved_usage_value_usd"])
        return CalendarDay(day, "moved", f"{day}: moved after settling; {moved} of usage value moved in all.")
    if row["is_settled"]:
        return CalendarDay(day, "settled", f"{day}: loaded and settled.")
    return CalendarDay(day, "loaded", f"{day}: loaded; charges may still change.")
