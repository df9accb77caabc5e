"""The data docs: one page an endpoint as Great Expectations renders it, and an index of the last runs of each team.

``<docs>/data_quality/index.html`` lists the teams, ``<team>/index.html`` the team's runs, ``<team>/<run>/`` has a run's
pages. Great Expectations' own pages load their styles and scripts from five public hosts; here they load nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cursor_usage.disk import is_full
from cursor_usage.quality.expectations import SITE
from cursor_usage.quality.judgement import Judgement, QualityError

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext

RUNS_KEPT = 30
# No judgement takes that long: the process that made the folder is gone.
LEFT_BEHIND_AFTER_SECONDS = 24 * 3600
_SUMMARY = "judgement.json"

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1c1e21; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; width: 100%; }
td, th { border-bottom: 1px solid #d8dce1; padding: .35rem .7rem; text-align: left; vertical-align: top; }
a { color: #0b57d0; } ul { margin: 0; padding-left: 1.2rem; } code { overflow-wrap: anywhere; }
.critical { color: #b3261e; } .warning { color: #8a5a00; } .passed { color: #1e7a34; }
"""

# Stands in for Bootstrap and Font Awesome on the rendered pages.
_PAGE_STYLE = (
    _STYLE
    + """
.fa-check-circle::before { content: "✓"; color: #1e7a34; } .fa-times::before { content: "✗"; color: #b3261e; }
.fa-exclamation-triangle::before { content: "!"; color: #8a5a00; } [hidden] { display: none; }
nav, .sticky, .card-header, .btn, button, [data-toggle="collapse"], footer { display: none; }
.show-scrollbars { overflow: visible; max-height: none; } i { font-style: normal; }
"""
)


@dataclass(frozen=True, slots=True)
class DocsOfRun:
    """Where a run's pages are made (``site_dir``, hidden) before they are moved to their place as a whole."""

    team_dir: Path
    site_dir: Path
    run_name: str
    run_id: str
    judged_at: datetime


@contextmanager
def docs_of_run(docs_dir: Path, *, team_id: str, run_id: str, judged_at: datetime) -> Iterator[DocsOfRun]:
    """A folder to make the pages in; it is gone afterwards unless they were published.

    Raises:
        QualityError: they cannot be written there.
        OSError: the disk is full.
    """
    team_dir = docs_dir / SITE / _file_name(team_id)
    run_name = f"{judged_at:%Y%m%dT%H%M%S%f}Z_{_slug(run_id)}"
    docs = DocsOfRun(team_dir, team_dir / f".{run_name}", run_name, run_id, judged_at)
    try:
        docs.site_dir.mkdir(parents=True)
        yield docs
    except OSError as error:
        if is_full(error):
            raise
        raise QualityError(
            f"The data docs cannot be written below {team_dir}: {error.strerror or error}. Mend that."
        ) from error
    finally:
        shutil.rmtree(docs.site_dir, ignore_errors=True)


def publish(
    docs: DocsOfRun, context: AbstractDataContext, judgement: Judgement, endpoints: Sequence[str], team_id: str
) -> Path:
    """Renders the run's pages, moves them to their place and lists them. Returns the team's index.

    Raises:
        QualityError: a page was not rendered (Great Expectations logs why and goes on).
    """
    context.build_data_docs(build_index=False)
    finished = docs.site_dir / "run"
    finished.mkdir()
    for endpoint in endpoints:
        pages = list((docs.site_dir / "validations" / endpoint).rglob("*.html"))
        if len(pages) != 1:
            raise QualityError(f"Great Expectations rendered {len(pages)} pages of {endpoint} instead of one.")
        rendered = _self_contained(pages[0].read_text(encoding="utf-8"))
        page = _headed(rendered, f"{endpoint.replace('_', ' ')} of {team_id}", _of_endpoint(judgement, endpoint))
        (finished / f"{endpoint}.html").write_text(page, encoding="utf-8")
    summary = {
        "team_id": team_id,
        "run_id": docs.run_id,
        "judged_at": docs.judged_at.isoformat(timespec="seconds"),
        "passed": judgement.passed,
        "checks": judgement.checks,
        "critical": [finding.sentence for finding in judgement.critical],
        "warnings": [finding.sentence for finding in judgement.warnings],
        "endpoints": list(endpoints),
    }
    (finished / _SUMMARY).write_text(json.dumps(summary, indent=1), encoding="utf-8")
    finished.rename(docs.team_dir / docs.run_name)
    _forget_old_runs(docs.team_dir)
    index = docs.team_dir / "index.html"
    _write(index, _team_index(docs.team_dir, team_id))
    _write(docs.team_dir.parent / "index.html", _index(docs.team_dir.parent))
    return index


def _file_name(text: str) -> str:
    """The text where it can be a file's name, else one that is made from it and is no other text's."""
    slug = _slug(text)
    is_same = slug == text and not text.startswith(".")
    return slug if is_same else f"{slug.lstrip('.')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._@=-]", "-", text)[:100]


