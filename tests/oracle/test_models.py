"""What a model is listed as, and what simple work would have cost on a smaller one, worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.oracle import models, savings, tables
from tests.oracle.test_oracle import EMAIL, INCLUDED, of, only, sent, team

BO = "bo@example.com"
OPUS = {"model": "claude-4.5-opus"}
SMALL = {"inputTokens": 700, "outputTokens": 200, "cacheWriteTokens": 60, "cacheReadTokens": 40}  # 1,000 in all


def model(name, **more):
    return only(models.model_rows(team(sent(model=name, **more))))


@pytest.mark.parametrize(
    ("name", "listed", "matched_by", "tier", "pool"),
    [
        ("gpt-5", "gpt-5", "exact", "standard", "third_party"),
        (" GPT-5 ", "gpt-5", "exact", "standard", "third_party"),
        ("claude-4.6-opus-high-thinking", "claude-4.6-opus", "suffix", "premium", "third_party"),
        ("claude-4.6-opus-fast", "claude-4.6-opus-fast", "exact", "premium", "third_party"),
        ("gpt-5-fast-high", "gpt-5-fast", "suffix", "premium", "third_party"),
        ("gpt-5-high-fast", "gpt-5-fast", "suffix", "premium", "third_party"),
        ("gpt-5.2-high-fast", "gpt-5.2", "suffix", "standard", "third_party"),  # no fast one is listed
        ("default", "default", "exact", "standard", "cursor"),
        ("composer-2", "composer-2", "exact", "entry", "cursor"),
        ("composer-2.5-fast", None, "pattern", "unknown", "cursor"),
        ("Cursor Grok 4.6 (Auto Balanced)", None, "pattern", "unknown", "cursor"),
        ("claude-9-novel", None, "pattern", "unknown", "third_party"),
        ("stealth-preview-0926", None, "unknown", "unknown", "unknown"),
        ("automatic", None, "unknown", "unknown", "unknown"),  # auto is a whole name
    ],
)
def test_how_a_model_is_known(name, listed, matched_by, tier, pool):
    row = model(name)
    assert row["model"] == name
    assert (row["listed_model"], row["matched_by"]) == (listed, matched_by)
    assert (row["model_tier"], row["usage_pool"]) == (tier, pool)


def test_list_prices_and_what_the_list_does_not_say():
    def prices(row):
        return tuple(row[f"{kind}_usd_per_million"] for kind in ("input", "cache_write", "cache_read", "output"))

    assert prices(model("claude-4.5-sonnet-thinking")) == (3, Decimal("3.75"), Decimal("0.3"), 15)
    assert prices(model("gpt-5")) == (Decimal("1.25"), None, Decimal("0.125"), 10)
    assert prices(model("gpt-5-mini")) == (None, None, None, 2)
    assert prices(model("stealth-preview-0926")) == (None, None, None, None)


def test_a_model_is_told_of_over_all_history():
    rows = models.model_rows(
        team(
            sent(at="2026-10-26T10:00:00", cents=100),
            sent(at="2026-11-20T10:00:00", cents=30, kind=INCLUDED),
            sent(at="2026-11-21T10:00:00", cents=5, kind="Free Credit"),
            sent(at="2026-11-22T10:00:00", cents=5, kind="Errored, Not Charged"),
            sent(model="gpt-5.2", kind="Errored, Not Charged"),
            sent(model=None),
            open_day=[sent(at="2026-11-24T01:00:00", model="grok-4")],
        )
    )
    row = of(rows, model="gpt-5")
    assert (row["requests"], row["usage_value_usd"]) == (3, Decimal("1.3"))
    assert (row["first_used_date"], row["last_used_date"]) == (date(2026, 10, 26), date(2026, 11, 21))
    unused = of(rows, model="gpt-5.2")
    assert (unused["requests"], unused["first_used_date"], unused["last_used_date"]) == (0, None, None)
    assert len(rows) == 2


def test_every_listed_model_has_the_tier_of_its_output_price():
    assert {tables.model_tier(name) for name in tables.PRICE_OF_MODEL} == {"entry", "standard", "premium"}


# --- savings ---------------------------------------------------------------------------------------------------------


def simple(cents=10, **more):
    return sent(**{"cents": cents, "tokens": SMALL, **OPUS, **more})


def saved(*events, tier="standard", email=EMAIL):
    return of(savings.saving_rows(team(*events)), email=email, target_model_tier=tier)


def amounts(row):
    names = ("cash_saved_low_usd", "cash_saved_high_usd", "allowance_saved_low_usd", "allowance_saved_high_usd")
    return tuple(row[name] for name in names)


def test_the_teams_own_rates_count_where_there_are_enough_small_requests():
    """Twenty on gpt-5 at 1 ¢ a thousand tokens, twenty on sonnet at 3 ¢: ten of opus would be 10 ¢ to 30 ¢ of 100 ¢."""
    row = saved(
        *[simple()] * 10,
        *[simple(cents=5, kind=INCLUDED)] * 4,
        *[sent(cents=1, tokens=SMALL, email=BO)] * 19,
        sent(cents=1, tokens=SMALL, email="", kind=INCLUDED),  # the team's, whoever's
        *[sent(cents=3, tokens=SMALL, email=BO, model="claude-4.5-sonnet")] * 20,
    )
    assert (row["rate_source"], row["low_rate_model"], row["high_rate_model"]) == (
        "observed",
        "gpt-5",
        "claude-4.5-sonnet",
    )
    assert (row["simple_premium_model_requests"], row["simple_tokens"]) == (14, 14_000)
    assert (row["simple_on_demand_usd"], row["simple_included_usage_usd"]) == (1, Decimal("0.2"))
    assert amounts(row) == (Decimal("0.7"), Decimal("0.9"), Decimal("0.08"), Decimal("0.16"))


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "Free Credit"},
        {"kind": "User API Key"},
        {"maxMode": True},
        {"tokens": {**SMALL, "outputTokens": 501}},
        {"tokens": None},
        {"at": "2026-11-09T10:00:00"},
        {"model": "gpt-5-mini"},
        {"model": "gpt-5-high"},  # another name is another model, though listed as the same
    ],
)
def test_nineteen_are_not_enough_and_these_do_not_make_twenty(other):
    nineteen = [sent(cents=1, tokens=SMALL, email=BO)] * 19
    assert saved(simple(), *nineteen, sent(**{"cents": 1, "tokens": SMALL, "email": BO, **other}))["rate_source"] == (
        "list"
    )
    assert saved(simple(), *nineteen, sent(cents=1, tokens=SMALL, email=BO))["rate_source"] == "observed"


def test_what_has_no_price_is_in_no_rate_and_in_no_comparison():
    """1 ¢ a thousand tokens, however many more had no price: 10 ¢ become 1 ¢."""
    free = {"cents": None, "tokens": {**SMALL, "inputTokens": 10_000}, "totalCents": None}
    row = saved(
        simple(),
        simple(**{**free, **OPUS}),
        *[sent(cents=1, tokens=SMALL, email=BO)] * 20,
        *[sent(**free, email=BO)] * 20,
    )
    assert (row["simple_premium_model_requests"], row["simple_tokens"]) == (2, 1000)
    assert amounts(row)[:2] == (Decimal("0.09"), Decimal("0.09"))


def test_a_rate_of_nothing_is_no_rate():
    assert saved(simple(), *[sent(cents=0, tokens=SMALL, email=BO)] * 20)["rate_source"] == "list"


def test_a_tier_has_its_own_rates():
    events = [simple(), *[sent(cents=1, tokens=SMALL, email=BO)] * 20]
    assert saved(*events)["rate_source"] == "observed"
    entry = saved(*events, tier="entry")
    assert entry["rate_source"] == "list"
    # A thousand tokens are a fraction of a cent on each: all are nothing, and the first name is told.
    assert (entry["low_rate_model"], entry["high_rate_model"]) == ("composer-2", "composer-2")
    assert amounts(entry) == (Decimal("0.1"), Decimal("0.1"), 0, 0)


LARGE = {"inputTokens": 10_000, "outputTokens": 500, "cacheWriteTokens": 4_000, "cacheReadTokens": 6_000}


def test_list_prices_by_kind_of_token():
    """A hundred requests: 1,000,000 input, 50,000 output, 400,000 cache write, 600,000 cache read.

    Entry: grok-4-fast 0.2 + 0.025 + 0.08 + 0.03 = 0.335; grok-code-fast-1 0.2 + 0.075 + 0.08 + 0.012 = 0.367;
    composer-2 0.5 + 0.125 + 0.2 + 0.12 = 0.945; a cache write that has no price costs what input costs.
    """
    row = saved(*[simple(tokens=LARGE, cents=20)] * 100, tier="entry")
    assert (row["rate_source"], row["low_rate_model"], row["high_rate_model"]) == ("list", "grok-4-fast", "composer-2")
    # 33.5 ¢ are 34 ¢, 94.5 ¢ are 95 ¢: of $20.
    assert amounts(row) == (Decimal("19.05"), Decimal("19.66"), 0, 0)


def test_list_prices_of_the_standard_tier():
    """Haiku 1 + 0.25 + 0.5 + 0.06 = 1.81 is less than Auto's 1.25 + 0.3 + 0.5 + 0.15 = 2.20.

    composer-1.5 3.5 + 0.875 + 1.4 + 0.21 = 5.985 is more than Sonnet's 3 + 0.75 + 1.5 + 0.18 = 5.43.
    """
    row = saved(*[simple(tokens=LARGE, cents=20)] * 100)
    assert (row["low_rate_model"], row["high_rate_model"]) == ("claude-4.5-haiku", "composer-1.5")
    assert amounts(row) == (Decimal("14.01"), Decimal("18.19"), 0, 0)  # 5.985 is 5.99


def test_of_equal_rates_the_first_name_is_told():
    sonnets = [
        sent(cents=1, tokens=SMALL, email=BO, model=name)
        for name in ("claude-4.6-sonnet", "claude-4-sonnet")
        for _ in range(20)
    ]
    row = saved(simple(), *sonnets)
    assert (row["low_rate_model"], row["high_rate_model"]) == ("claude-4-sonnet", "claude-4-sonnet")


def test_nothing_is_saved_where_the_smaller_model_is_dearer():
    row = saved(simple(cents=1), *[sent(cents=3, tokens=SMALL, email=BO)] * 20)
    assert amounts(row) == (0, 0, 0, 0)


def test_half_a_cent_goes_up_and_less_does_not():
    dear = [sent(cents=1, tokens={**SMALL, "inputTokens": 1700}, email=BO)] * 20  # 0.5 ¢ a thousand tokens
    assert amounts(saved(simple(), *dear))[:2] == (Decimal("0.09"), Decimal("0.09"))
    less = [sent(cents=1, tokens={**SMALL, "inputTokens": 1701}, email=BO)] * 20
    assert amounts(saved(simple(), *less))[:2] == (Decimal("0.1"), Decimal("0.1"))


def test_only_what_is_paid_or_included_is_simple_work_here():
    rows = savings.saving_rows(
        team(
            simple(),
            simple(kind="Free Credit"),
            simple(kind="User API Key", email=BO),
            simple(email=""),
            simple(at="2026-11-09T10:00:00", email="cy@example.com"),
            simple(model="gpt-5", email="di@example.com"),
        )
    )
    assert {(row["email"], row["target_model_tier"]) for row in rows} == {
        (EMAIL, "standard"),
        (EMAIL, "entry"),
        (None, "standard"),
        (None, "entry"),
    }
    assert of(rows, email=EMAIL, target_model_tier="entry")["simple_premium_model_requests"] == 1
