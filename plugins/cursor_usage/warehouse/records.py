"""How a landed record becomes a row: one table of fields per endpoint, and the SQL made from it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from cursor_usage.sql_text import file_literal, literal

# An amount keeps the digits that the JSON text shows; a number may pass through a double.
FieldType = Literal["text", "integer", "boolean", "number", "amount"]
_DUCKDB_TYPES: dict[FieldType, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "number": "VARCHAR",
    "amount": "VARCHAR",
}

# A number that comes back from a double with the text it had: at most 15 digits, no exponent in it or in DuckDB's text
# of the double (below 0.0001), no zero at the end. It has no exponent itself and is no "-0".
_PLAIN_NUMBER = (
    r"(?:0|-?(?:[1-9][0-9]{0,14}|[1-9][0-9]{0,7}\.[0-9]{0,6}[1-9]|0\.0{0,3}[1-9]|0\.0{0,3}[1-9][0-9]{0,9}[1-9]))"
)
_PLAIN_VALUE = rf'(?:"(?:[^"\\]|\\.)*"|{_PLAIN_NUMBER}|true|false|null)'


@dataclass(frozen=True, slots=True)
class Field:
    """A raw column and the JSON key it comes from; ``inside`` names the object that holds the key."""

    column: str
    key: str
    type: FieldType = "text"
    inside: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Fields of one endpoint's records. ``older_keys`` maps a column to the key that the API used for it before."""

    name: str
    fields: tuple[Field, ...]
    older_keys: tuple[Field, ...] = ()

    def select(self, source: str) -> str:
        """SQL that reads ``source`` (a table function with a column ``json``) as this table's columns and ``rest``.

        What a record may have beside the known keys and short numbers is costly to look for, and nearly all records are
        plain: only the others are searched (a branch of ``case`` is worked out for the rows that take it).
        """
        columns = ",\n        ".join(f"{self._value(field)} as {field.column}" for field in self.fields)
        texts = "".join(
            f",\n            case when not is_plain then {_text(f)} end as {f.column}_text"
            for f in self.fields
            if f.type == "amount"
        )
        return f"""
    select
        {columns},
        {self._rest()} as rest
    from (
        select
            cast(json as varchar) as record,
            regexp_full_match(record, {literal(self._plain_record())}) as is_plain,
            case when not is_plain then json_merge_patch(json, '{self._known_keys()}') end as rest,
            json_transform(json, '{self._structure()}') as fields{texts}
        from {source}
    )"""

    def _plain_record(self) -> str:
        """A pattern of JSON records that json_transform reads without loss: known keys and short numbers only."""
        fields = (*self.fields, *self.older_keys)
        members = [_plain_member(_PLAIN_VALUE, (field.key for field in fields if field.inside is None))]
        for group in dict.fromkeys(field.inside for field in fields if field.inside):
            inner = _plain_member(_PLAIN_VALUE, (field.key for field in fields if field.inside == group))
            members.append(_plain_member(rf"(?:null|\{{(?:{inner},?)*\}})", (group,)))
        return rf"\{{(?:(?:{'|'.join(members)}),?)*\}}"

    def _structure(self) -> str:
        return self._nested(lambda field: _DUCKDB_TYPES[field.type])

    def _known_keys(self) -> str:
        """A merge patch that removes every known key: what it sets to null goes (RFC 7396)."""
        return self._nested(lambda _: None)

    def _nested(self, value_of: Callable[[Field], str | None]) -> str:
        """JSON in the shape of a record, with a value for each known key."""
        outer: dict[str, object] = {}
        for field in (*self.fields, *self.older_keys):
            inner: object = outer if field.inside is None else outer.setdefault(field.inside, {})
            if isinstance(inner, dict):
                inner[field.key] = value_of(field)
        return json.dumps(outer)

    def _value(self, field: Field) -> str:
        values = [_path(field), *(_path(older) for older in self.older_keys if older.column == field.column)]
        if field.type == "amount":
            # DuckDB reads a JSON number as a double, which gives 15 digits back and not always more. The text found in
            # the record counts where it is the same number; elsewhere (a key of that name deeper down) it does not.
            value, text = values[0], f"{field.column}_text"
            return (
                f"case when is_plain then nullif({value}, '') when {text} = {value} then {value} "
                f"when try_cast({text} as double) = try_cast({value} as double) then {text} "
                f"else nullif({value}, '') end"
            )
        if field.type in ("text", "number"):
            values = [f"nullif({value}, '')" for value in values]
        return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"

    def _rest(self) -> str:
        """What is in a record beside the known keys, as JSON; null where nothing is."""
        nothing, cleaned = ["{}"], "rest"
        for group in dict.fromkeys(field.inside for field in self.fields if field.inside):
            # The patch leaves an empty group behind, whether the record had one or not.
            nothing.append(json.dumps({group: {}}, separators=(",", ":")))
            cleaned = (
                f"case when json_extract_string({cleaned}, '$.{group}') = '{{}}' "
                f"""then json_merge_patch({cleaned}, '{{"{group}":null}}') else {cleaned} end"""
            )
        empty = ", ".join(f"'{text}'" for text in nothing)
        return f"case when rest not in ({empty}) then cast({cleaned} as json) end"


