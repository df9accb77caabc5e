"""A team's figures as a CFO asks for them: cost, waste, overage and trust, a line an answer, fifteen at most."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from cursor_usage.console.marts import Marts, MissingMartError, of_team
from cursor_usage.wording import count, money, plural, total, words

SHOWN_PEOPLE = 2
NOBODY = "(unattributed)"


def brief(marts: Marts, team_id: str) -> list[tuple[str, str]]:
    """At most fifteen answers, each with its section's name; what the published marts do not have is left out."""
    return [
        (section, line)
        for section, answers in SECTIONS
        for answer in answers
        for line in answered(answer, marts, team_id)
    ]


Answer = Callable[[Marts, str], Iterable[str]]


def answered(answer: Answer, marts: Marts, team_id: str) -> list[str]:
    try:
        return list(answer(marts, team_id))
    except MissingMartError:
        return []


# --- cost ------------------------------------------------------------------------------------------------------------


def cycle_so_far(marts: Marts, team_id: str) -> Iterable[str]:
    cycles = of_team(marts.rows("team_costs", TEAM_COST_COLUMNS), team_id)
    for cycle in cycles:
        if cycle["is_open_cycle"]:
            gap = "" if cycle["is_fully_covered"] else ", days missing: a lower bound"
            yield (
                f"{money(cycle['cash_cost_usd'])} so far in the cycle from {cycle['cycle_start_at']:%Y-%m-%d}: "
                f"{money(cycle['seat_fee_usd'])} seat fees + {money(cycle['on_demand_usd'])} on-demand{gap}"
            )
            assumed = ", list prices assumed" if cycle["seat_price_source"] == "assumed_list" else ""
            yield (
                f"{money(cycle['cash_cost_per_active_developer_usd'])} per active developer "
                f"({cycle['active_developers']:,}), {money(cycle['cash_cost_per_paid_seat_usd'])} per paid seat "
                f"({count(cycle['paid_seats'])}{assumed})"
            )
            share = cycle["allowance_used_share"]
            used = "" if share is None else f", {share:.0%} of the allowance"
            yield f"{money(cycle['included_usage_usd'])} included usage, covered by the seat fees{used}"
    starts = {cycle["cycle_start_at"] for cycle in cycles if cycle["is_open_cycle"]}
    for before in cycles:
        is_known = before["is_fully_covered"] and before["cash_cost_usd"] is not None
        if is_known and before["cycle_end_at"] in starts:
            yield (
                f"{money(before['cash_cost_usd'])} in the one before, to {before['cycle_end_at']:%Y-%m-%d}: "
                f"{money(before['seat_fee_usd'])} seat fees + {money(before['on_demand_usd'])} on-demand"
            )


def dearest_developers(marts: Marts, team_id: str) -> Iterable[str]:
    rows = of_team(marts.rows("usage_costs", ("team_id", "email", "is_open_cycle", "on_demand_usd")), team_id)
    spenders = [row for row in rows if row["is_open_cycle"] and row["on_demand_usd"] > 0]
    spenders.sort(key=lambda row: (-row["on_demand_usd"], row["email"] or ""))
    if spenders:
        named = ", ".join(f"{row['email'] or NOBODY} {money(row['on_demand_usd'])}" for row in spenders[:SHOWN_PEOPLE])
        yield f"most on-demand: {named}"


# --- waste -----------------------------------------------------------------------------------------------------------


def idle_seats(marts: Marts, team_id: str) -> Iterable[str]:
    seats = of_team(marts.rows("adoption_gaps", GAP_COLUMNS), team_id)
    gaps = [seat for seat in seats if seat["is_adoption_gap"]]
    if not seats:
        return
    sure = sum(seat["reclaim_tier"] in ("certain", "probable") for seat in gaps)
    unpriced = sum(seat["fee_exposed_usd"] is None for seat in gaps)
    without_price = f", {unpriced:,} without a price" if unpriced else ""
    yield (
        f"{len(gaps):,} of {plural(len(seats), 'paid seat')} idle ({sure:,} certain or probable): "
        f"{money(total(seat['fee_exposed_usd'] for seat in gaps))} of fees a month exposed{without_price}"
    )
    free = [seat for seat in gaps if seat["reclaim_tier"] != "excluded"]
    if free:
        yield (
            f"{money(total(seat['reassignable_now_usd'] for seat in free))} of this cycle reassignable now; "
            f"{money(total(seat['saved_at_next_renewal_usd'] for seat in free))} a month saved "
            f"from {min(seat['earliest_saving_date'] for seat in free)}"
        )


