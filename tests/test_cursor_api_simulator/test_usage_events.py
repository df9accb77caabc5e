from __future__ import annotations

import json
from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.cursor_api_simulator import Category, Company, Quirks
from tests.cursor_api_simulator.clock import DAY_MS, HOUR_MS, to_ms
from tests.test_cursor_api_simulator.conftest import CLOCK
from tests.test_cursor_api_simulator.reading import Event, category, email, is_charged, list_price, usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.test_cursor_api_simulator.conftest import Client

WINDOW = ("2026-11-05", "2026-11-18T23:59:59.999+00:00")
DAY = "2026-11-18"


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """Two settled weeks, each peculiarity often enough."""
    return Company(events_per_day=3000).events(*WINDOW, CLOCK)


# Windows and pages.


def test_timestamps_are_text_inside_the_window_newest_first(shared: Client) -> None:
    events = shared.day(DAY).json()["usageEvents"]
    assert all(isinstance(event["timestamp"], str) for event in events)
    times = [int(event["timestamp"]) for event in events]
    assert times == sorted(times, reverse=True)
    assert to_ms(DAY) <= times[-1]
    assert times[0] < to_ms(DAY) + DAY_MS


def test_both_bounds_are_inclusive_and_midnight_has_events(shared: Client) -> None:
    first, last = to_ms(DAY), to_ms(DAY) + DAY_MS - 1
    times = [int(event["timestamp"]) for event in shared.day(DAY).json()["usageEvents"]]
    assert (times[-1], times[0]) == (first, last)
    assert shared.events(DAY, f"{DAY}T00:00:00Z").json()["totalUsageEventsCount"] == 1
    both = shared.http.post("/teams/filtered-usage-events", json={"startDate": last, "endDate": last + 1}).json()
    assert [int(event["timestamp"]) for event in both["usageEvents"]] == [last + 1, last]


