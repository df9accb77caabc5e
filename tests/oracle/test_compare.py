from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

from tests.oracle.compare import ANYTHING, SOME_TEXT, Near, TextWith, assert_mart_equals, differences

ANN = {"team_id": "acme", "email": "ann@example.com", "cash_usd": Decimal("1.50000000"), "share": 0.25, "requests": 3}
NOBODY = {"team_id": "acme", "email": None, "cash_usd": None, "share": None, "requests": 1}
KEY = ("team_id", "email")


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        opened.execute("create schema marts")
        opened.execute(
            "create table marts.costs "
            "(team_id varchar, email varchar, cash_usd decimal(38, 8), share double, requests bigint, note varchar)"
        )
        yield opened


def put(connection, *rows):
    for row in rows:
        connection.execute("insert into marts.costs values (?, ?, ?, ?, ?, 'a note')", list(row.values()))


def failure(connection, *expected):
    with pytest.raises(AssertionError) as caught:
        assert_mart_equals(connection, "costs", expected, KEY)
    return str(caught.value)


def test_equal_rows_in_any_order_pass(connection):
    put(connection, ANN, NOBODY)
    assert_mart_equals(connection, "costs", [NOBODY, ANN], KEY)


def test_the_eighth_decimal_counts(connection):
    put(connection, ANN | {"cash_usd": Decimal("1.50000001")})
    assert "cash_usd is 1.50000001, expected 1.50000000" in failure(connection, ANN)


def test_shares_may_differ_in_the_last_bits_only(connection):
    put(connection, ANN | {"share": 0.25 + 1e-13})
    assert_mart_equals(connection, "costs", [ANN], KEY)
    assert "share is" in failure(connection, ANN | {"share": 0.25 + 1e-11})


@pytest.mark.parametrize("change", [{"cash_usd": None}, {"requests": Decimal(3)}, {"cash_usd": 1.5}, {"share": None}])
def test_a_null_or_another_type_is_a_difference(connection, change):
    put(connection, ANN)
    assert "differs" in failure(connection, ANN | change)


def test_missing_extra_and_doubled_rows_are_told_apart(connection):
    put(connection, NOBODY, NOBODY, ANN | {"email": "bo@example.com"})
    told = failure(connection, ANN, NOBODY)
    assert "3 differences, 2 rows expected, 3 found" in told
    assert "missing   team_id=acme, email=ann@example.com" in told
    assert "extra     team_id=acme, email=bo@example.com: cash_usd=1.50000000" in told
    assert "2 times   team_id=acme, email=None" in told


def test_no_expected_rows_and_none_found_are_equal_but_not_some(connection):
    assert_mart_equals(connection, "costs", [], KEY)
    put(connection, ANN)
    assert "extra" in failure(connection)


def test_other_teams_can_be_left_alone(connection):
    put(connection, ANN, ANN | {"team_id": "other"})
    assert_mart_equals(connection, "costs", [ANN], KEY, team_id="acme")
    assert "extra     team_id=other" in failure(connection, ANN)


def test_what_was_not_promised_is_not_compared():
    found = [ANN | {"note": "words"}]
    assert differences([ANN | {"note": SOME_TEXT, "requests": ANYTHING}], found, KEY) == []
    assert differences([ANN | {"note": SOME_TEXT}], [ANN | {"note": " "}], KEY)


@pytest.mark.parametrize(
    ("cash", "is_equal"), [("1.49", True), ("1.51", True), ("1.48999999", False), ("1.51000001", False), (None, False)]
)
def test_an_amount_may_be_near(connection, cash, is_equal):
    put(connection, ANN | {"cash_usd": None if cash is None else Decimal(cash)})
    near = ANN | {"cash_usd": Near(Decimal("1.5"), Decimal("0.01"))}
    if is_equal:
        assert_mart_equals(connection, "costs", [near], KEY)
    else:
        assert "expected 1.5 ± 0.01" in failure(connection, near)


def test_near_is_of_the_promised_type():
    assert differences([ANN | {"share": Near(Decimal("0.25"), Decimal(1))}], [ANN], KEY)


def test_a_sentence_may_have_to_name_something():
    assert not differences([ANN | {"note": TextWith("bo@")}], [ANN | {"note": "Most of it is bo@example.com's."}], KEY)
    assert differences([ANN | {"note": TextWith("bo@")}], [ANN | {"note": "Most of it is ann@example.com's."}], KEY)
    assert differences([ANN | {"note": TextWith("bo@")}], [ANN | {"note": None}], KEY)


def test_expected_rows_that_share_a_key_are_an_error_of_the_test():
    with pytest.raises(ValueError, match="2 of team_id=acme"):
        differences([ANN, ANN], [ANN], KEY)
