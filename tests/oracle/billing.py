"""Every billing cycle, with its closing record: the last spend snapshot that names its start."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.oracle.cycles import Cycle, cycle_start, cycles, is_fully_covered, observed_starts
from tests.oracle.expected import Expected
from tests.oracle.usage import days_between, total
from tests.oracle.verification import spend_parts

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from tests.oracle.team import Record, Team

Row = dict[str, Any]


def closing_record(team: Team, cycle: Cycle) -> tuple[datetime, Record] | None:
    named = [(at, answer) for at, answer in team.spend_snapshots if cycle_start(answer) == cycle.start_at]
    return max(named, key=lambda snapshot: snapshot[0], default=None)


def total_in(answer: Record, measure: str) -> Decimal | None:
    """The sum over the snapshot's rows; unknown where a single row does not say its part, or there is no row."""
    parts = [part for _, part in spend_parts(answer, measure)]
    return total(parts) if parts and None not in parts else None


def expected_billing_cycles(team: Team) -> list[Row]:
    observed = set(observed_starts(team))
    return [cycle_row(team, cycle, observed) for cycle in cycles(team)]


def cycle_row(team: Team, cycle: Cycle, observed: set[datetime]) -> Row:
    closing = closing_record(team, cycle)
    days = days_between(cycle.start_at.date(), cycle.end_at.date() - timedelta(days=1))
    return {
        "team_id": team.team_id,
        "cycle_start_at": cycle.start_at,
        "cycle_end_at": cycle.end_at,
        "start_source": source_of(cycle.start_at, observed) if observed else "calendar_month",
        "end_source": source_of(cycle.end_at, observed),
        "is_open_cycle": cycle.is_open,
        "is_fully_covered": is_fully_covered(team, cycle),
        "cycle_days": len(days),
        "loaded_days": sum(day in team.events_by_day for day in days),
        "closing_snapshot_at": None if closing is None else closing[0],
        "closing_members": None if closing is None else len(closing[1]["teamMemberSpend"]),
        "closing_on_demand_usd": None if closing is None else total_in(closing[1], "cycle_on_demand_usd"),
        "closing_included_usage_usd": None if closing is None else total_in(closing[1], "cycle_included_usage_usd"),
        "closing_usage_value_usd": None if closing is None else total_in(closing[1], "cycle_usage_value_usd"),
    }


def source_of(at: datetime, observed: set[datetime]) -> str:
    return "observed" if at in observed else "inferred"


MARTS = {"billing_cycles": Expected(expected_billing_cycles, ("team_id", "cycle_start_at"))}