def test_pages_add_up_to_the_announced_count(shared: Client) -> None:
    whole = shared.day(DAY).json()
    total = whole["totalUsageEventsCount"]
    assert total == len(whole["usageEvents"]) > 100
    size = -(-total // 3)
    pages = [shared.day(DAY, page=page, pageSize=size).json() for page in (1, 2, 3)]
    assert [event for page in pages for event in page["usageEvents"]] == whole["usageEvents"]
    assert [page["pagination"]["hasNextPage"] for page in pages] == [True, True, False]
    assert pages[1]["pagination"] == {
        "numPages": 3,
        "currentPage": 2,
        "pageSize": size,
        "hasNextPage": True,
        "hasPreviousPage": True,
    }
    assert pages[1]["period"] == {"startDate": to_ms(DAY), "endDate": to_ms(DAY) + DAY_MS - 1}


def test_a_count_that_is_an_exact_multiple_of_the_page_size(shared: Client) -> None:
    total = shared.day(DAY).json()["totalUsageEventsCount"]
    size = next(size for size in range(total // 2, 0, -1) if total % size == 0)
    last = shared.day(DAY, page=total // size, pageSize=size).json()
    assert len(last["usageEvents"]) == size
    assert not last["pagination"]["hasNextPage"]
    beyond = shared.day(DAY, page=total // size + 1, pageSize=size).json()
    assert beyond["usageEvents"] == []
    assert not beyond["pagination"]["hasNextPage"]


def test_the_default_page_size_is_100(shared: Client) -> None:
    answer = shared.http.post("/teams/filtered-usage-events", json={"startDate": to_ms(DAY), "endDate": to_ms(CLOCK)})
    assert answer.json()["pagination"]["pageSize"] == len(answer.json()["usageEvents"]) == 100


def test_days_join_without_a_gap_or_a_doubled_row() -> None:
    company = Company()
    days = [f"2026-11-{day:02}" for day in range(18, 4, -1)]
    events = [event for day in days for event in company.events(day, f"{day}T23:59:59.999+00:00", CLOCK)]
    assert events == company.events(*WINDOW, CLOCK)


def test_an_email_or_a_user_can_be_asked_for(shared: Client) -> None:
    events = shared.day(DAY).json()["usageEvents"]
    address = Counter(email(event) for event in events if email(event)).most_common(1)[0][0]
    mine = [event for event in events if email(event) == address]
    answer = shared.day(DAY, email=f" {address.upper()}").json()
    assert answer["usageEvents"] == mine
    assert answer["totalUsageEventsCount"] == len(mine)
    user = next(m["id"] for m in shared.members().json()["teamMembers"] if m["email"].strip().lower() == address)
    assert shared.day(DAY, userId=user).json()["usageEvents"] == mine


# What is in an event.


def test_events_without_a_person(events: list[Event]) -> None:
    accounts = [event for event in events if event.get("serviceAccountId") == "sa_1"]
    assert {event.get("userEmail", "missing") for event in accounts} == {"runner@example.com", "", "missing"}
    nobody = [event for event in events if not event.get("userEmail") and "serviceAccountId" not in event]
    assert {event.get("userEmail", "missing") for event in nobody} == {"", "missing"}
    assert 0.02 < (len(accounts) + len(nobody)) / len(events) < 0.25


def test_no_service_account_is_written_in_three_ways(events: list[Event]) -> None:
    of_people = [
        event.get("serviceAccountId", "missing") for event in events if event.get("serviceAccountId") != "sa_1"
    ]
    assert set(of_people) == {"null", None, "missing"}


def test_addresses_are_spelled_in_more_than_one_way(events: list[Event]) -> None:
    spellings = defaultdict(set)
    for event in events:
        if event.get("userEmail"):
            spellings[email(event)].add(event["userEmail"])
    assert max(map(len, spellings.values())) == 3
    assert any(address != address.strip() for addresses in spellings.values() for address in addresses)


def test_twins_are_equal_in_every_field(events: list[Event]) -> None:
    counts = Counter(json.dumps(event, default=str) for event in events)
    assert set(counts.values()) == {1, 2}
    assert 0.0002 < sum(count == 2 for count in counts.values()) / len(events) < 0.003


def test_two_different_events_of_one_user_in_one_millisecond(events: list[Event]) -> None:
    together = defaultdict(set)
    for event in events:
        if event.get("userEmail"):
            together[event["timestamp"], email(event)].add(json.dumps(event, default=str))
    assert sum(len(texts) == 2 for texts in together.values()) > 5


def test_token_usage_may_be_missing_null_empty_or_partial(events: list[Event]) -> None:
    charged = [event for event in events if event["isTokenBasedCall"] and is_charged(event)]
    empty = [event["tokenUsage"] for event in charged if "tokenUsage" in event and not event["tokenUsage"]]
    assert None in empty
    assert {} in empty
    assert [event for event in charged if "tokenUsage" not in event and event["chargedCents"] > 0]
    keys = {"inputTokens", "outputTokens", "cacheWriteTokens", "cacheReadTokens", "totalCents"}
    assert {key for event in charged if usage(event) for key in keys - usage(event).keys()} == keys


def test_request_priced_events_cost_4_cents_a_unit(events: list[Event]) -> None:
    legacy = [event for event in events if not event["isTokenBasedCall"] and category(event) is Category.ON_DEMAND]
    assert legacy
    assert all(event["chargedCents"] == event["requestsCosts"] * 4 for event in legacy)
    assert not [event for event in legacy if event.get("tokenUsage")]


def test_charged_cents_contain_fee_and_discount(events: list[Event]) -> None:
    checked = Counter[str]()
    for event in events:
        if not is_charged(event) or "totalCents" not in usage(event) or "chargedCents" not in event:
            continue
        assert abs(list_price(event) - event["chargedCents"]) <= Decimal("0.0000006"), event
        checked["discount"] += "discountPercentOff" in usage(event)
        checked["fee"] += "cursorTokenFee" in event
        checked["all"] += 1
    assert 0 < checked["discount"] < checked["fee"] < checked["all"]


def test_own_models_carry_no_token_fee(events: list[Event]) -> None:
    own = [event for event in events if event["model"].startswith(("composer", "default", "Cursor"))]
    assert own
    assert not [event for event in own if "cursorTokenFee" in event]


def test_an_amount_may_have_to_be_worked_out(events: list[Event]) -> None:
    without = [event for event in events if "chargedCents" not in event and is_charged(event)]
    assert without
    assert all("totalCents" in event["tokenUsage"] for event in without)


def test_unpriced_requests_on_demand_only() -> None:
    def unpriced(**quirks: Any) -> int:
        events = Company(quirks=Quirks(**quirks)).events(*WINDOW, CLOCK)
        return sum(
            event.get("chargedCents") is None and "totalCents" not in usage(event)
            for event in events
            if is_charged(event)
        )

    assert unpriced() == 0
    assert unpriced(unpriced_requests=0.01) > 10


def test_amounts_have_the_digits_of_doubles_and_exponents(shared: Client) -> None:
    texts = [shared.events(*WINDOW, page=page).text for page in range(1, 11)]
    amounts = {text for page in texts for text in _number_texts(page)}
    assert {text for text in amounts if "e-" in text}
    assert {text for text in amounts if len(text.partition(".")[2]) > 12}
    assert "0.6" in amounts
    assert not [text for text in amounts if text.endswith(".0")]


def _number_texts(page: str) -> list[str]:
    found: list[str] = []

    def keep(text: str) -> float:
        found.append(text)
        return float(text)

    json.loads(page, parse_float=keep)
    return found


def test_kinds_come_as_label_enum_and_short_and_under_the_old_key(events: list[Event]) -> None:
    kinds = {event["kind"] for event in events if "kind" in event}
    assert {"Included in Business", "USAGE_EVENT_KIND_INCLUDED_IN_BUSINESS", "Included"} <= kinds
    assert {"Usage-based", "USAGE_EVENT_KIND_USAGE_BASED", "On-Demand"} <= kinds
    assert {"Free Credit", "User API Key", "Errored, Not Charged", "Aborted, Not Charged", "Included in Pro"} <= kinds
    assert [event for event in events if "kind" not in event and "kindLabel" in event]


def test_before_2026_the_key_was_kind_label(shared: Client) -> None:
    events = shared.day("2025-11-18").json()["usageEvents"]
    assert events
    assert all("kindLabel" in event and "kind" not in event for event in events)


def test_included_events_carry_amounts_and_what_is_not_charged_little(events: list[Event]) -> None:
    amounts = defaultdict(set)
    for event in events:
        amounts[category(event)].add(event.get("chargedCents", "missing"))
    assert max(amount for amount in amounts[Category.INCLUDED] if amount != "missing") > 50
    assert amounts[Category.NOT_CHARGED] == {0, None, "missing", Decimal("3.2")}
    assert len(amounts[Category.CREDIT]) > 5
    assert len(amounts[Category.OWN_KEY]) > 5


def test_an_unknown_kind_costs_nothing_unless_asked_to() -> None:
    def cost(**quirks: Any) -> Decimal:
        events = Company(events_per_day=3000, quirks=Quirks(**quirks)).events(*WINDOW, CLOCK)
        unknown = [event["chargedCents"] for event in events if category(event) is Category.UNKNOWN]
        assert unknown
        return Decimal(sum(unknown))

    assert cost() == 0
    assert cost(unknown_kind_with_cost=True) > 0


def test_is_chargeable_says_nothing(events: list[Event]) -> None:
    included = Counter(event["isChargeable"] for event in events if category(event) is Category.INCLUDED)
    assert 0.3 < included[True] / included.total() < 0.7


def test_models_are_not_normalised(events: list[Event]) -> None:
    assert {
        "default",
        "claude-4.6-opus-high-thinking",
        "composer-2.5-fast",
        "Cursor Grok 4.6 (Auto Balanced)",
        "stealth-preview-0926",
    } <= {event["model"] for event in events}


def test_some_people_use_premium_models_for_simple_work(events: list[Event]) -> None:
    simple = Counter(email(event) for event in events if _is_simple_work_on_opus(event))
    heavy_users = [address for address, count in simple.items() if count > 200]
    assert 1 <= len(heavy_users) <= 4
    assert any(event["maxMode"] for event in events)


def _is_simple_work_on_opus(event: Event) -> bool:
    if "opus" not in event["model"] or event["maxMode"]:
        return False
    many = 10**9
    read = sum(usage(event).get(key, many) for key in ("inputTokens", "cacheWriteTokens", "cacheReadTokens"))
    return bool(read <= 20_000 and usage(event).get("outputTokens", many) <= 500)


# The clock.


def test_nothing_from_the_future(start: Callable[..., Client]) -> None:
    client = start()
    answer = client.events("2026-11-24", "2026-11-30").json()
    assert answer["usageEvents"]
    assert int(answer["usageEvents"][0]["timestamp"]) <= to_ms(CLOCK)
    assert client.events("2026-11-25", "2026-11-30").json()["totalUsageEventsCount"] == 0


def _at(company: Company, hours: float) -> list[Event]:
    """A day's events, so many hours after its end."""
    end = to_ms(DAY) + DAY_MS - 1
    return company.events(DAY, end, end + int(hours * HOUR_MS))


def test_late_events_appear_within_ten_hours() -> None:
    company = Company(events_per_day=3000)
    counts = [len(_at(company, hours)) for hours in (0, 1, 4, 10, 40)]
    assert counts == sorted(counts)
    assert counts[0] < counts[1] < counts[2] <= counts[3] == counts[4]
    known = {_without_amounts(event) for event in _at(company, 10)}
    assert {_without_amounts(event) for event in _at(company, 0)} < known


def _without_amounts(event: Event) -> str:
    tokens = {key: value for key, value in usage(event).items() if key != "totalCents"}
    rest = {key: value for key, value in event.items() if key != "chargedCents"}
    return json.dumps(rest | {"tokenUsage": tokens}, default=str)


def test_amounts_are_restated_for_a_day_down_and_up_and_then_stay() -> None:
    company = Company(events_per_day=3000, quirks=Quirks(late=0, twins=0))
    first, later, settled, long_after = (_at(company, hours) for hours in (0, 10, 25, 400))
    assert settled == long_after
    assert list(map(_without_amounts, first)) == list(map(_without_amounts, settled))
    down, up = _changes(first, settled)
    assert 0 < up < down
    assert 0 < sum(_changes(later, settled)) < down + up


def _changes(earlier: list[Event], later: list[Event]) -> tuple[int, int]:
    """How many amounts went down, how many up."""
    pairs = [
        (before["chargedCents"], after["chargedCents"])
        for before, after in zip(earlier, later, strict=True)
        if before.get("chargedCents") is not None
    ]
    return sum(before > after for before, after in pairs), sum(before < after for before, after in pairs)


def test_retention_can_end(start: Callable[..., Client]) -> None:
    client = start(retention_days=30)
    assert client.day("2026-10-25").json()["totalUsageEventsCount"] > 0
    assert client.day("2026-10-24").json()["totalUsageEventsCount"] == 0


def test_forgotten_days_are_made_again_alike() -> None:
    roomy, narrow = Company(), Company(cache_bytes=1)
    assert roomy.events(*WINDOW, CLOCK) == narrow.events(*WINDOW, CLOCK)
    assert len(narrow._days) == 1


def test_the_number_of_events_follows_the_option() -> None:
    few, many = (Company(events_per_day=count).warm("2026-11-16", "2026-11-18") for count in (300, 30_000))
    assert 80 < many / few < 120
    assert 20_000 * 3 < many < 40_000 * 3


def test_a_small_company_works() -> None:
    company = Company(seats=2, events_per_day=5)
    assert len([m for m in company.members(CLOCK) if not m["isRemoved"]]) == 2
    assert company.spend(CLOCK)["totalMembers"] >= 2
