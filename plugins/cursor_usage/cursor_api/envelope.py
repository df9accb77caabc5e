"""An answer's body, split into its records (untouched bytes) and its envelope."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from cursor_usage.cursor_api.errors import CursorAnswerError, CursorTruncatedAnswerError

if TYPE_CHECKING:
    from cursor_usage.cursor_api.endpoints import EndpointSpec

# Records are found and none of them becomes a Python object.
_object_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_records_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_value_decoder = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class Envelope:
    """A decoded answer: ``raw_records`` is the JSON array that ``records`` came from."""

    raw_records: msgspec.Raw | memoryview
    records: list[msgspec.Raw]
    rest: dict[str, Any]

    def total_pages(self) -> int | None:
        """``numPages`` or ``totalPages``, in the pagination object or (spend) beside it."""
        return to_int(self._find("numPages", "totalPages"))

    def has_next_page(self) -> bool | None:
        return to_bool(self._find("hasNextPage"))

    def _find(self, *names: str) -> object:
        pagination = self.rest.get("pagination")
        for place in (pagination if isinstance(pagination, dict) else {}, self.rest):
            for name in names:
                if place.get(name) is not None:
                    value: object = place[name]
                    return value
        return None


def decode_envelope(content: bytes, spec: EndpointSpec) -> Envelope:
    """Split a body into records and the rest.

    Raises:
        CursorTruncatedAnswerError: the body ends in the middle.
        CursorAnswerError: it is not the JSON object this endpoint answers with; never read as "no data".
    """
    # `from None`: the decoder's frames hold the whole answer, with names and e-mails.
    try:
        raw_records, records, members = _scanned_once(content, spec.records_key) or _scanned_twice(
            content, spec.records_key
        )
        rest = {name: _value_decoder.decode(value) for name, value in members.items()}
    except msgspec.ValidationError:
        raise CursorAnswerError(
            f'The answer is JSON of another shape than "{spec.records_key}" as a list', endpoint=spec.endpoint
        ) from None
    except (msgspec.DecodeError, RecursionError):
        raise _undecodable(content, spec) from None
    if raw_records is None or records is None:
        names = ", ".join(sorted(rest)[:8]) or "nothing"
        raise CursorAnswerError(
            f'The answer has no "{spec.records_key}" (it has: {names[:120]})', endpoint=spec.endpoint
        )
    # The first tells the shape; each row is judged after landing, not here.
    if records and not bytes(records[0]).startswith(b"{"):
        raise CursorAnswerError(f'"{spec.records_key}" is not a list of objects', endpoint=spec.endpoint)
    return Envelope(raw_records, records, rest)


_Parts = tuple[msgspec.Raw | memoryview | None, list[msgspec.Raw] | None, dict[str, msgspec.Raw]]


def _scanned_twice(content: bytes, records_key: str) -> _Parts:
    """The array of records, each record, and the other members: all members first, then what is in the array."""
    members = _object_decoder.decode(content)
    raw_records = members.pop(records_key, None)
    return raw_records, None if raw_records is None else _records_decoder.decode(raw_records), members


def _scanned_once(content: bytes, records_key: str) -> _Parts | None:
    """The same in half the time, or None where there is more between the records than a comma, or no record.

    The other members are read off the answer without its records.
    """
    records = _answer_decoder(records_key).decode(content).records
    if not records:
        return None
    first, last = records[0], records[-1]
    # The first record may be found before its place, and the last behind it, where other members have the same text.
    start = content.find(first)
    end = content.rfind(last) + len(last)
    # Then it is more than the records and their commas.
    if end - start != sum(map(len, records)) + len(records) - 1:
        return None
    before, behind = content[:start], content[end:]
    if not (before.endswith(b"[") and behind.startswith(b"]")):
        return None
    members = _object_decoder.decode(before + behind)
    del members[records_key]
    return memoryview(content)[start - 1 : end + 1], records, members


@functools.cache
def _answer_decoder(records_key: str) -> msgspec.json.Decoder[Any]:
    """Reads the records of an answer, as ``records``, and leaves out the rest."""
    answer = msgspec.defstruct("Answer", [("records", list[msgspec.Raw], [])], rename={"records": records_key})
    return msgspec.json.Decoder(answer)


def _undecodable(content: bytes, spec: EndpointSpec) -> CursorAnswerError:
    start = content.lstrip()[:1]
    if start == b"{" and _is_cut_off(content):
        return CursorTruncatedAnswerError("The answer stops in the middle", endpoint=spec.endpoint)
    kind = "an HTML page" if start == b"<" else "empty" if not start else "not JSON"
    return CursorAnswerError(f"The answer is {kind}", endpoint=spec.endpoint)


def _is_cut_off(content: bytes) -> bool:
    try:
        _value_decoder.decode(content)
    except msgspec.DecodeError as error:
        # msgspec has one error class for both; this text is how it tells them apart.
        return "truncated" in str(error)
    except RecursionError:
        return False
    return False


def to_int(value: object) -> int | None:
    """A whole number, also as text or as a float without fraction; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and (digits := value.strip()).isascii() and digits.removeprefix("-").isdigit():
        return int(digits)
    return None


def to_bool(value: object) -> bool | None:
    """True or false, also as text; None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None