def simple_work(marts: Marts, team_id: str) -> Iterable[str]:
    mix = of_team(marts.rows("model_mix", ("team_id", "requests", "model_tier", SIMPLE)), team_id)
    premium = sum(row["requests"] for row in mix if row["model_tier"] == "premium")
    simple = sum(row[SIMPLE] for row in mix)
    if not mix:
        return
    savings = [
        row
        for row in of_team(marts.rows("model_savings", SAVING_COLUMNS), team_id)
        # null where what the tier costs is not known
        if row["target_model_tier"] == "standard" and row["cash_saved_low_usd"] is not None
    ]
    cash, allowance = (
        f"{money(total(row[f'{kind}_saved_low_usd'] for row in savings))} to "
        f"{money(total(row[f'{kind}_saved_high_usd'] for row in savings))}"
        for kind in ("cash", "allowance")
    )
    saved = f"; {cash} cash, {allowance} allowance saved" if savings else ""
    yield f"{simple:,} of {premium:,} premium-model requests simple{saved}"


def seat_types(marts: Marts, team_id: str) -> Iterable[str]:
    rows = of_team(marts.rows("seat_type_advice", ADVICE_COLUMNS), team_id)
    changes = [row for row in rows if row["advised_seat_type"] not in (None, "none", row["seat_type"])]
    if changes:
        saved = money(total(row["monthly_saving_usd"] for row in changes))
        yield f"another seat type would cost less for {plural(len(changes), 'developer')}: {saved} a month"


# --- overage ---------------------------------------------------------------------------------------------------------


def forecast(marts: Marts, team_id: str) -> Iterable[str]:
    rows = of_team(marts.rows("overage_forecasts", FORECAST_COLUMNS), team_id)
    for row in rows:
        if row["scope"] == "team":
            early = "" if row["has_enough_days"] else ", too early to be sure"
            limit = f", the limit on {row['limit_hit_date']}" if row["limit_hit_date"] else ""
            yield (
                f"on-demand {money(row['on_demand_to_date_usd'])} to date, about {money(row['forecast_mid_usd'])} "
                f"({money(row['forecast_low_usd'])} to {money(row['forecast_high_usd'])}) "
                f"by {row['cycle_end_at']:%Y-%m-%d}{limit}{early}"
            )
    reached = [row for row in rows if row["scope"] == "developer" and row["limit_hit_date"] is not None]
    if reached:
        first = min(reached, key=lambda row: (row["limit_hit_date"], row["email"] or ""))
        yield (
            f"spend limit would be reached by {plural(len(reached), 'developer')}, first {first['email'] or NOBODY} "
            f"on {first['limit_hit_date']}"
        )


def what_changed(marts: Marts, team_id: str) -> Iterable[str]:
    rows = [row for row in of_team(marts.rows("cost_changes", CHANGE_COLUMNS), team_id) if row["scope"] == "team"]
    if rows:
        row = max(rows, key=lambda row: row["week_start_date"])
        yield (
            f"week of {row['week_start_date']}: usage value {signed(row['change_usd'])} (volume "
            f"{signed(row['volume_effect_usd'])}, mix {signed(row['mix_effect_usd'])}, price "
            f"{signed(row['price_effect_usd'])})"
        )


# --- trust -----------------------------------------------------------------------------------------------------------


def verdict(marts: Marts, team_id: str) -> Iterable[str]:
    decided = of_team(marts.rows("verification_verdicts", ("team_id", "verdict")), team_id)
    if not decided:
        return
    compared = [
        row
        for row in of_team(marts.rows("verification_totals", TOTAL_COLUMNS), team_id)
        if (row["measure"], row["reference_source"]) == CASH_MEASURE and row["reference_value"] is not None
    ]
    said = words(decided[0]["verdict"])
    if compared:
        said += (
            f": on-demand {money(compared[0]['warehouse_value'])} here, "
            f"{money(compared[0]['reference_value'])} at Cursor{unexplained(marts, team_id)}"
        )
    yield said


