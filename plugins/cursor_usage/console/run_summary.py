"""What a run did beside the marts, for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cursor_usage.pipeline.run import TeamRunFile


@dataclass(frozen=True, slots=True)
class Access:
    """What an endpoint answered; ``outcome`` is ok, refused, failed or not_tried."""

    team_id: str
    endpoint: str
    outcome: str
    status_code: int | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """Windows and snapshots of an endpoint that were loaded, how many were in place already, and new records."""

    team_id: str
    endpoint: str
    windows: int
    records: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One data-quality finding; ``severity`` is critical, warning or notice (an unknown field, which is no fault)."""

    team_id: str
    severity: str
    sentence: str


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did beside the marts. Everything but its id may be left out.

    ``checks`` is how many checks were made for a team, ``errors`` why a team failed, ``places`` what else is worth
    naming, by a short name.
    """

    run_id: str
    access: Sequence[Access] = ()
    loads: Sequence[Loaded] = ()
    checks: Mapping[str, int] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def of_teams(cls, run_id: str, runs: Iterable[TeamRunFile], places: Mapping[str, Path] | None = None) -> RunSummary:
        """From what each team's run left in its landing."""
        runs = list(runs)
        return cls(
            run_id,
            access=[Access(r.team_id, a.endpoint, a.outcome, a.status_code, a.message) for r in runs for a in r.access],
            loads=[
                Loaded(
                    run.team_id,
                    endpoint,
                    windows,
                    run.rows_loaded.get(endpoint, 0),
                    run.windows_unchanged.get(endpoint, 0),
                )
                for run in runs
                for endpoint, windows in run.windows_loaded.items()
            ],
            checks={run.team_id: run.checks for run in runs if run.checks is not None},
            findings=[Finding(run.team_id, f.severity, f.text) for run in runs for f in run.findings],
            errors={run.team_id: run.error for run in runs if run.error},
            places=places or {},
        )

    @property
    def team_ids(self) -> set[str]:
        told = {row.team_id for rows in (self.access, self.loads, self.findings) for row in rows}
        return told | set(self.checks) | set(self.errors)
