"""Which models are used, by whom and at which tier, and what simple requests to premium models could save."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from cursor_usage.ui.choice import Choice
from cursor_usage.ui.published import PublishedFile, Row
from cursor_usage.ui.sections._shared import loaded_days, not_all_loaded, nothing_loaded, window_words
from cursor_usage.ui.tables import TableQuery, make_table
from cursor_usage.ui.view import Chart, Column, Figure, Role, Section, Series
from cursor_usage.wording import money

SHOWN_MODELS = 12
TIERS: tuple[tuple[str, str, Role], ...] = (
    ("entry", "Entry models", "entry_model"),
    ("standard", "Standard models", "standard_model"),
    ("premium", "Premium models", "premium_model"),
    ("unknown", "Unknown models", "unknown_model"),
)
_TIER_ORDER = "case model_tier when 'premium' then 1 when 'standard' then 2 when 'entry' then 3 else 4 end"
_BY_DAY = """
select usage_date, model_tier, sum(requests) as requests, sum(usage_value_usd) as usage_value_usd,
    sum(simple_premium_model_requests) as simple
from model_mix_daily
where team_id = ? and usage_date between ? and ?
group by usage_date, model_tier
"""
_BY_MODEL = f"""
select model, max_by(model_tier, usage_date) as model_tier, sum(usage_value_usd) as usage_value_usd
from model_mix_daily
where team_id = ? and usage_date between ? and ?
group by model
order by usage_value_usd desc, model
limit {SHOWN_MODELS}
"""
_DEVELOPERS_MODELS = """
select
    coalesce(email, 'unattributed') as email,
    model,
    max_by(model_tier, usage_date) as model_tier,
    sum(requests) as requests,
    case when sum(sum(requests)) over (partition by email) > 0
        then sum(requests) / sum(sum(requests)) over (partition by email) end as request_share,
    sum(usage_value_usd) as usage_value_usd,
    sum(input_tokens + output_tokens + cache_write_tokens + cache_read_tokens)::hugeint as tokens,
    sum(max_mode_requests) as max_mode_requests,
    sum(simple_premium_model_requests) as simple_premium_model_requests
from model_mix_daily
where team_id = ? and usage_date between ? and ?
group by email, model
"""
# Both of a row's ranges are by the same requests: a target is chosen, never added to another.
_SAVINGS = """
select coalesce(email, 'unattributed') as email, target_model_tier, simple_premium_model_requests,
    simple_on_demand_usd, simple_included_usage_usd, cash_saved_low_usd, cash_saved_high_usd,
    allowance_saved_low_usd, allowance_saved_high_usd, rate_source
from model_savings
where team_id = ?
"""
_SAVED = """
select sum(cash_saved_low_usd) as cash_low, sum(cash_saved_high_usd) as cash_high,
    sum(allowance_saved_low_usd) as allowance_low, sum(allowance_saved_high_usd) as allowance_high
