"""Every model that anybody used: what it is listed as, what it costs and whose pool it is taken out of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oracle import tables
from tests.oracle.expected import Expected
from tests.oracle.marts import OTHER, grouped, usage_value
from tests.oracle.seats import eight_places
from tests.oracle.usage import amount_in, closed_events, requests

if TYPE_CHECKING:
    from decimal import Decimal

    from tests.oracle.team import Team
    from tests.oracle.usage import Event

Row = dict[str, Any]


def model_rows(team: Team) -> list[Row]:
    used = grouped((one for one in closed_events(team) if one.model is not None), lambda one: one.model)
    return [model_row(team, model, events) for model, events in used.items()]


def model_row(team: Team, model: str, events: list[Event]) -> Row:
    listed = tables.listed_model(model)
    price = tables.PRICE_OF_MODEL[listed] if listed is not None else None
    days = [one.day for one in requests(events)]
    return {
        "team_id": team.team_id,
        "model": model,
        "listed_model": listed,
        "matched_by": matched_by(model, listed),
        "model_tier": tables.model_tier(model),
        "usage_pool": tables.usage_pool(model),
        "input_usd_per_million": per_million(price.input_usd) if price else None,
        "cache_write_usd_per_million": per_million(price.cache_write_usd) if price else None,
        "cache_read_usd_per_million": per_million(price.cache_read_usd) if price else None,
        "output_usd_per_million": per_million(price.output_usd) if price else None,
        "first_used_date": min(days, default=None),
        "last_used_date": max(days, default=None),
        "requests": len(days),
        "usage_value_usd": usage_value(events),
        "other_usage_usd": amount_in(events, *OTHER),
    }


def matched_by(model: str, listed: str | None) -> str:
    if listed is not None:
        return "exact" if listed == tables.plain_name(model) else "suffix"
    return "unknown" if tables.usage_pool(model) == "unknown" else "pattern"


def per_million(price: Decimal | None) -> Decimal | None:
    return None if price is None else eight_places(price)


MARTS = {"models": Expected(model_rows, ("team_id", "model"))}
