"""Four answers in words: what the key can and cannot read, what that serves, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cursor_usage.cursor_api.endpoints import Endpoint, EndpointAccess
from cursor_usage.cursor_api.errors import (
    CursorAnswerError,
    CursorAuthError,
    CursorError,
    CursorPlanError,
    CursorRateLimitError,
    CursorServerError,
    CursorUnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAN_NEXT_STEP = CursorPlanError.usual_next_step
# The order is that of urgency: where endpoints fail in several ways, the first of these is acted on.
_REASONS: dict[type[CursorError], str] = {
    CursorAuthError: "key refused",
    CursorPlanError: "not in this plan",
    CursorRateLimitError: "rate-limited",
    CursorUnreachableError: "not reachable",
    CursorServerError: "Cursor's own error",
    CursorAnswerError: "answer not Cursor's",
}
_NEEDED = frozenset({Endpoint.MEMBERS, Endpoint.USAGE_EVENTS})

SERVES = {
    Endpoint.MEMBERS: "seats, adoption gap, seat fees",
    Endpoint.SPEND: "what the open cycle is verified against",
    Endpoint.DAILY_USAGE: "activity without requests",
    Endpoint.USAGE_EVENTS: "requests, tokens, model mix, cost",
}


@dataclass(frozen=True, slots=True)
class AccessSummary:
    """What a probe found.

    Attributes:
        is_usable: a run makes sense: members or usage events can be read, and what cannot is refused for good.
        is_complete: every endpoint can be read.
        sentence: one sentence for a person.
    """

    is_usable: bool
    is_complete: bool
    sentence: str


def summarise_access(accesses: Sequence[EndpointAccess]) -> AccessSummary:
    """The probe of all endpoints as a verdict and one sentence."""
    readable = [access.endpoint for access in accesses if access.outcome == "ok"]
    unreadable = [access for access in accesses if access.outcome != "ok"]
    if not unreadable:
        return AccessSummary(
            is_usable=True, is_complete=True, sentence=f"The key reads all endpoints: {_listed(readable)}."
        )
    if not readable:
        return AccessSummary(is_usable=False, is_complete=False, sentence=_nothing_readable(unreadable))
    is_refused_for_good = all(access.outcome == "refused" for access in unreadable)
    is_usable = is_refused_for_good and bool(_NEEDED & set(readable))
    sentence = _partly_readable(readable, unreadable, is_usable=is_usable)
    return AccessSummary(is_usable=is_usable, is_complete=False, sentence=sentence)


def endpoint_sentences(accesses: Sequence[EndpointAccess]) -> list[str]:
    """One sentence for each endpoint: whether it can be read, and what hangs on that."""
    return [_endpoint_sentence(access) for access in accesses]


def _endpoint_sentence(access: EndpointAccess) -> str:
    name, serves = access.endpoint.label.capitalize(), SERVES[access.endpoint]
    if access.outcome == "ok":
        return f"{name} can be read, for {serves}."
    status = f", {access.status_code}" if access.status_code else ""
    return f"{name} cannot be read ({_reason(access)}{status}); missing without it: {serves}."


def _partly_readable(readable: list[Endpoint], unreadable: list[EndpointAccess], *, is_usable: bool) -> str:
    known = f"The key reads {_listed(readable)} but not {_with_reasons(unreadable)}"
    if is_usable:
        return f"{known}: what depends on that stays inconclusive, the rest is loaded."
    first = _first_error(unreadable)
    return f"{known}; {first.next_step}." if first and first.next_step else f"{known}."


def _nothing_readable(unreadable: list[EndpointAccess]) -> str:
    errors = [access.error for access in unreadable]
    kinds = {_kind(error) for error in errors}
    first = _first_error(unreadable)
    if first is None:
        return "No endpoint was tried."
    if kinds == {CursorPlanError}:
        quoted = f' (Cursor answered {first.status_code}, "{first.api_message}")' if first.api_message else ""
        return f"This plan does not support the Admin API: {_PLAN_NEXT_STEP}{quoted}."
    if len(kinds) == 1 and CursorAnswerError in kinds:
        return f"What answers is not the Cursor Admin API: {_lower_first(first.explanation)}."
    if len(kinds) == 1:
        return f"{first.explanation}."
    return f"The key reads nothing: {_with_reasons(unreadable)}; {first.next_step}."


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _first_error(accesses: list[EndpointAccess]) -> CursorError | None:
    """The error to act on: of several kinds, the one that stands first among the reasons."""
    errors = [access.error for access in accesses if access.error is not None]
    order = list(_REASONS)
    return min(errors, key=lambda error: order.index(kind) if (kind := _kind(error)) in order else 99, default=None)


def _kind(error: CursorError | None) -> type[CursorError] | None:
    return next((kind for kind in _REASONS if isinstance(error, kind)), None if error is None else type(error))


def _with_reasons(accesses: list[EndpointAccess]) -> str:
    parts = []
    for access in accesses:
        reason = _reason(access)
        said = access.error.api_message if access.error else None
        parts.append(f'{access.endpoint.label} ({reason}: "{said}")' if said else f"{access.endpoint.label} ({reason})")
    return _joined(parts)


def _reason(access: EndpointAccess) -> str:
    kind = _kind(access.error)
    return _REASONS.get(kind, "request not accepted") if kind else "not tried"


def _listed(endpoints: list[Endpoint]) -> str:
    return _joined([endpoint.label for endpoint in endpoints])


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