from model_savings
where team_id = ? and target_model_tier = 'standard' and cash_saved_low_usd is not null
"""


def developers_models(choice: Choice) -> TableQuery:
    return TableQuery(
        key="developers_models",
        caption=f"Models by developer, {window_words(choice)}",
        columns=(
            Column("email", "Developer", "text", is_person=True),
            Column("model", "Model", "text"),
            Column("model_tier", "Tier", "text"),
            Column("requests", "Requests", "count"),
            Column("request_share", "Share", "share", "Of the developer's requests."),
            Column("usage_value_usd", "Usage value", "usd", "Included + on-demand, no cash cost."),
            Column("tokens", "Tokens", "tokens", "Input, output and cache together."),
            Column("max_mode_requests", "Max mode", "count", "Requests in max mode."),
            Column("simple_premium_model_requests", "Simple", "count", "Simple requests to a premium model."),
        ),
        sql=_DEVELOPERS_MODELS,
        parameters=choice.team_and_window,
        default_sort="usage_value_usd",
        is_default_descending=True,
        empty="No model was used in these days.",
        order={"model_tier": _TIER_ORDER},
    )


def savings(choice: Choice) -> TableQuery:
    return TableQuery(
        key="savings",
        caption="What simple requests to premium models could save",
        columns=(
            Column("email", "Developer", "text", is_person=True),
            Column("target_model_tier", "Done by", "text", "The tier that would answer them instead."),
            Column(
                "simple_premium_model_requests", "Simple requests", "count", "Of on-demand and included usage only."
            ),
            Column("simple_on_demand_usd", "Their on-demand", "usd"),
            Column("simple_included_usage_usd", "Their included usage", "usd"),
            Column("cash_saved_low_usd", "Cash saved, at least", "usd"),
            Column("cash_saved_high_usd", "Cash saved, at most", "usd"),
            Column("allowance_saved_low_usd", "Allowance saved, at least", "usd", "Included usage: no cash."),
            Column("allowance_saved_high_usd", "Allowance saved, at most", "usd", "Included usage: no cash."),
            Column("rate_source", "By rates", "text"),
        ),
        sql=_SAVINGS,
        parameters=[choice.team_id],
        default_sort="cash_saved_high_usd",
        is_default_descending=True,
        empty="Nobody used a premium model for a simple request in the verified 14 days.",
    )


def make(marts: PublishedFile, choice: Choice) -> Section:
    """Models of the window; savings are of the verified 14 days, whatever window is chosen."""
    loaded = loaded_days(marts, choice)
    days = marts.rows(_BY_DAY, choice.team_and_window)
    models = marts.rows(_BY_MODEL, choice.team_and_window)
    saved = marts.row(_SAVED, [choice.team_id]) or {}
    requests = sum(row["requests"] for row in days)
    premium = sum(row["requests"] for row in days if row["model_tier"] == "premium")
    simple = sum(row["simple"] for row in days)
    note = "by a standard model, in the verified 14 days"
    return Section(
        key="models",
        title="Models",
        lead=nothing_loaded(choice, loaded) or _lead(requests, premium, simple),
        figures=(
            Figure("Requests", requests, "count"),
            Figure("To premium models", premium / requests if requests else None, "share", f"{premium:,} requests"),
            Figure("Simple ones of them", simple, "count", "few tokens, no max mode"),
            Figure("Cash it could save", _range(saved, "cash"), "text", note),
            Figure("Allowance it could save", _range(saved, "allowance"), "text", f"{note}; included usage, no cash"),
        ),
        charts=(_by_tier(choice, days, loaded), _by_model(choice, models)),
        tables=(
            make_table(marts, developers_models(choice), choice),
            make_table(marts, savings(choice), choice),
        ),
        notes=not_all_loaded(choice, loaded),
    )


def _lead(requests: int, premium: int, simple: int) -> str:
    if not requests:
        return "No model was used in these days."
    return (
        f"{premium / requests:.0%} of {requests:,} requests went to premium models, {simple:,} of them simple: "
        "few tokens, no max mode."
    )


def _range(saved: Row, kind: str) -> str | None:
    if saved.get(f"{kind}_low") is None:
        return None
    return f"{money(saved[f'{kind}_low'])} to {money(saved[f'{kind}_high'])}"


def _by_tier(choice: Choice, days: list[Row], loaded: set[date]) -> Chart:
    values: dict[tuple[Any, str], Decimal] = {
        (row["usage_date"], row["model_tier"]): row["usage_value_usd"] for row in days
    }
    totals = {tier: sum((values.get((day, tier), Decimal(0)) for day in loaded), Decimal(0)) for tier, _, _ in TIERS}
    return Chart(
        key="models_by_day",
        title="Usage value by model tier",
        kind="time",
        unit="usd",
        x=choice.days,
        series=tuple(
            Series(
                name,
                role,
                tuple(values.get((day, tier), Decimal(0)) if day in loaded else None for day in choice.days),
                stack="usage",
            )
            for tier, name, role in TIERS
        ),
        x_label="UTC day",
        summary=f"In {window_words(choice)}: "
        + ", ".join(f"{name.lower()} {money(totals[tier])}" for tier, name, _ in TIERS)
        + ".",
        note="Included + on-demand usage, no cash cost.",
    )


def _by_model(choice: Choice, models: list[Row]) -> Chart:
    dearest = models[0] if models else None
    return Chart(
        key="models_by_value",
        title=f"The {len(models)} models with the most usage value" if models else "Models by usage value",
        kind="category",
        unit="usd",
        x=tuple(row["model"] for row in models),
        series=tuple(
            Series(
                name,
                role,
                tuple(row["usage_value_usd"] if row["model_tier"] == tier else None for row in models),
                stack="usage",
            )
            for tier, name, role in TIERS
            if any(row["model_tier"] == tier for row in models)
        ),
        x_label="Model",
        summary="No model was used in these days."
        if dearest is None
        else f"Most usage value in {window_words(choice)}: {dearest['model']}, {money(dearest['usage_value_usd'])}.",
    )