def unexplained(marts: Marts, team_id: str) -> str:
    try:
        causes = of_team(marts.rows("verification_causes", CAUSE_COLUMNS), team_id)
    except MissingMartError:
        return ""
    amounts = [
        row["difference"]
        for row in causes
        if (row["measure"], row["reference_source"], row["cause"]) == (*CASH_MEASURE, "unexplained")
    ]
    return f", {money(total(amounts))} unexplained" if amounts else ""


def attribution(marts: Marts, team_id: str) -> Iterable[str]:
    states = of_team(marts.rows("usage_attribution", ATTRIBUTION_COLUMNS), team_id)
    whole = total(row["usage_value_usd"] for row in states)
    others = [row for row in states if row["state"] not in PERSON_STATES and row["usage_value_usd"] != 0]
    if whole > 0:
        share = 1 - total(row["usage_value_usd"] for row in others) / whole
        named = ", ".join(words(row["state"]) for row in sorted(others, key=lambda row: -row["usage_value_usd"]))
        rest = f"; {money(total(row['usage_value_usd'] for row in others))}: {named}" if others else ""
        yield f"{share:.1%} of usage value is a member's{rest}"


def freshness(marts: Marts, team_id: str) -> Iterable[str]:
    days = of_team(marts.rows("restatements", ("team_id", "usage_date", "is_settled", LATE)), team_id)
    if days:
        settled = max((row["usage_date"] for row in days if row["is_settled"]), default=None)
        late = sum(row[LATE] > 0 for row in days)
        moved = f"; {plural(late, 'day')} moved after that" if late else "; nothing moved after that"
        yield f"loaded to {max(row['usage_date'] for row in days)}, settled to {settled or 'no day yet'}{moved}"


SIMPLE = "simple_premium_model_requests"
LATE = "restatements_after_settled"
PERSON_STATES = ("attributed", "joined_after_window", "no_daily_row", "alias_of_another_address")
TEAM_COST_COLUMNS = (
    "team_id",
    "cycle_start_at",
    "cycle_end_at",
    "is_open_cycle",
    "is_fully_covered",
    "paid_seats",
    "seat_fee_usd",
    "seat_price_source",
    "included_usage_usd",
    "on_demand_usd",
    "cash_cost_usd",
    "active_developers",
    "cash_cost_per_active_developer_usd",
    "cash_cost_per_paid_seat_usd",
    "allowance_used_share",
)
GAP_COLUMNS = (
    "team_id",
    "is_adoption_gap",
    "reclaim_tier",
    "earliest_saving_date",
    "fee_exposed_usd",
    "reassignable_now_usd",
    "saved_at_next_renewal_usd",
)
SAVING_COLUMNS = (
    "team_id",
    "target_model_tier",
    "cash_saved_low_usd",
    "cash_saved_high_usd",
    "allowance_saved_low_usd",
    "allowance_saved_high_usd",
)
ADVICE_COLUMNS = ("team_id", "seat_type", "advised_seat_type", "monthly_saving_usd")
FORECAST_COLUMNS = (
    "team_id",
    "scope",
    "email",
    "cycle_end_at",
    "on_demand_to_date_usd",
    "forecast_low_usd",
    "forecast_mid_usd",
    "forecast_high_usd",
    "limit_hit_date",
    "has_enough_days",
)
CHANGE_COLUMNS = (
    "team_id",
    "scope",
    "week_start_date",
    "change_usd",
    "volume_effect_usd",
    "mix_effect_usd",
    "price_effect_usd",
)
CASH_MEASURE = ("cycle_on_demand_usd", "cursor_spend_api")
TOTAL_COLUMNS = ("team_id", "measure", "reference_source", "warehouse_value", "reference_value")
CAUSE_COLUMNS = ("team_id", "measure", "reference_source", "cause", "difference")
ATTRIBUTION_COLUMNS = ("team_id", "state", "usage_value_usd")

SECTIONS: tuple[tuple[str, tuple[Answer, ...]], ...] = (
    ("Cost", (cycle_so_far, dearest_developers)),
    ("Waste", (idle_seats, simple_work, seat_types)),
    ("Overage", (forecast, what_changed)),
    ("Trust", (verdict, attribution, freshness)),
)


def signed(amount: Decimal) -> str:
    return money(amount) if amount < 0 else f"+{money(amount)}"
