"""Made sections on money: the verdict, cost, overage."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from cursor_usage.ui.view import Chart, Column, Figure, Section, Series, Table
from tests.ui.sample_values import NEWEST, address, days, wave

FORECAST_DAYS = 4


def verdict() -> Section:
    columns = (
        Column("label", "Figure", "text"),
        Column("verdict", "Verdict", "text", "How the two figures compare; the worst of them is the team's verdict."),
        Column("warehouse_value", "Here", "text"),
        Column("reference_value", "Cursor", "text", "What Cursor's own figures say of the same days."),
        Column("difference", "Difference", "text"),
        Column("reference_source", "Against", "text", is_sortable=False),
    )
    rows = (
        ("On-demand usage in the cycle", "matched", "$559.49", "$559.49", "$0.00", "spend"),
        (
            "Included usage in the cycle",
            "matched_within_tolerance",
            "$1,357.29",
            "$1,357.31",
            "-$0.02",
            "spend",
        ),
        ("Requests", "drift", "9,065", "9,341", "-276", "daily usage"),
        ("Usage value", "inconclusive", "$1,916.74", None, None, "dashboard"),
        ("Output tokens", "not_compared", "13,164,384", None, None, None),
    )
    return Section(
        "verdict",
        "Verdict",
        "3 of 4 compared figures match Cursor's; requests differ by 276, all of them on days that settle tomorrow.",
        "warning",
        figures=(
            Figure("Matched to the cent", 2, "count", tone="good"),
            Figure("Within tolerance", 1, "count", "1 % or $0.05"),
            Figure("Drift", 1, "count", "requests, since 2026-11-27", "bad"),
            Figure("Inconclusive", 1, "count", "the reference was refused", "warning"),
            Figure("Not compared", 25, "count", "no reference exists"),
        ),
        tables=(
            Table(
                "totals", "Every figure that is compared", columns, rows, 30, page_size=5, sort="verdict", has_csv=True
            ),
            Table(
                "causes",
                "What the differences are made of",
                columns[:1],
                (),
                0,
                empty="Nothing differs, so that there is nothing to explain.",
            ),
        ),
    )


def cost() -> Section:
    x = days(NEWEST, 27)
    return Section(
        "cost",
        "Cost",
        "$3,639.45 of cash in the open cycle: $3,080.00 of seat fees and $559.45 of on-demand usage.",
        figures=(
            Figure("Cash cost", Decimal("3639.45428171"), "usd", "seat fees and on-demand usage"),
            Figure("Seat fees", Decimal(3080), "usd", "77 seats at $40.00, assumed list price", "warning"),
            Figure("On-demand usage", Decimal("559.45428171"), "usd", "since 2026-11-03"),
            Figure("Included usage", Decimal("1357.28541717"), "usd", "covered by the fees, not cash"),
            Figure("On-demand share", 0.2918780688, "share", "of usage value"),
        ),
        charts=(
            Chart(
                "daily_usage",
                "Usage value by day",
                "time",
                "usd",
                x,
                (
                    Series("Included", "included", tuple(wave(at, "62") for at in range(27)), stack="value"),
                    Series(
                        "On-demand",
                        "on_demand",
                        tuple(wave(at, "24") if at > 6 else None for at in range(27)),
                        stack="value",
                    ),
                    Series("Other", "other", tuple(wave(at, "3") for at in range(27)), stack="value"),
                ),
                "UTC day",
                "Weekdays run at about $85, weekends at $15; on-demand usage begins on 2026-11-10.",
                "2026-11-28 and 2026-11-29 are not settled.",
            ),
            Chart(
                "cycles",
                "Cash cost by billing cycle",
                "category",
                "usd",
                ("from 2026-09-03", "from 2026-10-03", "open, from 2026-11-03"),
                (
                    Series("Seat fees", "seat_fee", (Decimal(2960), Decimal(3040), Decimal(3080)), stack="cash"),
                    Series(
                        "On-demand",
                        "on_demand",
                        (Decimal("312.40"), Decimal("488.11"), Decimal("559.45")),
                        stack="cash",
                    ),
                ),
                "Billing cycle",
                "Cash cost rose from $3,272.40 to $3,639.45 over three cycles.",
            ),
        ),
        tables=(_costs(),),
        notes=(
            "Seat fees use Cursor's list price until seat_prices.csv says yours.",
            "Closed days only; the open day is in no figure.",
        ),
    )


def _costs() -> Table:
    columns = (
        Column("email", "Developer", "text", is_person=True),
        Column("seat_type", "Seat", "text", is_sortable=False),
        Column("seat_fee_usd", "Seat fee", "usd", "The open cycle's fee; none where nobody pays for a seat."),
        Column("included_usage_usd", "Included", "usd", "What the seat's fee covers. Not cash."),
        Column("on_demand_usd", "On-demand", "usd", "Usage beyond what the seat covers: cash on top of the fee."),
        Column("cash_cost_usd", "Cash cost", "usd", "Seat fee and on-demand usage."),
        Column("requests", "Requests", "count"),
    )
    rows = tuple(
        (
            address(at),
            "standard" if at % 5 else "premium",
            Decimal(40) if at % 7 else None,
            wave(at, "80", "1"),
            wave(at, "20", "1") if at % 3 else Decimal(0),
            Decimal(40) + (wave(at, "20", "1") if at % 3 else Decimal(0)) if at % 7 else None,
            1204 - at * 43,
        )
        for at in range(12)
    )
    return Table(
        "costs",
        "Cost by developer, open cycle",
        columns,
        rows,
        78,
        page=2,
        page_size=12,
        sort="cash_cost_usd",
        is_descending=True,
        has_csv=True,
    )


def overage() -> Section:
    known = 27
    x = days(NEWEST + timedelta(days=FORECAST_DAYS), known + FORECAST_DAYS)
    spent: list[Decimal | None] = []
    for at in range(known):
        spent.append((spent[-1] or Decimal(0)) + wave(at, "27") if spent else Decimal(0))
    total = spent[-1] or Decimal(0)
    ahead: list[Decimal | None] = [None] * (known - 1)
    mid = (*ahead, *(total + 24 * at for at in range(FORECAST_DAYS + 1)))
    low = (*ahead, *(total + 15 * at for at in range(FORECAST_DAYS + 1)))
    high = (*ahead, *(total + 41 * at for at in range(FORECAST_DAYS + 1)))
    return Section(
        "overage",
        "Overage",
        "On-demand usage ends the cycle on 2026-12-03 between $619 and $723, most likely near $655.",
        figures=(
            Figure("On-demand so far", Decimal("559.45"), "usd", "27 of 31 days"),
            Figure("Forecast", Decimal("655.45"), "usd", "$619.45 to $723.45"),
            Figure("Limit reached", None, "date", "no limit is known"),
        ),
        charts=(
            Chart(
                "forecast",
                "On-demand usage of the open cycle, added up",
                "time",
                "usd",
                x,
                (
                    Series("On-demand", "on_demand", (*spent, *[None] * FORECAST_DAYS), "line"),
                    Series("Forecast", "forecast", mid, "dashed_line"),
                    Series("Low", "forecast", low, "band_low"),
                    Series("High", "forecast", high, "band_high"),
                ),
                "UTC day",
                "On-demand usage rose to $559 by 2026-11-29 and is forecast to end at $619 to $723.",
                marks=((NEWEST + timedelta(days=1), "forecast from here"),),
            ),
        ),
    )
