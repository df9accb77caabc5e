"""A published file with the marts' own columns and types (their contracts in YAML) and rows that a test makes up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Self

import duckdb
import yaml

from cursor_usage.settings import PROJECT_DIR
from cursor_usage.sql_text import literal

LAST_DAY = date(2026, 11, 29)
RUN_ID = "scheduled__2026-11-30T05:30:00+00:00"
PUBLISHED_AT = datetime(2026, 11, 30, 5, 41)  # noqa: DTZ001 - UTC without zone, as in the file
CYCLE_START_AT = "2026-11-03 13:06:28"
CYCLE_END_AT = "2026-12-03 13:06:28"
SEAT_FEE_CENTS = 4000
CYCLE_DAYS = 30
MODELS = (("auto", "standard"), ("opus", "premium"), ("haiku", "entry"), ("mystery", "unknown"))


@cache
def contracts() -> Mapping[str, Sequence[tuple[str, str]]]:
    """Columns and types by mart, as dbt enforces them."""
    found: dict[str, Sequence[tuple[str, str]]] = {}
    for path in sorted((PROJECT_DIR / "dbt_project" / "models" / "marts").glob("_*.yml")):
        for model in yaml.safe_load(path.read_text()).get("models", []):
            found[model["name"]] = [(column["name"], column["data_type"]) for column in model["columns"]]
    return found


class PublishedMarts:
    """Writes ``marts.duckdb`` into a folder; use as a context, rows are inserted by SQL or as dicts."""

    def __init__(self, folder: Path, *, without: Sequence[str] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "marts.duckdb"
        self._session = duckdb.connect()
        self._session.execute("set timezone = 'UTC'")
        self._session.execute(f"attach {literal(self.path)} as file (storage_version 'v1.4.0')")
        self._session.execute("create schema file.marts")
        self._session.execute("use file.marts")
        for mart, columns in contracts().items():
            if mart not in without:
                listed = ", ".join(f'"{name}" {kind}' for name, kind in columns)
                self._session.execute(f"create table {mart} ({listed})")
        self._session.execute(
            "create table publications (mart varchar, row_count bigint, run_id varchar, published_at timestamp)"
        )
        self.add("publications", mart="usage_costs", row_count=1, run_id=RUN_ID, published_at=PUBLISHED_AT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.execute("use memory.main")
        self._session.execute("detach file")
        self._session.close()

    def sql(self, statement: str, parameters: object = None) -> None:
        self._session.execute(statement, parameters)

    def add(self, mart: str, /, **values: object) -> None:
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" for _ in values)
        self._session.execute(f"insert into {mart} ({names}) values ({marks})", list(values.values()))

    def add_empty_team(self, team_id: str) -> None:
        """A team of which nothing was ever loaded."""
        self.add(
            "verification_verdicts",
            team_id=team_id,
            verdict="inconclusive",
            matched_count=0,
            matched_within_tolerance_count=0,
            drift_count=0,
            inconclusive_count=1,
            not_compared_count=0,
            sentence="Nothing is loaded yet.",
        )

    def add_team(self, team_id: str, *, people: int = 3, days: int = 20, models: int = 2) -> None:
        """A team with usage of each person on each day, the amounts a function of person and day; the last is idle."""
        self._add_verdict(team_id)
        self._add_usage(team_id, people, days, models)
        self._add_seats(team_id, people)
        self._add_cycle(team_id, people)
        self._add_attribution(team_id, people)
        self._add_access(team_id)

    def _add_verdict(self, team_id: str) -> None:
        self.add(
            "verification_verdicts",
            team_id=team_id,
            verdict="matched",
            matched_count=1,
            matched_within_tolerance_count=0,
            drift_count=0,
            inconclusive_count=0,
            not_compared_count=1,
            sentence=f"Matched to the cent: on-demand usage of {team_id}.",
            newest_loaded_date=LAST_DAY,
            snapshot_at="2026-11-30 05:31:00",
        )
        figure = {
            "team_id": team_id,
            "measure": "cycle_on_demand_usd",
            "reference_source": "cursor_spend_api",
            "window_start_date": date(2026, 11, 3),
            "window_end_date": date(2026, 11, 30),
            "warehouse_value": "12.345",
            "reference_value": "12.345",
            "difference": "0",
            "verdict": "matched",
        }
        label = "on-demand usage in the open cycle"
        why = {"explanation": "Equal to the cent.", "label": label, "measure_order": 19, "unit": "usd"}
        self.add("verification_totals", **figure, **why)
        ages = [("2026-11-27", "drift", False), ("2026-11-28", "matched", False), ("2026-11-30", "matched", True)]
        for day, verdict, is_current in ages:
            until = date.fromisoformat(day)
            history = figure | {"verdict": verdict, "window_end_date": until, "is_current": is_current}
            self.add("verification_history", **history, said_at=f"{day} 05:40:00", run_id=RUN_ID)
        self.add(
            "verification_totals",
            team_id=team_id,
            measure="requests",
            label="requests",
            measure_order=1,
            unit="requests",
            warehouse_value="1234",
            verdict="not_compared",
            window_start_date=LAST_DAY - timedelta(days=13),
            window_end_date=LAST_DAY,
        )
        self.add(
            "verification_causes",
            team_id=team_id,
            measure="cycle_on_demand_usd",
            reference_source="cursor_spend_api",
            window_start_date=date(2026, 11, 3),
            window_end_date=date(2026, 11, 30),
            unit="usd",
            cause="unexplained",
            cause_order=8,
            difference="0",
            addresses=0,
            explanation="Nothing is left unexplained.",
        )

    def _add_usage(self, team_id: str, people: int, days: int, models: int) -> None:
        listed = ", ".join(f"({number}, '{model}', '{tier}')" for number, (model, tier) in enumerate(MODELS[:models]))
        self.sql(
            f"""
            create temp table made as
            select
                day.number as day_number,
                $last_day::date - day.number::integer as usage_date,
                person.number as person_number,
                'developer' || lpad(person.number::varchar, 5, '0') || '@example.com' as email,
                listed.model,
                listed.tier as model_tier,
                ((person.number * 7 + day.number * 3 + listed.number) % 50)::decimal(38, 8) / 8 as usage_value_usd
            from range($days) as day (number)
            cross join range(greatest($people - 1, 0)) as person (number)
            cross join (values {listed}) as listed (number, model, tier)
            order by 2, 4
            """,
            {"last_day": LAST_DAY, "days": days, "people": people},
        )
        self.sql(
            """
            insert into model_mix_daily by name
            select
                $team as team_id, usage_date, email, model, model_tier, 2 as requests,
                100 as input_tokens, 20 as output_tokens, 30 as cache_write_tokens, 400 as cache_read_tokens,
                usage_value_usd, 0 as other_usage_usd, 1 as max_mode_requests,
                case when model_tier = 'premium' then 1 else 0 end as simple_premium_model_requests
            from made
            """,
            {"team": team_id},
        )
        self.sql(
            """
            insert into usage_costs_daily by name
            select
                team_id, usage_date, email, sum(usage_value_usd) * 3 / 4 as included_usage_usd,
                sum(usage_value_usd) / 4 as on_demand_usd, sum(usage_value_usd) as usage_value_usd,
                0 as other_usage_usd, sum(requests) as requests, sum(input_tokens) as input_tokens,
                sum(output_tokens) as output_tokens, sum(cache_write_tokens) as cache_write_tokens,
                sum(cache_read_tokens) as cache_read_tokens, usage_date < $last_day::date - 1 as is_settled
            from model_mix_daily where team_id = $team group by all order by usage_date, email
            """,
            {"team": team_id, "last_day": LAST_DAY},
        )
        self.sql(
            """
            insert into restatements by name
            select
                team_id, usage_date, '2026-11-29 05:00:00'::timestamp as first_complete_at, bool_and(is_settled) as
                is_settled, 0 as restatements, 0 as restatements_after_settled, sum(requests) as requests,
                sum(usage_value_usd) as usage_value_usd, 0 as moved_usage_value_usd
            from usage_costs_daily where team_id = $team group by all
            """,
            {"team": team_id},
        )
        self.sql("drop table made")

    def _add_seats(self, team_id: str, people: int) -> None:
        self.sql(
            """
            insert into adoption_gaps by name
            select
                $team as team_id, email, email as seat_key, 'Developer ' || number as name, 'standard' as seat_type,
                40 as monthly_seat_fee_usd, 'configured' as seat_price_source, $last_day::date as as_of_date,
                case when is_idle then 'never_active' else 'active' end as activity_status,
                is_idle as is_adoption_gap, case when is_idle then 'certain' end as reclaim_tier,
                case when is_idle then 'No request in 30 observed days.' else 'Active.' end as reason,
                case when is_idle then $last_day::date + 1 end as earliest_saving_date,
                case when is_idle then 40 else 0 end as saved_at_next_renewal_usd,
                case when is_idle then 5 else 0 end as reassignable_now_usd
            from (
                select
                    number, number % greatest($people // 10, 2) = 0 and number > 0 or number = $people - 1 as is_idle,
                    'developer' || lpad(number::varchar, 5, '0') || '@example.com' as email
                from range($people) as person (number)
            )
            """,
            {"team": team_id, "people": people, "last_day": LAST_DAY},
        )
        self.sql(
            """
            insert into seat_fees_daily by name
            select
                team_id, day::date as fee_date, $cycle::timestamp as cycle_start_at, seat_key, email, seat_type,
                1.33 as seat_fee_usd, seat_price_source, day <= $last_day::date as is_accrued
            from adoption_gaps
            cross join range($cycle::date, $cycle_end::date, interval 1 day) as days (day)
            where team_id = $team
            """,
            {"team": team_id, "cycle": CYCLE_START_AT, "cycle_end": CYCLE_END_AT, "last_day": LAST_DAY},
        )
        self.sql(
            """
            insert into adoption_daily by name
            select
                team_id, usage_date, $people as paid_seats, $people - 1 as active_seats, 0 as new_seats,
                0 as idle_seats, 1 as never_active_seats, 0 as removed_seats
            from restatements where team_id = $team
            """,
            {"team": team_id, "people": people},
        )

    def _add_cycle(self, team_id: str, people: int) -> None:
        ends = {"cycle_start_at": CYCLE_START_AT, "cycle_end_at": CYCLE_END_AT}
        self.add("billing_cycles", team_id=team_id, is_open_cycle=True, is_fully_covered=True, **ends)
        fee = f"{people * SEAT_FEE_CENTS // 100}"
        figures = {"on_demand_usd": "12.345", "included_usage_usd": "30", "cash_cost_usd": f"{fee}.0"}
        cycle = {"is_open_cycle": True, "is_fully_covered": True, "paid_seats": people, "seat_fee_usd": fee}
        self.add("team_costs", team_id=team_id, **ends, **cycle, **figures)
        self.add(
            "overage_forecasts",
            team_id=team_id,
            scope="team",
            **ends,
            as_of_date=LAST_DAY,
            days_left=4,
            on_demand_to_date_usd="12.345",
            forecast_low_usd="13",
            forecast_mid_usd="15",
            forecast_high_usd="20",
            has_enough_days=True,
            method="By recent days.",
        )

    def _add_attribution(self, team_id: str, people: int) -> None:
        states = (("attributed", people, "90"), ("no_email", 0, "10"))
        for state, count, value in states:
            self.add(
                "usage_attribution",
                team_id=team_id,
                state=state,
                people=count,
                requests=5,
                usage_value_usd=value,
                what_to_do=f"What to do about {state}.",
            )
        self.add("usage_attribution_by_developer", team_id=team_id, state="no_email", requests=5, usage_value_usd="10")

    def _add_access(self, team_id: str) -> None:
        for number, endpoint in enumerate(("members", "spend", "daily_usage", "usage_events"), start=1):
            self.add(
                "endpoint_access",
                team_id=team_id,
                endpoint=endpoint,
                endpoint_order=number,
                access="granted",
                access_since_at=PUBLISHED_AT,
                last_checked_at=PUBLISHED_AT,
                last_granted_at=PUBLISHED_AT,
                empty_marts="adoption_gaps",
                consequence="Nobody knows who holds a seat.",
            )
