"""What each endpoint's window has to be.

A check is one Great Expectations expectation over the frame of profiles, its severity, and the sentence that is said
where it fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cursor_usage.quality.profile import NAMES_SHOWN, WindowProfile

Severity = Literal["critical", "warning"]
LONGEST_NAME_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Check:
    """``expectation``: the class's name in ``great_expectations.expectations``, with its arguments."""

    name: str
    severity: Severity
    states: str
    expectation: str
    arguments: Mapping[str, Any]
    sentence: Callable[[WindowProfile], str]
    columns: tuple[str, ...]


def checks_of(endpoint: str, *, has_members: bool) -> list[Check]:
    """The checks of an endpoint. ``has_members``: whether daily usage can be compared with a members list."""
    checks = [*_COMMON, *_OWN[endpoint]]
    return checks if has_members else [check for check in checks if check.name != "users_are_members"]


def _none(name: str, severity: Severity, column: str, states: str, says: str) -> Check:
    """No record of the window may be counted in ``column``."""
    return Check(
        name,
        severity,
        states,
        "ExpectColumnValuesToBeInSet",
        {"column": column, "value_set": [0]},
        lambda profile: f"{_of_records(profile.counts[column], profile)} {says}{_listed(profile, column)}.",
        (column,),
    )


def _of_records(count: int, profile: WindowProfile) -> str:
    records = profile.counts["records_in_file"]
    return f"{count:,} of {records:,} {'record' if records == 1 else 'records'}"


def _listed(profile: WindowProfile, column: str) -> str:
    """The fields or names behind a count, most frequent first."""
    found = sorted(profile.details.get(column, {}).items(), key=lambda item: (-item[1], item[0]))
    if not found:
        return ""
    shown = [f"{showable(name)} ({count:,})" for name, count in found[:NAMES_SHOWN]]
    more = len(found) - len(shown)
    return f": {', '.join(shown)}{f' and {more} more' if more else ''}"


def showable(name: str) -> str:
    """The name of a field, kind or model as it may be said in a sentence."""
    # A kind or model is no personal value; what looks like an address in its place may be one.
    if "@" in name or not name.isprintable():
        return "a name that is not shown"
    return name if len(name) <= LONGEST_NAME_SHOWN else f"{name[:LONGEST_NAME_SHOWN]}…"


def _announced(profile: WindowProfile) -> str:
    announced, received = profile.window.records_announced, profile.window.records_received
    if announced is None:
        return f"the API did not say how many records there are, so that {received:,} cannot be known to be all."
    return f"the API announced {announced:,} records and {received:,} came."


def _plausible(profile: WindowProfile) -> str:
    fewest, most = profile.window.plausible_rows or (0, 0)
    return f"{profile.window.records_received:,} records came, where {fewest:,} to {most:,} are usual."


_COMMON = (
    Check(
        "landed_whole",
        "critical",
        "The landed file holds the records that were received.",
        "ExpectColumnPairValuesToBeEqual",
        {"column_A": "records_in_file", "column_B": "records_received", "ignore_row_if": "neither"},
        lambda profile: (
            f"{profile.window.records_received:,} records were received and {profile.counts['records_in_file']:,} "
            "are in the landed file."
        ),
        ("records_in_file", "records_received"),
    ),
    _none(
        "records_are_objects",
        "critical",
        "records_that_are_no_objects",
        "Every record is a JSON object.",
        "are no JSON objects",
    ),
    Check(
        "types_are_known",
        "critical",
        "Every known field has its known type.",
        "ExpectColumnValuesToBeInSet",
        {"column": "values_of_wrong_type", "value_set": [0]},
        lambda profile: (
            f"{profile.counts['values_of_wrong_type']:,} values have another type than is known of their field"
            f"{_listed(profile, 'values_of_wrong_type')}."
        ),
        ("values_of_wrong_type",),
    ),
    Check(
        "not_fewer_than_usual",
        "warning",
        "As many records came as earlier loads make likely.",
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {
            "column_A": "records_received",
            "column_B": "fewest_plausible",
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        },
        _plausible,
        ("records_received", "fewest_plausible"),
    ),
    Check(
        "not_more_than_usual",
        "warning",
        "No more records came than earlier loads make likely.",
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {
            "column_A": "most_plausible",
            "column_B": "records_received",
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        },
        _plausible,
        ("most_plausible", "records_received"),
    ),
)