def _plain_member(value: str, keys: Iterable[str]) -> str:
    return f'"(?:{"|".join(map(re.escape, keys))})":{value}'


def _text(field: Field) -> str:
    """The number behind the field's first unescaped key in the record; inside a JSON text quotes are escaped."""
    return f"""nullif(regexp_extract(record, '"{field.key}"\\s*:\\s*"?(-?[0-9][0-9.eE+-]*)', 1), '')"""


def _path(field: Field) -> str:
    return f'fields."{field.key}"' if field.inside is None else f'fields."{field.inside}"."{field.key}"'


def source_of(path: str) -> str:
    """The table function that reads landed records as they are."""
    return f"read_json_objects({file_literal(path)}, format = 'newline_delimited', compression = 'zstd')"


MEMBERS = Table(
    "cursor_members",
    (
        Field("user_id", "id"),
        Field("name", "name"),
        Field("email", "email"),
        Field("role", "role"),
        Field("is_removed", "isRemoved", "boolean"),
    ),
)

SPEND = Table(
    "cursor_spend",
    (
        Field("user_id", "userId"),
        Field("name", "name"),
        Field("email", "email"),
        Field("role", "role"),
        Field("spend_cents", "spendCents", "amount"),
        Field("overall_spend_cents", "overallSpendCents", "amount"),
        Field("included_spend_cents", "includedSpendCents", "amount"),
        Field("fast_premium_requests", "fastPremiumRequests", "number"),
        Field("hard_limit_override_dollars", "hardLimitOverrideDollars", "number"),
        Field("monthly_limit_dollars", "monthlyLimitDollars", "number"),
        Field("effective_per_user_limit_dollars", "effectivePerUserLimitDollars", "number"),
    ),
)

DAILY_USAGE = Table(
    "cursor_daily_usage",
    (
        Field("day", "day"),
        Field("user_id", "userId"),
        Field("email", "email"),
        Field("date_ms", "date", "integer"),
        Field("is_active", "isActive", "boolean"),
        Field("total_lines_added", "totalLinesAdded", "integer"),
        Field("total_lines_deleted", "totalLinesDeleted", "integer"),
        Field("accepted_lines_added", "acceptedLinesAdded", "integer"),
        Field("accepted_lines_deleted", "acceptedLinesDeleted", "integer"),
        Field("total_applies", "totalApplies", "integer"),
        Field("total_accepts", "totalAccepts", "integer"),
        Field("total_rejects", "totalRejects", "integer"),
        Field("total_tabs_shown", "totalTabsShown", "integer"),
        Field("total_tabs_accepted", "totalTabsAccepted", "integer"),
        Field("composer_requests", "composerRequests", "integer"),
        Field("chat_requests", "chatRequests", "integer"),
        Field("agent_requests", "agentRequests", "integer"),
        Field("cmdk_usages", "cmdkUsages", "integer"),
        Field("subscription_included_reqs", "subscriptionIncludedReqs", "integer"),
        Field("api_key_reqs", "apiKeyReqs", "integer"),
        Field("usage_based_reqs", "usageBasedReqs", "integer"),
        Field("bugbot_usages", "bugbotUsages", "integer"),
        Field("most_used_model", "mostUsedModel"),
        Field("apply_most_used_extension", "applyMostUsedExtension"),
        Field("tab_most_used_extension", "tabMostUsedExtension"),
        Field("client_version", "clientVersion"),
    ),
)

USAGE_EVENTS = Table(
    "cursor_usage_events",
    (
        Field("timestamp_ms", "timestamp", "integer"),
        Field("user_email", "userEmail"),
        Field("user_id", "userId"),
        Field("service_account_id", "serviceAccountId"),
        Field("service_account_name", "serviceAccountName"),
        Field("conversation_id", "conversationId"),
        Field("cloud_agent_id", "cloudAgentId"),
        Field("automation_id", "automationId"),
        Field("model", "model"),
        Field("kind", "kind"),
        Field("is_max_mode", "maxMode", "boolean"),
        Field("requests_costs", "requestsCosts", "number"),
        Field("is_token_based_call", "isTokenBasedCall", "boolean"),
        Field("is_chargeable", "isChargeable", "boolean"),
        Field("is_headless", "isHeadless", "boolean"),
        Field("input_tokens", "inputTokens", "integer", inside="tokenUsage"),
        Field("output_tokens", "outputTokens", "integer", inside="tokenUsage"),
        Field("cache_write_tokens", "cacheWriteTokens", "integer", inside="tokenUsage"),
        Field("cache_read_tokens", "cacheReadTokens", "integer", inside="tokenUsage"),
        Field("total_cents", "totalCents", "amount", inside="tokenUsage"),
        Field("discount_percent_off", "discountPercentOff", "amount", inside="tokenUsage"),
        Field("cursor_token_fee", "cursorTokenFee", "amount"),
        Field("charged_cents", "chargedCents", "amount"),
    ),
    older_keys=(Field("kind", "kindLabel"),),
)
