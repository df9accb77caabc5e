"""SQL of what is asked of each landed record: which conditions are faults, and what is counted.

A record is ``r``, with each field the text of its value as JSON, ``u`` what is inside an object of it, ``is_object``
whether it is one, and ``w`` the window that was asked for; ``profile.py`` reads them so.
"""

from __future__ import annotations

from collections.abc import Mapping

from cursor_usage.quality.fields import CONTRACTS, EMPTY_TEXT_IS_NULL, FIELDS, Field


def _text_of(column: str) -> str:
    # What DuckDB does with a column of type JSON reads it as JSON each time.
    return f"cast({column} as varchar)"


def _value(field: Field) -> str:
    return _text_of(f'u."{field.key}"' if field.inside else f'r."{field.key}"')


# The first character tells the type of a JSON value: '"' comes before '-' and the digits, these before all others that
# a value can begin with. To compare texts is several times faster than to take a character out.
def _is_text(value: str) -> str:
    return f"({value} < '#')"


def _is_number(value: str) -> str:
    return f"({value} >= '-' and {value} < ':')"


def _is_amount(value: str) -> str:
    return f"({_is_number(value)} and try_cast({value} as double) <> 0)"


def _is_blank(column: str) -> str:
    value = _text_of(column)
    # Only a text that begins with a blank, or with its end, can be blank; trimming is costly.
    return f"case when {value} < '\"#' then trim({value}, '\" ') = '' else {value} is null end"


def _has_wrong_type(field: Field) -> str:
    """Null or false for a value that is null."""
    value = _value(field)
    if field.type == "whole_number":
        # try_cast rounds 1.5 to 2, so that the cast alone does not tell. Nearly all look like what they are cast to.
        is_whole = f"{_is_number(value)} and try_cast({value} as bigint) = try_cast({value} as double)"
        return (
            f"case when cast(try_cast({value} as bigint) as varchar) = {value} then false "
            f"else {value} is not null and coalesce(not ({is_whole}), true) end"
        )
    return {
        "text": f"not {_is_text(value)}",
        "id": f"not ({_is_text(value)} or {_is_number(value)})",
        "number": f"not {_is_number(value)}",
        "boolean": f"{value} not in ('true', 'false')",
        "object": f"not starts_with({value}, '{{')",
    }[field.type]


def count_of(condition: str) -> str:
    return f"count(*) filter (where {condition})"


def _count_repeated(key: str, condition: str) -> str:
    return f"count(*) filter (where {condition}) - count(distinct {key}) filter (where {condition})"


def counted(conditions: Mapping[str, str]) -> dict[str, str]:
    return {column: count_of(condition) for column, condition in conditions.items()}


def faults_of(endpoint: str) -> dict[str, str]:
    """What may be wrong with a record of any endpoint: a condition for each count."""
    faults = {"records_that_are_no_objects": "not is_object"}
    for column, keys in CONTRACTS[endpoint].keys.items():
        faults[column] = " and ".join(["is_object", *(_is_blank(f'r."{key}"') for key in keys)])
    for f in FIELDS[endpoint]:
        value = _value(f)
        not_null = f"{value} <> '\"\"' and " if endpoint in EMPTY_TEXT_IS_NULL else ""
        faults[f"wrong_type.{f.name}"] = f"{not_null}{_has_wrong_type(f)}"
        if f.is_counter:
            begins_with_minus = f"{value} >= '-' and {value} < '.'"
            faults[f"negative.{f.name}"] = f"case when {begins_with_minus} then try_cast({value} as double) < 0 end"
    return faults


# Text of digits, the documented form, or a number; anything that bigint would round or trim is not an instant.
_TIMESTAMP = _text_of("r.timestamp")
_HAS_ID_TYPE = f"({_is_text(_TIMESTAMP)} or {_is_number(_TIMESTAMP)})"


def with_instants(events: str) -> str:
    """The events with ``instant_ms``, null where the timestamp shows none: found once for all that ask for it."""
    return f"""
            select *, case when cast(whole as varchar) = digits then whole end as instant_ms
            from (
                select *, try_cast(digits as bigint) as whole
                from (select *, trim({_TIMESTAMP}, '"') as digits from ({events}))
            )"""


EVENT_FAULTS = {
    **faults_of("usage_events"),
    "wrong_timestamp": f"case when instant_ms is null then not {_is_blank('r.timestamp')} and {_HAS_ID_TYPE} end",
}
_AMOUNTS = ("r.chargedCents", "r.cursorTokenFee", "u.totalCents")
EVENT_COUNTS = {
    "records_in_file": "count(*)",
    "objects": count_of("is_object"),
    "records_outside_window": count_of("instant_ms not between w.start_ms and w.end_ms"),
    "records_with_cost": count_of(" or ".join(_is_amount(_text_of(amount)) for amount in _AMOUNTS)),
}

# So that names are looked up once each and not once a record.
EVENT_GROUPS = {"kind": _text_of("coalesce(r.kind, r.kindLabel)"), "model": _text_of("r.model")}

_HAS_ID = f"not {_is_blank('r.id')}"

MEMBER_COUNTS = {
    "records_without_email": count_of(f"is_object and {_is_blank('r.email')}"),
    "repeated_ids": _count_repeated("r.id", _HAS_ID),
}

_HAS_USER = f"not ({_is_blank('r.userId')} and {_is_blank('r.email')})"
_USER = "coalesce(nullif(r.userId, '\"\"'), r.email)"

SPEND_COUNTS = {
    "repeated_users": _count_repeated(_USER, _HAS_USER),
}

_DAY_TEXT = "trim(r.day, '\"')"
_DAY = f"try_cast({_DAY_TEXT} as date)"
_IS_DAY = f"coalesce(cast({_DAY} as varchar) = {_DAY_TEXT}, false)"

DAILY_USAGE_COUNTS = {
    "wrong_day": count_of(f"not {_is_blank('r.day')} and {_is_text(_text_of('r.day'))} and not {_IS_DAY}"),
    "records_outside_window": count_of(f"{_IS_DAY} and {_DAY} not between w.start_date and w.end_date"),
    "repeated_user_days": _count_repeated(f"{_DAY_TEXT} || {_USER}", f"{_HAS_USER} and {_IS_DAY}"),
}
