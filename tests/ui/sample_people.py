"""Made sections on people: seats, models, missing developers."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from cursor_usage.ui.view import Chart, Column, Figure, Role, Section, Series, Table
from tests.ui.sample_values import MODELS, NEWEST, address, days, wave


def seats() -> Section:
    x = days(NEWEST, 40)
    active = tuple(44 + (at * 7) % 5 for at in range(40))
    columns = (
        Column("email", "Seat", "text", is_person=True),
        Column("activity_status", "Activity", "text"),
        Column(
            "reclaim_tier", "Tier", "text", "How sure it is that the seat can go: certain, probable, or review first."
        ),
        Column("monthly_saving_usd", "Saves a month", "usd"),
        Column("earliest_saving_date", "From", "date"),
        Column("last_active_date", "Last active", "date"),
        Column("is_tenure_known", "Tenure known", "flag"),
        Column("reason", "Reason", "text", is_sortable=False),
    )
    tiers = ("certain", "probable", "review", "excluded")
    rows = tuple(
        (
            address(at + 20),
            "never_active" if at % 4 == 0 else "idle",
            tiers[at % 4],
            Decimal(40 if at % 4 != 3 else 0),
            date(2026, 12, 3),
            None if at % 4 == 0 else NEWEST - timedelta(days=16 + 5 * at),
            at % 2 == 0,
            "No activity in the 30 days that were observed."
            if at % 4 == 0
            else f"Not active for {16 + 5 * at} days; asked on 2026-11-20, the answer is still to come.",
        )
        for at in range(8)
    )
    return Section(
        "seats",
        "Seats",
        "28 of 77 paid seats were never used in 30 observed days: $1,120.00 a month.",
        "bad",
        figures=(
            Figure("Paid seats", 77, "count", "$40.00 a month each"),
            Figure("Active", 47, "count", "61.0 % of paid seats", "good"),
            Figure("Idle", 2, "count", "for 14 days or longer", "warning"),
            Figure("Never active", 28, "count", "in 30 observed days", "bad"),
            Figure("Could be saved", Decimal(1120), "usd", "a month, from 2026-12-03"),
        ),
        charts=(
            Chart(
                "seats_daily",
                "Paid seats by day",
                "time",
                "count",
                x,
                (
                    Series("Active", "active", active, stack="seats"),
                    Series("Idle", "idle", tuple(2 + at % 3 for at in range(40)), stack="seats"),
                    Series(
                        "Never active",
                        "never_active",
                        tuple(77 - a - 2 - at % 3 for at, a in enumerate(active)),
                        stack="seats",
                    ),
                ),
                "UTC day",
                "Between 44 and 48 of 77 paid seats were active on each day.",
            ),
        ),
        tables=(
            Table("reclaim", "Seats to give back", columns, rows, 30, page_size=8, sort="reclaim_tier", has_csv=True),
        ),
    )


def models() -> Section:
    names = tuple(address(at) for at in range(9))
    tiers: tuple[tuple[str, Role], ...] = (
        ("Entry", "entry_model"),
        ("Standard", "standard_model"),
        ("Premium", "premium_model"),
        ("Unknown", "unknown_model"),
    )
    columns = (
        Column("email", "Developer", "text", is_person=True),
        Column("model", "Model", "text"),
        Column("model_tier", "Tier", "text"),
        Column("requests", "Requests", "count"),
        Column("request_share", "Of theirs", "share", "Share of the developer's requests."),
        Column("tokens", "Tokens", "tokens"),
        Column("usage_value_usd", "Usage value", "usd"),
    )
    rows = tuple(
        (
            address(at // 2),
            *MODELS[at % 4],
            800 - 71 * at,
            [0.0002, 0.51, 0.9999, 1.0][at % 4],
            48_211_004 // (at + 1),
            wave(at, "55", "1"),
        )
        for at in range(8)
    )
    return Section(
        "models",
        "Models",
        "Premium models take 38.0 % of requests; 412 of those were simple and could have saved $18.20.",
        charts=(
            Chart(
                "tiers_by_developer",
                "Requests by developer and model tier",
                "category",
                "count",
                names,
                tuple(
                    Series(label, role, tuple(900 // (at + 2) * (part + 1) // 2 for at in range(9)), stack="requests")
                    for part, (label, role) in enumerate(tiers)
                ),
                "Developer",
                "The first developer makes most requests, and most of those with unknown models.",
            ),
            Chart(
                "tiers_daily",
                "Usage value by model tier",
                "time",
                "usd",
                days(NEWEST, 14),
                tuple(
                    Series(label, role, tuple(wave(at + 13, str(10 + 12 * part)) for at in range(14)), stack="tiers")
                    for part, (label, role) in enumerate(tiers)
                ),
                "UTC day",
                "The mix of tiers hardly changes over the 14 days.",
            ),
        ),
        tables=(
            Table(
                "developers_models",
                "Models by developer",
                columns,
                rows,
                214,
                page_size=8,
                sort="usage_value_usd",
                is_descending=True,
                has_csv=True,
            ),
        ),
        notes=("A simple request has at most 500 output tokens and 20,000 tokens of input and cache together.",),
    )


def attribution() -> Section:
    columns = (
        Column("email", "Who", "text", is_person=True),
        Column("state", "State", "text"),
        Column("what_to_do", "What to do", "text"),
    )
    rows = (
        (
            address(3),
            "no daily row",
            "On the members list, but Cursor's daily usage does not name them: compare address and user id of both.",
        ),
    )
    return Section(
        "attribution",
        "Missing developers",
        "94.4 % of usage value belongs to a member of the newest list.",
        "good",
        figures=(
            Figure("Attributed", 0.9436, "share", "75 people"),
            Figure("Without an e-mail", Decimal("23.68"), "usd", "275 requests"),
        ),
        tables=(Table("missing", "Who is missing, and why", columns, rows, 1),),
    )
