"""Judges landed windows before they replace anything: DuckDB counts, Great Expectations decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cursor_usage.quality import data_docs
from cursor_usage.quality.checks import Check, checks_of
from cursor_usage.quality.expectations import Failure, evaluate, new_context
from cursor_usage.quality.judgement import Finding, IsKnown, Judgement, QualityError, WindowToJudge
from cursor_usage.quality.profile import WindowProfile, profile_windows


def judge(
    windows: Sequence[WindowToJudge],
    *,
    docs_dir: Path,
    run_id: str,
    team_id: str,
    is_known_kind: IsKnown,
    is_known_model: IsKnown,
) -> Judgement:
    """Judges what one team's run landed, and writes the data docs below ``docs_dir/data_quality``.

    ``is_known_kind`` and ``is_known_model`` say of a name whether the seeds have it.

    Raises:
        UnreadableRecordsError: a landed file is missing or cannot be read.
        QualityError: nothing to judge, a check that could not be evaluated, or docs that cannot be written. None of
            these is a pass.
        OSError: the disk is full.
    """
    if not windows:
        raise QualityError("There is nothing to judge: no window was landed.")
    judged_at = datetime.now(UTC)
    profiles = profile_windows(windows, is_known_kind=is_known_kind, is_known_model=is_known_model)
    endpoints = list(dict.fromkeys(window.endpoint for window in windows))
    evaluated = 0
    findings: dict[str, list[Finding]] = {"critical": [], "warning": []}
    with data_docs.docs_of_run(docs_dir, team_id=team_id, run_id=run_id, judged_at=judged_at) as docs:
        context = new_context(docs.site_dir)
        for endpoint in endpoints:
            of_endpoint = [profile for profile in profiles if profile.window.endpoint == endpoint]
            checks = checks_of(endpoint, has_members="members" in endpoints)
            count, failures = evaluate(
                context, endpoint, of_endpoint, checks, run_name=docs.run_name, judged_at=judged_at
            )
            evaluated += count
            for failure in failures:
                findings[failure.severity].append(_finding(endpoint, failure, checks, of_endpoint))
        judgement = Judgement(
            passed=not findings["critical"],
            checks=evaluated,
            critical=findings["critical"],
            warnings=findings["warning"],
            docs_path=docs.team_dir / "index.html",
        )
        data_docs.publish(docs, context, judgement, endpoints, team_id)
    return judgement


def _finding(endpoint: str, failure: Failure, checks: Sequence[Check], profiles: Sequence[WindowProfile]) -> Finding:
    words = endpoint.replace("_", " ")
    if failure.row is None:
        return Finding(endpoint, "all", failure.check, f"{words}: {failure.check.replace('_', ' ')} does not hold.")
    check = next(check for check in checks if check.name == failure.check)
    profile = profiles[failure.row]
    sentence = f"{words} of {profile.window.label}: {check.sentence(profile)}"
    return Finding(endpoint, profile.window.label, failure.check, sentence)
