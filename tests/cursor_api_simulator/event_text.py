"""A day's drawn events as JSON text, each with the amount that an exact reader finds in it."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tests.cursor_api_simulator.clock import DAY_MS, to_ms
from tests.cursor_api_simulator.draws import PARTS_PER_MILLION, Draws, Flags, Ints, share_ppm
from tests.cursor_api_simulator.kinds import (
    ABORTED,
    CREDIT,
    ENUM,
    ERRORED,
    INCLUDED,
    INCLUDED_IN_PRO,
    KIND_TEXT,
    LABEL,
    OLD_KEY,
    ON_DEMAND,
    SHORT,
    UNKNOWN,
)
from tests.cursor_api_simulator.models import MODELS
from tests.cursor_api_simulator.money import cents, micro_of, number_text
from tests.cursor_api_simulator.people import RHYTHMS, Habit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.cursor_api_simulator.options import Quirks
    from tests.cursor_api_simulator.plan import DayPlan

_KIND_KEY_SINCE = to_ms("2026-01-01") // DAY_MS

# 17 knots: quantiles 0/16 to 16/16 of an event's token counts.
_WORK = {
    "input": (50, 300, 700, 1200, 1800, 2500, 3300, 4300, 5600, 7200, 9500, 12500, 17000, 24000, 38000, 70000, 200000),
    "output": (20, 90, 160, 240, 320, 420, 540, 680, 850, 1050, 1300, 1600, 2000, 2700, 3800, 6000, 15000),
    "write": (0, 0, 0, 500, 1200, 2000, 3000, 4200, 5600, 7400, 9500, 12000, 16000, 22000, 32000, 60000, 150000),
    "read": (
        *(0, 0, 2000, 5000, 9000, 14000, 20000, 28000, 38000, 50000, 66000, 88000, 120000, 170000, 260000, 450000),
        1500000,
    ),
}
_SIMPLE_WORK = {
    "input": (20, 40, 70, 110, 160, 220, 300, 390, 490, 600, 750, 930, 1150, 1450, 1850, 2400, 3000),
    "output": (10, 20, 35, 50, 70, 95, 120, 150, 180, 210, 245, 280, 320, 360, 400, 440, 500),
    "write": (0, 0, 0, 0, 0, 0, 100, 200, 350, 500, 700, 950, 1250, 1600, 2000, 2500, 3000),
    "read": (0, 0, 0, 200, 500, 900, 1400, 2000, 2700, 3500, 4400, 5400, 6500, 7700, 9000, 10500, 14000),
}
_LEGACY_TENTHS = (4, 10, 10, 10, 14, 20, 50)  # tenths of a request unit
_TINY_AMOUNTS = ("0.6", "0.6", "5e-07", "4.9e-07", "1.25e-06", "0.0000005", "0.12345650000000001")
_TOKEN_FEE_MICRO = 25  # $0.25 per million tokens, in micro-cents per token
_SPECIALS = (
    "without_token_usage",
    "partial_token_usage",
    "without_charged_cents",
    "float_tail",
    "unpriced",
    "negative",
)
_PARTIAL = ("cacheWriteTokens", "outputTokens", "totalCents", "inputTokens", "cacheReadTokens", "cacheWriteTokens", "")


class EventWriter:
    """Writes rows of the drawn columns as JSON."""

    def __init__(self, quirks: Quirks, plan: DayPlan, draws: Draws, *, person: Ints, at_ms: Ints, kind: Ints) -> None:
        self._quirks = quirks
        self._plan = plan
        self._draws = draws
        self._person = person
        self._people = plan.people
        self._size = len(person)
        self._at_ms = at_ms
        self._kind = kind
        self._model = self._models()
        self._tokens = self._token_counts()
        self._costs = self._cost_units()
        self._fee = self._fees()
        self._is_legacy = self._draws.chance("legacy", self._quirks.request_priced)
        self._is_tiny = self._draws.chance("tiny", self._quirks.tiny) & (kind == INCLUDED)
        self._discount = np.where(self._draws.chance("discounted", self._quirks.discounted), 10, 0)
        self._variant = draws.below("variant", 840)
        self._request_tenths = np.array(_LEGACY_TENTHS)[draws.below("request_units", len(_LEGACY_TENTHS))]
        self._style = self._kind_styles()
        self._special: dict[str, Flags] = {}
        self.has_token_price = ~self._is_legacy & ~self._is_tiny

    def _kind_styles(self) -> Ints:
        quirks = self._quirks
        if self._plan.day < _KIND_KEY_SINCE:
            return np.full(self._size, OLD_KEY)
        u = self._draws.ppm("style")
        limits = np.cumsum([share_ppm(share) for share in (quirks.kind_as_enum, quirks.kind_short, quirks.kind_label)])
        return np.array([ENUM, SHORT, OLD_KEY, LABEL])[np.searchsorted(limits, u, side="right")]

    def _models(self) -> Ints:
        habits = list(RHYTHMS)
        limits = np.array([_limits(RHYTHMS[habit].weights) for habit in habits])
        habit = np.array([habits.index(person.habit) for person in self._people], dtype=np.int64)[self._person]
        u = self._draws.ppm("model")
        result = np.zeros(self._size, dtype=np.int64)
        for column in range(len(MODELS) - 1):
            result += u >= limits[habit, column]
        return result

    def _token_counts(self) -> dict[str, Ints]:
        works_small = [person.habit is Habit.PREMIUM_FOR_SIMPLE_WORK for person in self._people]
        is_small = np.array(works_small, dtype=np.bool_)[self._person] & self._draws.chance("small", 0.8)
        is_small |= self._draws.chance("small_too", 0.1)
        counts = {}
        for name, knots in _WORK.items():
            work, simple = self._draws.quantiles(name, knots), self._draws.quantiles(name, _SIMPLE_WORK[name])
            counts[name] = np.where(is_small, simple, work)
        writes = np.array([model.cache_write_price > 0 for model in MODELS])[self._model]
        counts["write"] = np.where(writes, counts["write"], 0)
        return counts

    def _cost_units(self) -> Ints:
        """The list price in 1e-7 cents."""
        prices = {
            "input": [model.input_price for model in MODELS],
            "write": [model.cache_write_price for model in MODELS],
            "read": [model.cache_read_price for model in MODELS],
            "output": [model.output_price for model in MODELS],
        }
        cost = np.zeros(self._size, dtype=np.int64)
        for tokens, of_model in prices.items():
            cost += self._tokens[tokens] * np.array(of_model, dtype=np.int64)[self._model]
        return cost

    def _fees(self) -> Ints:
        pays = np.array([model.has_token_fee for model in MODELS])[self._model]
        tokens = np.sum(list(self._tokens.values()), axis=0, dtype=np.int64)
        result: Ints = np.where(pays, tokens * _TOKEN_FEE_MICRO, 0)
        return result

    def write(self, rows: Ints, percent: Ints | int = 100) -> tuple[dict[int, bytes], dict[int, int]]:
        """Text and amount of these rows; `percent` of the list price, for what was said before a restatement."""
        total = (self._costs[rows] * percent // 100 + 5) // 10
        keep = 100 - self._discount[rows]
        fee = self._fee[rows]
        charged = (total * keep + fee * 100 + 50) // 100
        tokens = [self._tokens[name][rows].tolist() for name in ("input", "output", "write", "read")]
        texts = {
            i: (
                f'{self._heads[i]},"tokenUsage":{{"inputTokens":{input_},"outputTokens":{output},'
                f'"cacheWriteTokens":{write},"cacheReadTokens":{read},"totalCents":{cents(t)}{_discount_text(k)}}}'
                f'{_fee_text(f)},"chargedCents":{cents(c)}}}'
            ).encode()
            for i, input_, output, write, read, t, k, f, c in zip(
                rows.tolist(), *tokens, total.tolist(), keep.tolist(), fee.tolist(), charged.tolist(), strict=True
            )
        }
        amounts = dict(zip(rows.tolist(), charged.tolist(), strict=True))
        percents = np.broadcast_to(np.asarray(percent), rows.shape)
        is_special = self._is_special[rows]
        for i, row_percent in zip(rows[is_special].tolist(), percents[is_special].tolist(), strict=True):
            money, amount = self._special_money(i, row_percent)
            texts[i] = f"{self._heads[i]}{money}}}".encode()
            amounts[i] = amount
        return texts, amounts

    @cached_property
    def _is_special(self) -> Flags:
        """Rows whose amounts are not simply token-priced."""
        quirks = self._quirks
        kinds = np.isin(self._kind, [ERRORED, ABORTED, UNKNOWN, CREDIT])
        shares = (
            quirks.without_token_usage,
            quirks.partial_token_usage,
            quirks.without_charged_cents,
            quirks.float_tail,
            quirks.unpriced_requests,
            quirks.negative_amounts,
        )
        special: Flags = kinds | self._is_legacy | self._is_tiny
        for name, share in zip(_SPECIALS, shares, strict=True):
            self._special[name] = self._draws.chance(name, share)
            special |= self._special[name]
        return special

    def _special_money(self, i: int, percent: int) -> tuple[str, int]:
        """The keys from tokenUsage on, and the amount in micro-cents that a reader finds in them (0 where none)."""
        if self._kind[i] in {ERRORED, ABORTED}:
            return self._not_charged_money(i)
        if self._has_no_cost(i):
            return ',"chargedCents":0', 0
        return self._charged_money(i, percent)

    def _has_no_cost(self, i: int) -> bool:
        """Unknown kinds by default, and the short "Free"."""
        if self._kind[i] == UNKNOWN:
            return not self._quirks.unknown_kind_with_cost
        return bool(self._kind[i] == CREDIT and self._style[i] == SHORT)

    def _charged_money(self, i: int, percent: int) -> tuple[str, int]:
        if self._special["unpriced"][i]:
            return "", 0
        if self._is_legacy[i]:
            amount = int(self._request_tenths[i]) * 400_000
            return f',"chargedCents":{cents(amount)}', amount
        if self._is_tiny[i]:
            text = _TINY_AMOUNTS[self._variant[i] % len(_TINY_AMOUNTS)]
            return f',"chargedCents":{text}', micro_of(text)
        return self._token_money(i, percent)

    def _not_charged_money(self, i: int) -> tuple[str, int]:
        usage = self._token_usage_text(i, cents(0)) if self._variant[i] % 2 else ""
        charged, amount = (
            (',"chargedCents":0', 0),
            ("", 0),
            (',"chargedCents":null', 0),
            (',"chargedCents":3.2', 3_200_000),
        )[self._variant[i] // 2 % 4]
        return f"{usage}{charged}", amount

    def _token_money(self, i: int, percent: int) -> tuple[str, int]:
        units = int(self._costs[i]) * percent // 100
        keep, fee = 100 - int(self._discount[i]), int(self._fee[i])
        total_text = cents((units + 5) // 10)
        exact = Decimal(total_text) * keep / 100 + Decimal(cents(fee))
        charged_text = cents(micro_of(exact))
        if self._special["float_tail"][i]:
            total_text = number_text(units / 1e7)
            exact = Decimal(total_text) * keep / 100 + Decimal(cents(fee))
            charged_text = number_text(units / 1e7 * (keep / 100) + fee / 1e6)
        usage = self._token_usage_text(i, total_text)
        if self._special["without_charged_cents"][i]:
            return f"{usage}{_fee_text(fee)}", micro_of(exact)
        if self._special["negative"][i]:
            charged_text = f"-{charged_text}"
        if self._special["without_token_usage"][i]:
            usage = ',"tokenUsage":null' if self._variant[i] % 4 == 0 else ""
        elif self._special["partial_token_usage"][i]:
            usage = self._partial_token_usage_text(i, total_text)
        return f'{usage}{_fee_text(fee)},"chargedCents":{charged_text}', micro_of(charged_text)

    def _token_usage_text(self, i: int, total_text: str, *, without: str = "") -> str:
        values = {
            "inputTokens": self._tokens["input"][i],
            "outputTokens": self._tokens["output"][i],
            "cacheWriteTokens": self._tokens["write"][i],
            "cacheReadTokens": self._tokens["read"][i],
            "totalCents": total_text,
        }
        keys = ",".join(f'"{key}":{value}' for key, value in values.items() if key != without)
        discount = "" if without == "totalCents" else _discount_text(100 - int(self._discount[i]))
        return f',"tokenUsage":{{{keys}{discount}}}'

    def _partial_token_usage_text(self, i: int, total_text: str) -> str:
        without = _PARTIAL[self._variant[i] % len(_PARTIAL)]
        return self._token_usage_text(i, total_text, without=without) if without else ',"tokenUsage":{}'

    @cached_property
    def _heads(self) -> list[str]:
        """Each row up to isHeadless."""
        return [
            f'{{"timestamp":"{at}"{who},"model":"{MODELS[model].name}",{KIND_TEXT[kind * 4 + style]},"maxMode":{most},'
            f'"requestsCosts":{_tenths_text(tenths)},"isTokenBasedCall":{is_token},"isChargeable":{is_chargeable},'
            f'"isHeadless":{is_headless}'
            for at, who, model, kind, style, most, tenths, is_token, is_chargeable, is_headless in zip(
                self._at_ms.tolist(),
                self._who_texts(),
                self._model.tolist(),
                self._kind.tolist(),
                self._style.tolist(),
                _flag_texts(self._draws.chance("max_mode", 0.04)),
                self._request_tenths.tolist(),
                _flag_texts(self.has_token_price),
                _flag_texts(self._is_chargeable()),
                _flag_texts(self._is_nobody()[self._person]),
                strict=True,
            )
        ]

    def _is_chargeable(self) -> Flags:
        """Unreliable on purpose: of included events half say true."""
        coin = self._draws.ppm("chargeable")
        return np.where(self._kind == ON_DEMAND, coin < 950_000, (self._kind <= INCLUDED_IN_PRO) & (coin < 500_000))

    def _is_nobody(self) -> Flags:
        return np.array([person.is_nobody for person in self._people], dtype=np.bool_)

    def _who_texts(self) -> Iterator[str]:
        """userEmail, conversationId and the service account's keys."""
        emails = [[_email_text(email) for email in person.event_emails] for person in self._people]
        spelling, account = self._draws.below("spelling", 12).tolist(), self._draws.ppm("account").tolist()
        conversation = self._draws.below("conversation", 40).tolist()
        for i, (row, which) in enumerate(zip(self._person.tolist(), spelling, strict=True)):
            person = self._people[row]
            email = emails[row][which % len(emails[row])]
            if person.habit is Habit.SERVICE_ACCOUNT:
                yield (
                    f'{email},"serviceAccountId":"sa_1","serviceAccountName":"runner",'
                    f'"cloudAgentId":"bc-{conversation[i]}","automationId":"auto_1"'
                )
            elif conversation[i] == 0:
                yield email
            else:
                talk = f"{person.number & 0xFFFF:04x}{self._plan.day:05x}{conversation[i] // 4:03x}"
                extra = _no_account_text(account[i])
                yield f'{email},"conversationId":"00000000-0000-4000-8000-{talk}"{extra}'


def _email_text(email: str | None) -> str:
    return "" if email is None else f',"userEmail":"{email}"'


def _no_account_text(ppm: int) -> str:
    """Most human events lack the key; some carry the text "null", some null."""
    if ppm < 30_000:
        return ',"serviceAccountId":"null"'
    return ',"serviceAccountId":null' if ppm < 40_000 else ""


def _flag_texts(flags: Flags) -> list[str]:
    return ["true" if flag else "false" for flag in flags.tolist()]


def _tenths_text(tenths: int) -> str:
    whole, rest = divmod(tenths, 10)
    return f"{whole}.{rest}" if rest else str(whole)


def _discount_text(keep_percent: int) -> str:
    return "" if keep_percent == 100 else f',"discountPercentOff":{100 - keep_percent}'


def _fee_text(fee_micro: int) -> str:
    return f',"cursorTokenFee":{cents(fee_micro)}' if fee_micro else ""


def _limits(weights: Sequence[float]) -> list[int]:
    total, running, limits = sum(weights), 0.0, []
    for weight in weights:
        running += weight
        limits.append(round(running / total * PARTS_PER_MILLION))
    return limits