def _of_endpoint(judgement: Judgement, endpoint: str) -> dict[str, list[str]]:
    return {
        "critical": [finding.sentence for finding in judgement.critical if finding.endpoint == endpoint],
        "warnings": [finding.sentence for finding in judgement.warnings if finding.endpoint == endpoint],
    }


def _self_contained(html: str) -> str:
    html = re.sub(r"<script\b.*?</script>", "", html, flags=re.DOTALL)
    html = re.sub(r"<style\b.*?</style>", "", html, flags=re.DOTALL)
    html = re.sub(r"<(link|img|meta http-equiv)\b[^>]*>", "", html)
    html = re.sub(r"<title>.*?</title>", "", html, flags=re.DOTALL)
    html = re.sub(r"<footer\b.*?</footer>", "", html, flags=re.DOTALL)
    # The expectations' page is not rendered, and the rest lead to Great Expectations' own site.
    html = re.sub(r"<nav class=\"navbar.*?</nav>\s*</div>\s*</nav>", "", html, flags=re.DOTALL)
    return re.sub(r"<a\b[^>]*href=\"(?:https?:|[^\"]*expectations/)[^>]*>(.*?)</a>", r"\1", html, flags=re.DOTALL)


def _headed(html: str, title: str, found: dict[str, list[str]]) -> str:
    """Great Expectations calls a page failed for a warning too: what was found stands above it with its severity."""
    head = f"<head><title>{escape(title)}</title><style>{_PAGE_STYLE}</style>"
    top = f'<p><a href="../index.html">All runs</a></p><h1>{escape(title)}</h1><p>Findings:</p>{_findings(found)}'
    return html.replace("<head>", head, 1).replace("<body>", f"<body>{top}", 1)


def _forget_old_runs(team_dir: Path) -> None:
    killed = [path for path in team_dir.glob(".*Z_*") if time.time() - path.stat().st_mtime > LEFT_BEHIND_AFTER_SECONDS]
    for run in [*_runs(team_dir)[RUNS_KEPT:], *killed]:
        shutil.rmtree(run, ignore_errors=True)


def _runs(team_dir: Path) -> list[Path]:
    """Run folders, newest first: their names begin with the time."""
    found = (path for path in team_dir.iterdir() if path.is_dir() and not path.name.startswith("."))
    return sorted(found, key=lambda path: path.name, reverse=True)


def _summary(run: Path) -> dict[str, Any] | None:
    try:
        summary: dict[str, Any] = json.loads((run / _SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # Another process may be taking an old run away.
        return None
    return summary


def _team_index(team_dir: Path, team_id: str) -> str:
    rows = [
        f"<tr><td>{escape(summary['judged_at'])}<br><code>{escape(summary['run_id'])}</code></td>"
        f"<td>{_outcome(summary)}</td><td>{_findings(summary)}</td><td>{_links(run, summary)}</td></tr>"
        for run in _runs(team_dir)
        if (summary := _summary(run)) is not None
    ]
    return _page(
        f"Data quality of {team_id}",
        f"<p>The last {RUNS_KEPT} runs, newest first. A critical finding stops the load; a warning does not.</p>"
        "<table><tr><th>Judged</th><th>Outcome</th><th>Findings</th><th>Checks</th></tr>" + "".join(rows) + "</table>",
    )


def _index(site_dir: Path) -> str:
    rows = []
    for team_dir in sorted(path for path in site_dir.iterdir() if path.is_dir()):
        newest = next((summary for run in _runs(team_dir) if (summary := _summary(run))), None)
        if newest is not None:
            link = f'<a href="{escape(team_dir.name)}/index.html">{escape(newest["team_id"])}</a>'
            rows.append(f"<tr><td>{link}</td><td>{escape(newest['judged_at'])}</td><td>{_outcome(newest)}</td></tr>")
    return _page(
        "Data quality",
        "<table><tr><th>Team</th><th>Last judged</th><th>Outcome</th></tr>" + "".join(rows) + "</table>",
    )


def _outcome(summary: dict[str, Any]) -> str:
    word, style = ("passed", "passed") if summary["passed"] else ("failed", "critical")
    return f'<strong class="{style}">{word}</strong>, {summary["checks"]} checks'


def _findings(summary: dict[str, Any]) -> str:
    items = [
        f'<li class="{style}">{escape(sentence)}</li>'
        for style, sentences in (("critical", summary["critical"]), ("warning", summary["warnings"]))
        for sentence in sentences
    ]
    return f"<ul>{''.join(items)}</ul>" if items else "none"


def _links(run: Path, summary: dict[str, Any]) -> str:
    return "<br>".join(
        f'<a href="{escape(run.name)}/{endpoint}.html">{endpoint.replace("_", " ")}</a>'
        for endpoint in summary["endpoints"]
    )


def _page(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="UTF-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{body}</body></html>"
    )


def _write(path: Path, text: str) -> None:
    scratch = path.with_name(f".{path.name}.{hashlib.sha256(text.encode()).hexdigest()[:8]}")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(path)
