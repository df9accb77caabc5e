"""Has what a run landed for one team judged, before it may replace anything."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cursor_usage.landing import Landing, Manifest
from cursor_usage.pipeline.build import DBT_PROJECT
from cursor_usage.pipeline.errors import JudgementError
from cursor_usage.pipeline.known_names import known_kind, known_model
from cursor_usage.pipeline.plausibility import plausible_events, plausible_members
from cursor_usage.pipeline.run import FindingFact, TeamRunFile, noting_error, require_run, write_run_file
from cursor_usage.pipeline.seeds import merge_seeds
from cursor_usage.settings import DataDir
from cursor_usage.warehouse.connection import connected, writer
from cursor_usage.warehouse.load import newest_members, rows_by_day

if TYPE_CHECKING:
    from cursor_usage.quality import Finding, WindowToJudge
    from cursor_usage.quality.judgement import IsKnown

log = logging.getLogger(__name__)


def judge(data: DataDir, team_id: str, run_id: str) -> TeamRunFile:
    """Runs the data-quality checks over the run's landed windows and notes the findings in the run's file.

    Raises:
        JudgementError: a critical check failed; raw and what is published stay as they are.
        PipelineError: the run has not landed anything for this team, or fetching failed.
        QualityError: it could not be judged, which is no pass.
        SeedError: one of the user's seeds cannot be used.
        OSError: the disk is full.
    """
    run = require_run(data.landing, team_id, run_id, "extract")
    with noting_error(data.landing, run, "judge"):
        _judge(data, run)
        write_run_file(data.landing, run)
    log.info("judged: %d checks, %d findings, none critical", run.checks, len(run.findings))
    return run


def _judge(data: DataDir, run: TeamRunFile) -> None:
    from cursor_usage.quality import judge as judge_windows  # noqa: PLC0415  # Great Expectations takes seconds to import

    landing = Landing(data.landing, run.team_id)
    before = _loaded_before(data, run.team_id)
    is_known_kind, is_known_model = _known_names(data)
    judgement = judge_windows(
        [_to_judge(landing.manifest(path), data, before) for path in run.fetches],
        docs_dir=data.docs,
        run_id=run.run_id,
        team_id=run.team_id,
        is_known_kind=is_known_kind,
        is_known_model=is_known_model,
    )
    run.checks = judgement.checks
    run.findings = [*_by_check("critical", judgement.critical), *_by_check("warning", judgement.warnings)]
    for fact in run.findings:
        log.warning("%s", fact.text)
    if not judgement.passed:
        sentences = " ".join(finding.sentence for finding in judgement.critical)
        raise JudgementError(
            f"What the API answered did not pass the data-quality checks, so it replaced nothing: {sentences} "
            f"The report is {judgement.docs_path}. Start a new run, which asks again; if it says the same, Cursor's "
            f"answers have changed, and this version does not know them: look for a newer one, or report it."
        )


def _known_names(data: DataDir) -> tuple[IsKnown, IsKnown]:
    """Of kinds and of models, by the seeds as the build will have them."""
    data.work.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A folder of its own: two teams are judged side by side.
    with tempfile.TemporaryDirectory(prefix="seeds_to_judge_", dir=data.work) as folder:
        seeds = merge_seeds(DBT_PROJECT / "seeds", Path(folder) / "seeds", data.seeds)
        return known_kind(seeds), known_model(seeds, DBT_PROJECT)


def _by_check(severity: str, findings: Sequence[Finding]) -> list[FindingFact]:
    """One fact a check: an unknown kind that turns up on each of thirty days is one thing to mend."""
    by_check: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        by_check.setdefault((finding.endpoint, finding.check), []).append(finding)
    return [FindingFact(severity, same[0].sentence, len(same)) for same in by_check.values()]


@dataclass(frozen=True, slots=True)
class _LoadedBefore:
    """Sizes of what raw holds of a team."""

    events_by_day: dict[date, int]
    members: int | None


def _loaded_before(data: DataDir, team_id: str) -> _LoadedBefore:
    if not data.warehouse.exists():
        return _LoadedBefore({}, None)
    with writer(data.warehouse, purpose=f"judging {team_id}"), connected(data.warehouse) as warehouse:
        return _LoadedBefore(rows_by_day(warehouse, team_id), newest_members(warehouse, team_id))


def _plausible(manifest: Manifest, before: _LoadedBefore) -> tuple[int, int] | None:
    window = manifest.window
    if window.endpoint == "members":
        return plausible_members(before.members)
    if window.endpoint != "usage_events" or window.is_open_day or window.start_date is None or window.end_date is None:
        return None
    return plausible_events(window.start_date, window.end_date, before.events_by_day)


def _to_judge(manifest: Manifest, data: DataDir, before: _LoadedBefore) -> WindowToJudge:
    from cursor_usage.quality import WindowToJudge  # noqa: PLC0415  # see above

    window = manifest.window
    return WindowToJudge(
        endpoint=window.endpoint,
        label=window.label,
        records_path=data.landing / manifest.records_path,
        start_date=window.start_date,
        end_date=window.end_date,
        start_at=window.start_at,
        end_at=window.end_at,
        records_announced=manifest.records_announced,
        records_received=manifest.records_received,
        cycle_start_at=manifest.cycle_start_at,
        plausible_rows=_plausible(manifest, before),
    )
