"""The vocabulary of evolve and freeze is one: what raw has a column for is frozen, the rest is free."""

from __future__ import annotations

import pytest

from cursor_usage.quality.fields import CONTRACTS
from cursor_usage.warehouse.records import DAILY_USAGE, MEMBERS, SPEND, USAGE_EVENTS

TABLES = {"members": MEMBERS, "spend": SPEND, "daily_usage": DAILY_USAGE, "usage_events": USAGE_EVENTS}


@pytest.mark.parametrize("endpoint", CONTRACTS)
def test_each_column_of_raw_has_a_frozen_field_and_the_other_way_round(endpoint):
    contract, table = CONTRACTS[endpoint], TABLES[endpoint]
    columns = {(field.inside, field.key) for field in (*table.fields, *table.older_keys)}
    frozen = {(field.inside, field.key) for field in contract.fields if field.type != "object"}
    assert columns == frozen


@pytest.mark.parametrize("endpoint", CONTRACTS)
def test_key_fields_are_known_and_nothing_is_both_frozen_and_free(endpoint):
    contract = CONTRACTS[endpoint]
    names = {field.name for field in contract.fields}
    assert {key for keys in contract.keys.values() for key in keys} <= names
    assert not names & contract.seen_elsewhere
    assert contract.groups <= {field.key for field in contract.fields if field.type == "object"}