_COUNTERS_NOT_NEGATIVE = Check(
    "counters_are_not_negative",
    "critical",
    "No counter is negative; amounts of money may be.",
    "ExpectColumnValuesToBeInSet",
    {"column": "negative_counters", "value_set": [0]},
    lambda profile: (
        f"{profile.counts['negative_counters']:,} counters are negative{_listed(profile, 'negative_counters')}."
    ),
    ("negative_counters",),
)

_INSIDE_WINDOW = _none(
    "inside_window",
    "critical",
    "records_outside_window",
    "Every record lies in the window that was asked for.",
    "lie outside the window that was asked for",
)

_HAS_USER = _none(
    "has_user",
    "critical",
    "records_without_user",
    "Every record has a user id or an e-mail.",
    "have neither a user id nor an e-mail",
)

_MEMBERS = (
    Check(
        "list_is_not_empty",
        "critical",
        "The team has members.",
        "ExpectColumnValuesToBeBetween",
        {"column": "records_received", "min_value": 1},
        lambda _: "the members list is empty, which no team with an API key is.",
        ("records_received",),
    ),
    _none("has_id", "critical", "records_without_id", "Every member has an id.", "have no id"),
    _none(
        "has_email",
        "warning",
        "records_without_email",
        "Every member has an e-mail.",
        "have no e-mail, so that their seat cannot be tied to usage",
    ),
    _none("ids_are_unique", "warning", "repeated_ids", "Every member is listed once.", "repeat the id of another one"),
)

_SPEND = (
    Check(
        "has_cycle_start",
        "critical",
        "The answer says when the billing cycle began.",
        "ExpectColumnValuesToNotBeNull",
        {"column": "cycle_start_at"},
        lambda _: "the answer does not say when the billing cycle began (subscriptionCycleStart).",
        ("cycle_start_at",),
    ),
    _HAS_USER,
    _COUNTERS_NOT_NEGATIVE,
    Check(
        "complete",
        "warning",
        "As many records came as were announced.",
        "ExpectColumnPairValuesToBeEqual",
        {"column_A": "records_announced", "column_B": "records_received", "ignore_row_if": "either_value_is_missing"},
        _announced,
        ("records_announced", "records_received"),
    ),
    _none(
        "users_are_unique",
        "warning",
        "repeated_users",
        "Every user is listed once.",
        "repeat the user of another one",
    ),
)

_DAILY_USAGE = (
    _none("has_day", "critical", "records_without_day", "Every record has a day.", "have no day"),
    _HAS_USER,
    _INSIDE_WINDOW,
    _COUNTERS_NOT_NEGATIVE,
    _none(
        "user_days_are_unique",
        "warning",
        "repeated_user_days",
        "Every user has one record a day.",
        "repeat the user and day of another one",
    ),
    _none(
        "users_are_members",
        "warning",
        "records_of_unknown_users",
        "Every user is in the members list.",
        "are of users that the members list does not have",
    ),
)

_USAGE_EVENTS = (
    Check(
        "complete",
        "critical",
        "As many records came as were announced.",
        "ExpectColumnPairValuesToBeEqual",
        {"column_A": "records_announced", "column_B": "records_received", "ignore_row_if": "neither"},
        _announced,
        ("records_announced", "records_received"),
    ),
    _none(
        "has_timestamp",
        "critical",
        "records_without_timestamp",
        "Every event has a timestamp.",
        "have no timestamp",
    ),
    _INSIDE_WINDOW,
    _COUNTERS_NOT_NEGATIVE,
    _none(
        "kinds_with_cost_are_known",
        "warning",
        "records_of_unknown_kinds_with_cost",
        "Every kind that costs something is in the kinds seed.",
        "cost something and are of a kind that is not in the kinds seed",
    ),
    _none(
        "kinds_without_cost_are_known",
        "warning",
        "records_of_unknown_kinds_without_cost",
        "Every kind is in the kinds seed.",
        "cost nothing and are of a kind that is not in the kinds seed",
    ),
    _none(
        "models_are_known",
        "warning",
        "records_of_unknown_models",
        "Every model is in the model tiers seed.",
        "are of a model that is not in the model tiers seed",
    ),
)

_OWN: dict[str, tuple[Check, ...]] = {
    "members": _MEMBERS,
    "spend": _SPEND,
    "daily_usage": _DAILY_USAGE,
    "usage_events": _USAGE_EVENTS,
}
