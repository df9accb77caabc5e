"""What simple work on premium models would have cost on a smaller model."""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.oracle import tables
from tests.oracle.attribution import events_in_window
from tests.oracle.compare import SOME_TEXT
from tests.oracle.expected import Expected
from tests.oracle.marts import TOKENS, grouped
from tests.oracle.money import in_cents
from tests.oracle.usage import (
    CENT,
    EIGHT_PLACES,
    ZERO,
    Event,
    amount_in,
    is_simple,
    is_small,
    rounded,
    tokens_in,
    total,
    window,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.oracle.team import Team

Row = dict[str, Any]
TARGET_TIERS = ("standard", "entry")


class Counterfactual(NamedTuple):
    """What a model would have cost instead."""

    model: str
    on_demand_usd: Decimal
    included_usd: Decimal


def saving_rows(team: Team) -> list[Row]:
    simple = [one for one in events_in_window(team) if one.is_usage and is_simple(one, team.configured)]
    return [
        saving_row(team, email, tier, events)
        for email, events in grouped(simple, lambda one: one.email).items()
        for tier in TARGET_TIERS
    ]


def saving_row(team: Team, email: str | None, tier: str, simple: list[Event]) -> Row:
    days = window(team)
    assert days is not None
    source, instead = counterfactuals(team, tier, simple)
    low = min(instead, key=lambda one: (one.on_demand_usd + one.included_usd, one.model), default=None)
    high = min(instead, key=lambda one: (-one.on_demand_usd - one.included_usd, one.model), default=None)
    on_demand, included = amount_in(simple, tables.ON_DEMAND), amount_in(simple, tables.INCLUDED)
    # The dearest model of all need not be the dearest in each category.
    cash_saved = sorted(max(ZERO, on_demand - one.on_demand_usd) for one in instead)
    allowance_saved = sorted(max(ZERO, included - one.included_usd) for one in instead)
    return {
        "team_id": team.team_id,
        "window_start_date": days[0],
        "window_end_date": days[1],
        "email": email,
        "target_model_tier": tier,
        "simple_premium_model_requests": len(simple),
        "simple_tokens": sum(one.all_tokens for one in priced(simple)),
        "simple_on_demand_usd": on_demand,
        "simple_included_usage_usd": included,
        "rate_source": source,
        "low_rate_model": low.model if low else None,
        "high_rate_model": high.model if high else None,
        "cash_saved_low_usd": cash_saved[0] if instead else None,
        "cash_saved_high_usd": cash_saved[-1] if instead else None,
        "allowance_saved_low_usd": allowance_saved[0] if instead else None,
        "allowance_saved_high_usd": allowance_saved[-1] if instead else None,
        "assumption": SOME_TEXT,
    }


def priced(events: list[Event]) -> list[Event]:
    """Only those can be compared in dollars."""
    return [one for one in events if one.amount is not None]


def counterfactuals(team: Team, tier: str, simple: list[Event]) -> tuple[str | None, list[Counterfactual]]:
    """By what the team's own small requests cost on models of the tier; by list prices where there are too few."""
    on_demand = [one for one in priced(simple) if one.category == tables.ON_DEMAND]
    included = [one for one in priced(simple) if one.category == tables.INCLUDED]
    observed = observed_costs(team, tier)
    costs = observed or list_costs(tier)
    source = None if not costs else "observed" if observed else "list"
    return source, [Counterfactual(model, cost(on_demand), cost(included)) for model, cost in costs.items()]


@cache
def observed_costs(team: Team, tier: str) -> dict[str, Callable[[list[Event]], Decimal]]:
    """For each model of the tier with enough small requests in the window: what tokens cost at its own average."""
    small = [one for one in events_in_window(team) if one.is_usage and is_small(one, team.configured)]
    costs = {}
    for model, events in grouped(small, lambda one: one.model).items():
        tokens = sum(one.all_tokens for one in priced(events))
        value = total(one.amount for one in events)
        is_enough = len(events) >= team.configured.savings_min_observed_requests and tokens > 0 and value > 0
        if model is not None and tables.model_tier(model) == tier and is_enough:
            costs[model] = at_average(value, tokens)
    return costs


def at_average(value: Decimal, tokens: int) -> Callable[[list[Event]], Decimal]:
    return lambda events: in_cents(value, sum(one.all_tokens for one in events), tokens)


def list_costs(tier: str) -> dict[str, Callable[[list[Event]], Decimal]]:
    """For each listed model of the tier whose tokens have a price: what tokens cost at list prices."""
    return {
        model: at_list_price(price)
        for model, price in tables.PRICE_OF_MODEL.items()
        if tables.tier_of_price(price.output_usd) == tier and price.input_usd is not None
    }


def at_list_price(price: tables.ModelPrice) -> Callable[[list[Event]], Decimal]:
    assert price.input_usd is not None
    of_kind = (
        price.input_usd,
        price.output_usd,
        price.input_usd if price.cache_write_usd is None else price.cache_write_usd,
        price.input_usd if price.cache_read_usd is None else price.cache_read_usd,
    )

    def cost(events: list[Event]) -> Decimal:
        with localcontext(prec=100):
            dollars = sum(
                (tokens_in(events, name) * usd for name, usd in zip(TOKENS, of_kind, strict=True)), Decimal(0)
            )
            return rounded(rounded(dollars / 1_000_000, CENT), EIGHT_PLACES)

    return cost


MARTS = {"model_savings": Expected(saving_rows, ("team_id", "email", "target_model_tier"))}
