"""What each endpoint answers to a team's key, since when, and which marts have no row because of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oracle.compare import SOME_TEXT
from tests.oracle.expected import Expected

if TYPE_CHECKING:
    from tests.oracle.team import Team

Row = dict[str, Any]
EMPTY_WITHOUT = {
    "members": "adoption_daily, adoption_gaps, seat_fees_daily, seat_type_advice, seats",
    "spend": "",
    "daily_usage": "",
    "usage_events": "cost_changes, forecast_backtest, model_mix, model_mix_daily, model_savings, models, "
    "overage_forecasts, restatements",
}


def access_rows(team: Team) -> list[Row]:
    return [access_row(team, endpoint, number) for number, endpoint in enumerate(EMPTY_WITHOUT, start=1)]


def access_row(team: Team, endpoint: str, number: int) -> Row:
    said = [one for one in team.answers if one.endpoint == endpoint and one.outcome != "not_tried"]
    said.sort(key=lambda one: one.checked_at)
    row: Row = {
        "team_id": team.team_id,
        "endpoint": endpoint,
        "access": "not_asked",
        "access_since_at": None,
        "last_checked_at": None,
        "last_granted_at": None,
        "status_code": None,
        "message": None,
        "empty_marts": EMPTY_WITHOUT[endpoint],
        "consequence": SOME_TEXT,
        "endpoint_order": number,
    }
    if not said:
        return row
    newest = said[-1]
    since = newest.checked_at
    for one in reversed(said):
        if one.outcome != newest.outcome:
            break
        since = one.checked_at
    return row | {
        "access": "granted" if newest.outcome == "ok" else newest.outcome,
        "access_since_at": since,
        "last_checked_at": newest.checked_at,
        "last_granted_at": max((one.checked_at for one in said if one.outcome == "ok"), default=None),
        "status_code": newest.status_code,
        "message": newest.message,
    }


MARTS = {"endpoint_access": Expected(access_rows, ("team_id", "endpoint"))}
