"""Answers that are a problem's page: with its style and the protective headers, wherever they are given."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from cursor_usage.ui.app import make_app


def assert_is_protected(headers) -> None:
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "default-src 'self'" in headers["content-security-policy"]


def assert_has_style(client, answer) -> None:
    (style,) = re.findall(r'rel="stylesheet" href="([^"]+)"', answer.text)
    assert client.get(urljoin(str(answer.url), style)).headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("mounted_at", ["", "/cursor", "/air flow/cursor"])
@pytest.mark.parametrize(
    "path", ["nowhere", "docs/x", "docs/data_quality/a/b/", "docs/a%2fb", "static/x/y", "nowhere.csv"]
)
def test_a_problem_has_its_style_wherever_it_is_shown(published, mounted_at, path):
    app = make_app(lambda: published, lambda: None)
    if mounted_at:
        outer = FastAPI()
        outer.mount(mounted_at, app)
        app = outer
    client = TestClient(app)
    answer = client.get(f"{mounted_at}/{path}")
    assert answer.status_code == 404
    assert_has_style(client, answer)


def test_a_prefix_that_a_proxy_took_off_the_path_is_no_step(published):
    client = TestClient(make_app(lambda: published, lambda: None), root_path="/airflow/cursor")
    assert 'rel="stylesheet" href="../../static/page.css?' in client.get("/docs/a/b").text


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_an_address_that_can_only_be_read_says_so(client, method):
    answer = getattr(client, method)("/reclaim.csv")
    assert answer.status_code == 405
    assert answer.text.startswith("This address can only be read|")
    assert_is_protected(answer.headers)


def test_an_error_that_nobody_expected_has_the_headers_and_the_style_of_every_answer(published):
    def fail() -> None:
        raise RuntimeError

    client = TestClient(make_app(lambda: published, fail), raise_server_exceptions=False)
    answer = client.get("/docs/a/b")
    assert answer.status_code == 500
    assert_is_protected(answer.headers)
    assert_has_style(client, answer)
