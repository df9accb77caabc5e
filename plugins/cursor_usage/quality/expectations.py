"""Great Expectations over the frame of profiles: one row a window, one suite an endpoint.

Great Expectations takes seconds to import, so it is imported inside functions only.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cursor_usage.quality.checks import Check
from cursor_usage.quality.judgement import QualityError
from cursor_usage.quality.profile import WindowProfile

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext

WINDOW = "window"
SITE = "data_quality"
ALL_WINDOWS = None

# Null where it is not known; every other number is counted, and has to be there.
_NULLABLE_NUMBERS = ("records_announced", "fewest_plausible", "most_plausible")


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed expectation, and in which row of the frame; None where it is about the frame as a whole."""

    check: str
    severity: str
    row: int | None


def new_context(site_dir: Path) -> AbstractDataContext:
    """A context that lives in memory, sends nothing anywhere and writes its pages below ``site_dir``."""
    # Its import alone writes 200 lines about itself into the task's log.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx  # noqa: PLC0415 - takes seconds

    def store(class_name: str) -> dict[str, Any]:
        return {"class_name": class_name, "store_backend": {"class_name": "InMemoryStoreBackend"}}

    return gx.get_context(
        mode="ephemeral",
        project_config={
            "config_version": 4,
            "analytics_enabled": False,
            "progress_bars": {"globally": False},
            "expectations_store_name": "expectations_store",
            "validation_results_store_name": "validation_results_store",
            "checkpoint_store_name": "checkpoint_store",
            "stores": {
                "expectations_store": store("ExpectationsStore"),
                "validation_results_store": store("ValidationResultsStore"),
                "checkpoint_store": store("CheckpointStore"),
                "validation_definition_store": store("ValidationDefinitionStore"),
            },
            "data_docs_sites": {
                SITE: {
                    "class_name": "SiteBuilder",
                    "show_how_to_buttons": False,
                    "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site_dir)},
                    "site_section_builders": {"expectations": "None", "profiling": "None"},
                }
            },
        },
    )


def evaluate(
    context: AbstractDataContext,
    endpoint: str,
    profiles: Sequence[WindowProfile],
    checks: Sequence[Check],
    *,
    run_name: str,
    judged_at: datetime,
) -> tuple[int, list[Failure]]:
    """How many expectations were evaluated, and those that failed, by row.

    Raises:
        QualityError: Great Expectations could not evaluate one of them.
    """
    import great_expectations as gx  # noqa: PLC0415 - takes seconds
    from great_expectations.core.run_identifier import RunIdentifier  # noqa: PLC0415 - takes seconds

    columns = list(dict.fromkeys(column for check in checks for column in check.columns))
    suite = context.suites.add(
        gx.ExpectationSuite(name=endpoint, expectations=list(_expectations(checks, columns, len(profiles))))
    )
    batch = (
        context.data_sources.add_pandas(endpoint)
        .add_dataframe_asset("landed windows")
        .add_batch_definition_whole_dataframe("all")
    )
    definition = context.validation_definitions.add(gx.ValidationDefinition(name=endpoint, data=batch, suite=suite))
    result = definition.run(
        batch_parameters={"dataframe": _frame(profiles, columns)},
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [WINDOW]},
        run_id=RunIdentifier(run_name=run_name, run_time=judged_at),
    )
    if len(result.results) != len(suite.expectations):
        raise QualityError(
            f"Great Expectations evaluated {len(result.results)} of {len(suite.expectations)} checks of {endpoint}."
        )
    rows = {name: row for row, name in enumerate(_window_names(profiles))}
    return len(result.results), [failure for one in result.results for failure in _failures(one, endpoint, rows)]


def _expectations(checks: Sequence[Check], columns: Sequence[str], windows: int) -> Iterator[Any]:
    from great_expectations import expectations  # noqa: PLC0415 - takes seconds
    from great_expectations.expectations.metadata_types import FailureSeverity  # noqa: PLC0415 - takes seconds

    def made(expectation: str, **arguments: Any) -> Any:  # noqa: ANN401 - Great Expectations does not export its types
        return getattr(expectations, expectation)(**arguments)

    # A frame asset passes vacuously where rows or columns are missing: these two make that a failure.
    yield made(
        "ExpectTableRowCountToEqual",
        value=windows,
        severity=FailureSeverity.CRITICAL,
        notes="Every window that was landed is judged.",
        meta={"check": "all_windows_are_judged"},
    )
    yield made(
        "ExpectTableColumnsToMatchSet",
        column_set=[WINDOW, *columns],
        exact_match=True,
        severity=FailureSeverity.CRITICAL,
        notes="Everything that is judged was counted.",
        meta={"check": "everything_was_counted"},
    )
    for check in checks:
        yield made(
            check.expectation,
            **check.arguments,
            severity=FailureSeverity(check.severity),
            notes=f"{check.states} ({check.severity})",
            meta={"check": check.name},
        )


def _frame(profiles: Sequence[WindowProfile], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - takes seconds

    frame = pd.DataFrame(
        {
            WINDOW: _window_names(profiles),
            **{column: [_facts(profile)[column] for profile in profiles] for column in columns},
        }
    )
    for column in columns:
        if column in _NULLABLE_NUMBERS:
            frame[column] = frame[column].astype("float64")
        elif column != "cycle_start_at":
            # Raises on a missing count, which expectations on values would pass over.
            frame[column] = frame[column].astype("int64")
    return frame


def _facts(profile: WindowProfile) -> Mapping[str, Any]:
    window = profile.window
    fewest, most = window.plausible_rows or (None, None)
    return {
        **profile.counts,
        "records_received": window.records_received,
        "records_announced": window.records_announced,
        "fewest_plausible": fewest,
        "most_plausible": most,
        "cycle_start_at": window.cycle_start_at.isoformat() if window.cycle_start_at else None,
    }


def _window_names(profiles: Sequence[WindowProfile]) -> list[str]:
    """The labels, made unique: failures come back under them."""
    names: list[str] = []
    for profile in profiles:
        label = profile.window.label
        names.append(label if label not in names else f"{label} ({len(names) + 1})")
    return names


def _failures(result: Any, endpoint: str, rows: Mapping[str, int]) -> Iterator[Failure]:  # noqa: ANN401 - untyped in GX
    config = result.expectation_config
    check, severity = config.meta["check"], str(getattr(config.severity, "value", config.severity))
    # An expectation that crashed comes back as a failed one, a warning if it is one: it judged nothing.
    if _crashed(result.exception_info):
        raise QualityError(f"Great Expectations could not evaluate the check {check!r} of {endpoint}.")
    if result.success:
        return
    if "unexpected_index_list" not in result.result:
        yield Failure(check, severity, ALL_WINDOWS)
        return
    found = result.result["unexpected_index_list"] or []
    if not found:
        raise QualityError(f"Great Expectations failed the check {check!r} of {endpoint} without saying where.")
    for one in found:
        yield Failure(check, severity, rows[one[WINDOW]])


def _crashed(exception_info: Any) -> bool:  # noqa: ANN401 - one mapping, or one a metric
    if not isinstance(exception_info, Mapping):
        return False
    if exception_info.get("raised_exception"):
        return True
    return any(_crashed(inner) for inner in exception_info.values())
